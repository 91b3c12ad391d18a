//! Other systems' package tools, the real ones, on a host that has the os-release file of one system after the other: dnf, zypper and
//! pacman install an engine out of repositories of the host's own. Their kernels, services and mirrors are not there, and neither is apk.

use crate::{
    host,
    support::{Host, Kind, Page, User, Vendor, bundle_26, lab_root, skip},
};

/// A system, and what its tool makes of it.
struct System {
    os_release: &'static [u8],
    name: &'static str,
    /// The versions that it is said to have.
    nearest: &'static str,
    /// What a pinned version is called, and what the tool says is installed then.
    pinned: &'static str,
    installed: &'static str,
    /// What upgrades it there.
    upgrades: &'static str,
}

macro_rules! release {
    ($name:literal) => {
        include_bytes!(concat!("../fixtures/os-release/", $name))
    };
}

const FEDORA: System = System {
    os_release: release!("fedora-42"),
    name: "Fedora Linux 42",
    nearest: "26.1.5-1, 25.0.9-1",
    pinned: "install moby-engine-26.1.5-1, ca-certificates, docker-cli",
    installed: "moby-engine-26.1.5-1",
    upgrades: "dnf upgrade $(rpm -qf --qf '%{NAME}' /usr/sbin/dockerd)",
};
const AMAZON: System = System {
    os_release: release!("amzn-2023"),
    name: "Amazon Linux 2023",
    nearest: "26.1.5-1, 25.0.9-1",
    pinned: "install docker-26.1.5-1",
    installed: "docker-26.1.5-1",
    upgrades: "dnf upgrade $(rpm -qf --qf '%{NAME}' /usr/sbin/dockerd)",
};
const SUSE: System = System {
    os_release: release!("opensuse-leap-15.6"),
    name: "openSUSE Leap 15.6",
    nearest: "26.1.5-1, 25.0.9-1",
    pinned: "install docker=26.1.5-1, iptables, ca-certificates",
    installed: "docker-26.1.5-1",
    upgrades: "zypper update $(rpm -qf --qf '%{NAME}' /usr/sbin/dockerd)",
};
const ARCH: System = System {
    os_release: release!("arch"),
    name: "Arch Linux",
    nearest: "26.1.5",
    pinned: "install docker=1:26.1.5-1",
    installed: "docker 1:26.1.5-1",
    upgrades: "pacman -Syu",
};
/// The packages of the vendor's repository, whose file comes by its own URL.
const RED_HAT: System = System {
    os_release: release!("rhel-9"),
    name: "Red Hat Enterprise Linux 9",
    nearest: "26.1.5, 25.0.9",
    pinned: "install docker-ce-26.1.5, docker-ce-cli-26.1.5, containerd.io from the repository \
             https://download.docker.com/linux/rhel/docker-ce.repo",
    installed: "docker-ce-26.1.5-1",
    upgrades: "dnf upgrade $(rpm -qf --qf '%{NAME}' /usr/sbin/dockerd)",
};

/// The engine's packages go, and it ends before them.
const GOES: &str = "systemctl stop docker.service docker.socket containerd.service
    for name in $(rpm -qa | grep -E '^(docker|moby|engine|containerd)'); do rpm -e --nodeps $name; done
    ! pacman -Q docker >/dev/null 2>&1 || pacman --noconfirm -R docker >/dev/null
    ! command -v dockerd";

