//! Which engine each operating system gets, and in which version.

use super::*;
use crate::provision::survey::{self, Survey};

/// os-release files of real systems, on hosts that are otherwise like a blank one.
const SYSTEMS: [&str; 19] = [
    "debian-12",
    "debian-13",
    "kali",
    "ubuntu-24.04",
    "pop-22.04",
    "fedora-42",
    "rhel-9",
    "centos-9",
    "rocky-9",
    "almalinux-9",
    "ol-9",
    "amzn-2",
    "amzn-2023",
    "opensuse-leap-15.6",
    "opensuse-tumbleweed",
    "sles-15",
    "arch",
    "alpine-3.23",
    "flatcar-2705",
];

pub(super) fn system(name: &str) -> Facts {
    let path = format!("{}/tests/fixtures/os-release/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut facts = debian13_blank();
    facts.os = crate::provision::os::OsRelease::parse(&std::fs::read_to_string(path).unwrap());
    facts.installer = Installer::Answers;
    facts
}

/// The first line of the plan, or why there is none.
fn beginning(facts: &Facts, install: InstallFrom) -> String {
    match planned(facts, &Wishes { install, ..tls() }) {
        Ok(plan) => plan.render().lines().next().unwrap_or_default().to_owned(),
        Err(refusal) => format!("refused: {refusal} ({})", refusal.hint().unwrap_or("no hint")),
    }
}

#[test]
fn every_system_gets_its_engine_in_its_own_way() {
    let ways = [InstallFrom::Auto, InstallFrom::Distro, InstallFrom::Script];
    let lines = SYSTEMS.iter().flat_map(|name| {
        let facts = system(name);
        let way = move |install| format!("  {install:?}: {}", beginning(&facts, install));
        std::iter::once((*name).to_owned()).chain(ways.into_iter().map(way))
    });
    insta::assert_snapshot!("systems", lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_pin_is_held_against_the_engine_that_is_there_until_the_host_is_adopted() {
    let pinned = |pin: &str| Wishes { version: Some(pin.into()), ..tls() };
    assert!(planned(&debian12_engine(), &pinned("20.10")).is_ok());
    let refusal = planned(&debian12_engine(), &pinned("26.1")).unwrap_err();
    assert_eq!(refusal.to_string(), "the engine that is there is 20.10.24+dfsg1, and 26.1 is asked for");
    assert!(
        planned(&debian12_adopted(), &pinned("26.1")).is_ok(),
        "the host's own upgrades are its business"
    );
}

fn offered(versions: &[&str]) -> Offers {
    let versions = versions.iter().map(|&version| version.to_owned()).collect();
    Offers { source: "the mirror".into(), versions, trouble: None }
}

#[test]
fn a_pinned_package_is_asked_for_in_the_words_of_its_tool() {
    let cases = [
        ("debian-12", "26.1.5+dfsg1-9", "install docker.io=26.1.5+dfsg1-9, iptables, ca-certificates"),
        (
            "rocky-9",
            "3:26.1.4-1.el9",
            "install docker-ce-3:26.1.4-1.el9, docker-ce-cli-3:26.1.4-1.el9, containerd.io",
        ),
        ("opensuse-leap-15.6", "26.1.5_ce-1", "install docker=26.1.5_ce-1, iptables, ca-certificates"),
        ("arch", "1:26.1.4-1", "install docker=1:26.1.4-1"),
    ];
    for (name, offer, expected) in cases {
        let mut facts = system(name);
        facts.offers = Some(offered(&["20.10.24", offer]));
        let wishes = Wishes { install: InstallFrom::Distro, version: Some("26.1".into()), ..tls() };
        let said = match planned(&facts, &wishes) {
            Ok(plan) => plan.render().lines().next().unwrap_or_default().to_owned(),
            Err(refusal) => format!("refused: {refusal}"),
        };
        assert!(said.starts_with(expected), "{name}: {said}");
    }
}

#[test]
fn an_archive_is_chosen_from_its_folder_and_needs_room_and_iptables() {
    let mut facts = system("rocky-9");
    facts.offers = Some(offered(&["25.0.5", "26.1.3", "26.1.4", "27.0.1"]));
    let wishes =
        |pin: Option<&str>| Wishes { install: InstallFrom::Static, version: pin.map(str::to_owned), ..tls() };
    let said = |facts: &Facts, pin| match planned(facts, &wishes(pin)) {
        Ok(plan) => plan.render().lines().next().unwrap_or_default().to_owned(),
        Err(refusal) => refusal.to_string(),
    };
    let url = "https://download.docker.com/linux/static/stable/x86_64";
    facts.tools.iptables = true;
    assert_eq!(said(&facts, Some("26.1")), format!("unpack engine 26.1.4 from {url}/docker-26.1.4.tgz"));
    assert_eq!(said(&facts, None), format!("unpack engine 27.0.1 from {url}/docker-27.0.1.tgz"));
    assert_eq!(
        said(&facts, Some("26.2")),
        "the mirror has no engine 26.2; the nearest are 27.0.1, 26.1.4, 26.1.3"
    );
    facts.tools.iptables = false;
    assert!(said(&facts, None).starts_with("install iptables, then unpack"), "{}", said(&facts, None));
    facts.disks.iter_mut().find(|disk| disk.path == "/").unwrap().free_kib = 800 * 1024;
    assert!(said(&facts, None).starts_with("install iptables"), "there is room for one");
    facts.disks.push(Disk { path: "/opt".into(), free_kib: 100 * 1024 });
    assert_eq!(said(&facts, None), "/opt has 100 MiB free, and 370 MiB are needed");
}

#[test]
fn an_engine_whose_packages_know_no_way_back_is_refused_with_what_upgrades_it_there() {
    let refused = |name: &str| {
        let facts = Facts { engine: debian13_containers().engine, ..system(name) };
        let survey = Survey { tool: survey::tool(&facts.os), ..Survey::default() };
        let server = identity();
        let materials = Materials {
            machine: "n1",
            store: "5107e",
            is_made: false,
            provider: "none",
            reached: None,
            authority: "",
            server: &server,
            archive: None,
            environment: Vec::new(),
        };
        upgrade::upgrade(&facts, &survey, &tls(), &materials, upgrade::To::Wished).unwrap_err()
    };
    for (name, command) in [
        ("fedora-42", "dnf upgrade $(rpm -qf --qf '%{NAME}' /usr/sbin/dockerd)"),
        ("rhel-9", "dnf upgrade $(rpm -qf --qf '%{NAME}' /usr/sbin/dockerd)"),
        ("amzn-2023", "dnf upgrade $(rpm -qf --qf '%{NAME}' /usr/sbin/dockerd)"),
        ("sles-15", "zypper update $(rpm -qf --qf '%{NAME}' /usr/sbin/dockerd)"),
        ("arch", "pacman -Syu"),
        ("alpine-3.23", "apk upgrade -U docker"),
        ("flatcar-2705", "update_engine_client -update, which brings the whole system with its engine"),
    ] {
        let refusal = refused(name).to_string();
        assert!(
            refusal.ends_with(&format!("there would be no way back; on the host: {command}")),
            "{refusal}"
        );
    }
    // On Debian's it is asked whose the engine is.
    assert!(matches!(refused("ubuntu-24.04"), Refusal::NotUpgradable { .. }));
}
