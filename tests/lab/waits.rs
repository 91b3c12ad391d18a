//! What a host does by itself while it is adopted: its first boot goes on, its link goes down for a moment.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    host,
    support::{Host, Kind, User},
};

/// Stands for cloud-init: works for this long, then says that it is done, in the way of the real one.
fn boot_goes_on(host: &Host, seconds: u32) {
    host.sh(&format!(
        "mkdir -p /run/cloud-init && systemd-run --quiet --collect sh -c \
         'sleep {seconds}; date >/run/boot-ended; echo {{}} >/run/cloud-init/result.json'"
    ));
}

#[test]
fn a_host_whose_first_boot_goes_on_is_waited_for() {
    let host = host!(Kind::Debian12);
    let user = User::new();
    boot_goes_on(&host, 1000);
    let before = host.hash_of_etc();
    let late = user.adopt(&host, "n1", &["--engine-install", "distro", "--timeout", "15"]);
    let late = late.fails(1, "cloud-init is still at work");
    assert!(late.stderr.contains("waiting for cloud-init, which still works on the host"), "{late:?}");
    assert_eq!(host.hash_of_etc(), before);

    boot_goes_on(&host, 8);
    let adopted = user.adopt(&host, "n1", &["--engine-install", "distro"]);
    assert!(adopted.stderr.contains("waiting for cloud-init"), "{adopted:?}");
    adopted.ok();
    // The package tool's own record of the engine's package is as young as the installation; the files keep their builder's times.
    host.sh("test /run/boot-ended -ot /var/lib/dpkg/info/docker.io.list");
    assert!(!user.docker("n1", "version --format '{{.Server.Version}}'").ok().is_empty());
}

/// A link that is down; up again when dropped.
struct Cut<'a>(&'a str);

impl<'a> Cut<'a> {
    fn off(link: &'a str) -> Self {
        assert!(set(link, "down"));
        Self(link)
    }
}

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        set(self.0, "up");
    }
}

fn set(link: &str, state: &str) -> bool {
    Command::new("ip").args(["link", "set", link, state]).status().is_ok_and(|status| status.success())
}

#[test]
fn a_link_that_is_down_for_a_moment_in_the_middle_of_a_change_does_not_end_it() {
    let host = host!(Kind::Debian12Engine);
    let container = host.keep_running();
    let user = User::new();
    // The change comes to its restart and stays there for a while.
    host.sh(
        "install -d -m 700 /run/rmachine; \
         printf '#!/bin/sh\\n[ \"$1\" != restart ] || { true >/run/at-restart; sleep 10; }\\n' >/run/rmachine/at-step; \
         chmod 700 /run/rmachine/at-step",
    );
    let key = host.key().display().to_string();
    let words = ["create", "--driver", "generic", "--ip", host.ip(), "--generic-ssh-key", &key, "n1"];
    let mut create = user.command("rmachine");
    let create = create.args(words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while !host.run("test -e /run/at-restart").status.success() {
        assert!(began.elapsed() < Duration::from_secs(60), "the change did not come to its restart");
    }
    let link = host.link();
    {
        let _cut = Cut::off(&link);
        assert!(!host.run("true").status.success(), "the link is down");
    }
    let ended = create.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(user.docker("n1", "ps --format '{{.Names}}'").ok(), "keep");
    assert_eq!(host.container(), container);
}

/// An IPv6 address of ours on the bridge; gone when dropped.
struct OurAddress {
    address: String,
    bridge: String,
}

impl OurAddress {
    fn add(address: String, bridge: String) -> Self {
        let ours = Self { address, bridge };
        assert!(ours.set("add"));
        ours
    }

    fn set(&self, what: &str) -> bool {
        let words = ["-6", "addr", what, &self.address, "dev", &self.bridge, "nodad"];
        let words = if what == "add" { &words[..] } else { &words[..6] };
        Command::new("ip").args(words).status().is_ok_and(|status| status.success())
    }
}

impl Drop for OurAddress {
    fn drop(&mut self) {
        self.set("del");
    }
}

#[test]
fn an_engine_listens_on_an_ipv6_address() {
    let host = host!(Kind::Debian12Engine);
    let network = format!("fd47:{:x}:{:x}", std::process::id() >> 16, std::process::id() & 0xffff);
    let theirs = format!("{network}::5");
    let _ours = OurAddress::add(format!("{network}::1/64"), host.bridge());
    host.sh(&format!("ip -6 addr add {theirs}/64 dev host0 nodad"));
    let user = User::new();

    // One beside the other: the certificate is good for both.
    user.adopt(&host, "n1", &["--engine-listen", host.ip(), "--engine-listen", &theirs]).ok();
    for address in [host.ip(), &format!("[{theirs}]")] {
        let version =
            format!("DOCKER_HOST=tcp://{address}:2376 docker version --format '{{{{.Server.Version}}}}'");
        assert!(!user.in_env("n1", &version).ok().is_empty(), "{address}");
    }
    user.rmachine(&["release", "-y", "n1"]).ok();

    // Everything over IPv6: SSH, the engine, and what the docker client gets.
    let key = host.key().display().to_string();
    user.rmachine(&["create", "--driver", "generic", "--ip", &theirs, "--generic-ssh-key", &key, "n2"]).ok();
    assert_eq!(user.rmachine(&["url", "n2"]).ok(), format!("tcp://[{theirs}]:2376"));
    assert!(host.sh("ss -tlnH").contains(&format!("[{theirs}]:2376")));
    assert!(!host.sh("ss -tlnH").contains(&format!("{}:2376", host.ip())));
    assert!(!user.docker("n2", "version --format '{{.Server.Version}}'").ok().is_empty());
    assert_eq!(user.rmachine(&["status", "n2"]).ok(), "Running");
    user.rmachine(&["release", "-y", "n2"]).ok();
    assert!(!host.sh("ss -tlnH").contains(":2376"));
}