#[test]
fn engines_come_by_dnf_zypper_and_pacman_themselves() {
    if let Err(why) = bundle_26("26.1.5-a") {
        return skip("engines_come_by_dnf_zypper_and_pacman_themselves", &why);
    }
    let host = host!(Kind::Debian13OtherTools);
    let user = User::new();
    make_packages(&host);
    host.sh("rm /etc/os-release");
    comes_and_goes(&host, &user, &FEDORA);
    an_engine_whose_package_is_gone_is_told_before_anything_changes(&host, &user);
    for system in [&SUSE, &ARCH, &AMAZON] {
        comes_and_goes(&host, &user, system);
    }
    let vendor = Vendor::for_host(&host);
    let repo = "[docker-ce-stable]\nname=docker-ce\nbaseurl=file:///srv/rpm\ngpgcheck=0\nenabled=1\n";
    vendor.serve("/linux/rhel/docker-ce.repo", Page::Whole(repo.into()));
    let page = ["25.0.9", "26.1.5"].map(|version| format!("<a href=\"docker-{version}.tgz\">\n"));
    vendor.serve("/linux/static/stable/x86_64/", Page::Whole(page.concat().into_bytes()));
    host.sh("rm /etc/yum.repos.d/lab.repo");
    comes_and_goes(&host, &user, &RED_HAT);
}

/// Debian's engine as packages of the others.
fn make_packages(host: &Host) {
    let tree = lab_root().join("bundles/Debian13");
    let tar = std::process::Command::new("tar")
        .arg("c")
        .arg("-C")
        .arg(tree)
        .args(["--exclude=./usr/share", "."])
        .output();
    let tar = tar.expect("tar runs");
    assert!(tar.status.success(), "{}", String::from_utf8_lossy(&tar.stderr));
    host.put("/srv/tree.tar", &tar.stdout);
    host.sh("mkdir /srv/tree && tar xf /srv/tree.tar -C /srv/tree && rm /srv/tree.tar");
    host.sh(include_str!("families/packages.sh"));
}

fn comes_and_goes(host: &Host, user: &User, system: &System) {
    host.put("/etc/os-release", system.os_release);
    let before = host.hash_of_etc();
    let adopt = |more: &[&str]| {
        let words = [&["--engine-install", "distro"], more].concat();
        user.adopt(host, "n1", &words)
    };
    let none = adopt(&["--engine-version", "27.9"]);
    let none = none.fails(3, &format!("has no engine 27.9; the nearest are {}\n", system.nearest));
    assert!(none.stderr.contains(system.name), "{}", none.stderr);
    assert_eq!(host.hash_of_etc(), before, "{}: nothing was touched", system.name);
    let dry = adopt(&["--engine-version", "26.1", "--dry-run"]).ok();
    assert_eq!(dry.lines().next(), Some(system.pinned), "{dry}");

    adopt(&["--engine-version", "26.1"]).ok();
    let installed = host.sh("rpm -qa; pacman -Q 2>/dev/null || true");
    assert!(installed.lines().any(|line| line.starts_with(system.installed)), "{installed}");
    let version = user.docker("n1", "version --format '{{.Server.Version}}'").ok();
    assert!(version.starts_with("26.1.5"), "{}: {version}", system.name);
    assert_eq!(host.sh("systemctl is-enabled docker"), "enabled", "{}", system.name);
    let again = user.rmachine(&["provision", "n1"]);
    assert!(again.stderr.contains("already as it should be"), "{}", again.stderr);
    user.rmachine(&["upgrade", "n1"]).fails(3, system.upgrades);
    user.rmachine(&["release", "-y", "n1"]).ok();
    host.sh(GOES);
}

/// Its process is still there: whatever started it, its containers would be lost with it.
fn an_engine_whose_package_is_gone_is_told_before_anything_changes(host: &Host, user: &User) {
    host.sh("dnf -y -q install moby-engine && systemctl start docker && rpm -e --nodeps moby-engine engine-files && ! command -v dockerd");
    let running = host.sh("pgrep -x dockerd");
    let refused = user.adopt(host, "n1", &["--engine-install", "distro"]);
    refused
        .fails(3, &format!("an engine runs (pid {running}) whose program is gone"))
        .fails(3, "hint: end it there: systemctl stop docker.service docker.socket");
    assert_eq!(host.sh("pgrep -x dockerd"), running);
    host.sh(GOES);
}
