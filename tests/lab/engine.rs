//! Options of the engine on real hosts, seen in what the engine does: one host of each version goes through all of it.

mod audit;
mod changes;
mod containers;
mod network;
mod random;

use crate::{
    host,
    support::{Host, Kind, Run, User},
};

/// An adopted host and who adopted it.
pub struct Lab {
    host: Host,
    user: User,
}

impl Lab {
    /// `engine set n1` with these words; containers may stop.
    fn set(&self, words: &[&str]) {
        self.engine("set", words).ok();
    }

    /// `engine unset n1` with these words; containers may stop.
    fn unset(&self, words: &[&str]) {
        self.engine("unset", words).ok();
    }

    fn engine(&self, verb: &str, words: &[&str]) -> Run {
        let line: Vec<&str> = ["engine", verb, "n1"].iter().chain(words).chain(&["-y"]).copied().collect();
        self.user.rmachine(&line)
    }

    /// What a command in a new container on the default bridge prints.
    fn inside(&self, command: &str) -> String {
        self.host.sh(&format!("docker run --rm busybox sh -c '{command}'"))
    }

    fn config(&self) -> String {
        self.host.sh("sha256sum </etc/docker/daemon.json; cat /etc/docker/daemon.json")
    }
}

#[test]
fn options_on_debian_12_do_what_they_say() {
    let host = host!(Kind::Debian12Engine);
    all_of_it(host);
}

#[test]
fn options_on_debian_13_do_what_they_say() {
    let host = host!(Kind::Debian13Engine);
    all_of_it(host);
}

fn all_of_it(host: Host) {
    host.import_busybox();
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let lab = Lab { host, user };
    let before = lab.config();
    changes::what_only_needs_a_reload_disturbs_nothing(&lab);
    changes::what_breaks_the_engine_is_taken_back(&lab);
    changes::what_would_lose_containers_is_refused_and_names_them(&lab);
    lab.host.sh("docker rm -f keep");
    network::all(&lab);
    containers::all(&lab);
    changes::variables_reach_the_engine_as_they_are(&lab);
    audit::finds_what_is_there_and_its_cures_cure(&lab);
    audit::finds_what_others_have_opened(&lab);
    assert_eq!(lab.config(), before, "all of it was taken back");
    random::sets_leave_nothing_behind(&lab);
}

#[test]
fn a_rolling_change_stops_at_the_first_machine_that_fails() {
    let (old, new) = (host!(Kind::Debian12Engine), host!(Kind::Debian13Engine));
    let user = User::new();
    user.adopt(&old, "old", &[]).ok();
    user.adopt(&new, "new", &[]).ok();
    let read = |host: &Host| host.sh("cat /etc/docker/daemon.json");
    let (before, option) = (read(&old), "default-network-opt=bridge=com.docker.network.driver.mtu=1400");
    user.rmachine(&["engine", "set", "old", "new", option, "--rolling", "1"])
        .fails(3, "option \"default-network-opts\" came with engine 24.0, and this one is 20.10")
        .fails(3, "done: none; left as they were: new");
    assert!(!read(&new).contains("default-network-opts"));
    user.rmachine(&["engine", "set", "new", "old", option, "--rolling", "1"])
        .fails(4, "came with engine 24.0");
    assert!(read(&new).contains("default-network-opts"));
    assert_eq!(read(&old), before);
    user.rmachine(&["engine", "unset", "new", "default-network-opts"]).ok();
    user.rmachine(&["engine", "set", "old,new", "mtu=1450", "--later"]).ok();
    assert!(!read(&old).contains("1450"), "it is only stored");
    let plan = user.rmachine(&["engine", "apply", "--dry-run", "old", "new"]).ok();
    for line in ["old: +   \"mtu\": 1450", "new: +   \"mtu\": 1450", "restart the engine for mtu"] {
        assert!(plan.contains(line), "{line}: {plan}");
    }
    let shown = user.rmachine(&["engine", "show", "old"]).ok();
    assert!(shown.contains("mtu differs: the host has nothing, and 1450 is stored"), "{shown}");
    user.rmachine(&["engine", "apply", "old", "new"]).ok();
    assert!(read(&old).contains("1450") && read(&new).contains("1450"));
    let shown = user.rmachine(&["engine", "show", "old"]).ok();
    assert!(!shown.contains("differs") && !shown.contains("would"), "{shown}");
}
