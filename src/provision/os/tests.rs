use super::*;

macro_rules! release {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/os-release/", $name))
    };
}

/// The os-release files of real systems, the family each belongs to, and whether the vendor's script works there.
const SYSTEMS: [(&str, &str, bool); 19] = [
    (release!("debian-12"), "debian", true),
    (release!("debian-13"), "debian", true),
    (release!("kali"), "debian", true),
    (release!("ubuntu-24.04"), "ubuntu", true),
    (release!("pop-22.04"), "ubuntu", true),
    (release!("fedora-42"), "fedora", true),
    (release!("rhel-9"), "rhel", true),
    (release!("centos-9"), "rhel", true),
    (release!("rocky-9"), "rhel", false),
    (release!("almalinux-9"), "rhel", false),
    (release!("ol-9"), "rhel", false),
    (release!("amzn-2"), "amazon", false),
    (release!("amzn-2023"), "amazon", false),
    (release!("opensuse-leap-15.6"), "suse", false),
    (release!("opensuse-tumbleweed"), "suse", false),
    (release!("sles-15"), "suse", false),
    (release!("arch"), "arch", false),
    (release!("alpine-3.23"), "alpine", false),
    (release!("flatcar-2705"), "flatcar", false),
];

fn family(os: &OsRelease) -> &'static Family {
    Family::of(os).unwrap_or_else(|| panic!("{} is in no family", os.name()))
}

#[test]
fn every_real_system_is_in_its_family() {
    for (text, name, has_script) in SYSTEMS {
        let os = OsRelease::parse(text);
        assert_eq!((family(&os).name, family(&os).knows_script(&os)), (name, has_script), "{}", os.name());
    }
}

#[test]
fn derivatives_are_found_by_likeness_and_strangers_not_at_all() {
    let cases = [
        ("ID='devuan'\nID_LIKE='debian'", Some("debian")),
        ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"", Some("ubuntu")),
        ("ID=manjaro\nID_LIKE=arch", Some("arch")),
        ("ID=sololinux\nID_LIKE=arch", Some("arch")),
        ("ID=nixos", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(Family::of(&OsRelease::parse(text)).map(|family| family.name), expected, "{text}");
    }
}

#[test]
fn the_client_is_a_package_of_its_own_where_the_distribution_split_it_off() {
    let has_client = |text| {
        family(&OsRelease::parse(text)).packages(&OsRelease::parse(text)).contains(&"docker-cli".to_owned())
    };
    assert!(!has_client(release!("debian-12")));
    assert!(has_client(release!("debian-13")));
    assert!(has_client("ID=debian"));
    assert!(!has_client(release!("ubuntu-24.04")));
    assert!(has_client(release!("fedora-42")));
    assert!(!has_client("ID=fedora\nVERSION_ID=40"));
}

#[test]
fn the_vendors_repository_is_the_one_for_the_system() {
    let url = |text| {
        let os = OsRelease::parse(text);
        match &family(&os).supply {
            Supply::Packages { repository: Some(repository), .. } => repository(&os),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(url(release!("rhel-9")), "https://download.docker.com/linux/rhel/docker-ce.repo");
    assert_eq!(url(release!("rocky-9")), "https://download.docker.com/linux/centos/docker-ce.repo");
}

#[test]
fn no_system_is_in_two_families_and_each_family_has_packages_or_is_built_in() {
    let mut seen = std::collections::BTreeSet::new();
    for family in FAMILIES {
        for id in family.ids {
            assert!(seen.insert(id), "{id} is listed twice");
        }
        let is_built_in = matches!(family.supply, Supply::BuiltIn);
        assert_eq!(family.packages(&OsRelease::default()).is_empty(), is_built_in, "{}", family.name);
    }
}
