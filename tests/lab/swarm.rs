//! Swarms of real hosts: formed, killed in the middle, kept, worked on with the real client, and ended.

mod faults;
mod scene;
mod traffic;
mod troubles;
mod upkeep;

use std::time::Instant;

use rmachine::checkpoint::{Checkpoint, KILL_AT};

use crate::{
    host,
    support::{BUSYBOX, Kind, User, report, run},
};
use scene::Scene;

#[test]
fn a_swarm_is_formed_worked_on_loses_its_leader_and_a_node_and_is_ended() {
    drop(host!(Kind::Debian12Engine));
    let scene = Scene::new("3", "1");
    assert_eq!(scene.roles(), ["web-m1 manager", "web-m2 manager", "web-m3 manager", "web-w1 worker"]);
    scene.user.rmachine(&["swarm", "create", "web"]).ok();
    assert_eq!(scene.status()["margin"], 1);

    upkeep::keep(&scene);

    // Work: a stack by the real client, whose tasks find each other by name over an overlay across hosts.
    scene.deploy();
    scene.until_running(3);
    scene.tasks_find_each_other();
    upkeep::look(&scene);

    // docker's context leads to a manager, and to another when that one is gone.
    scene.user.rmachine(&["use", "web"]).ok();
    let through = scene.user.through_context("node ls -q");
    assert_eq!(through.ok().lines().count(), 4);

    // The leader dies: the swarm can still be asked and still works, and the service stays up on the others.
    let leader = scene.leader();
    let others = scene.addresses_but(&leader);
    let (through, traffic) = traffic::while_doing(&others, 8080, || {
        scene.user.rmachine(&["kill", &leader]).ok();
        let status = scene.user.rmachine(&["swarm", "status", "--json", "web"]);
        assert_eq!(status.status, 4, "{status:?}");
        assert_ne!(scene.leader(), leader);
        scene.user.in_env_of_swarm("docker node ls -q")
    });
    assert_eq!(through.ok().lines().count(), 4);
    assert!(traffic.failed.is_empty() && traffic.sent > traffic::RATE, "{traffic:?}");
    assert_eq!(scene.user.through_context("node ls -q").ok().lines().count(), 4);
    scene.tasks_find_each_other();

    // It is gone for good, which the swarm may not have seen yet; another one takes its place.
    scene.user.rmachine(&["swarm", "rm-node", "--force", "web", &leader, "-y"]).ok();
    assert_eq!((scene.roles().len(), scene.status()["managers"].as_u64()), (3, Some(2)));
    scene.user.rmachine(&["rm", "-f", &leader]).ok();
    scene.user.rmachine(&["swarm", "add", "--managers", "1", "-d", "nspawn", "web"]).ok();
    scene.import(&leader);
    scene.until_healthy();

    // Hosts are made anew, a manager's and a worker's: their earlier nodes go.
    let manager =
        ["web-m1", "web-m2", "web-m3"].into_iter().find(|name| *name != scene.leader()).expect("one");
    let label = ["swarm", "label", "web", manager, "zone=east"];
    scene.user.rmachine(&label).ok();
    scene.user.rmachine(&["rm", "-f", manager, "web-w1"]).ok();
    let gone = scene.user.rmachine(&["swarm", "status", "web"]);
    for machine in [manager, "web-w1"] {
        let hint = format!("hint: make {machine} anew: rmachine swarm create web");
        assert!(gone.stdout.contains(&hint), "{gone:?}");
    }
    scene.user.rmachine(&["swarm", "create", "-d", "nspawn", "web"]).ok();
    scene.until_healthy();
    assert_eq!(scene.roles(), ["web-m1 manager", "web-m2 manager", "web-m3 manager", "web-w1 worker"]);
    assert_eq!(scene.node(manager)["labels"]["zone"], "east");
    scene.import(manager);
    scene.import("web-w1");
    scene.until_running(3);

    // The leader goes while requests come: its replica runs elsewhere before it does.
    let going = scene.answering_leader();
    let others = scene.addresses_but(&going);
    let ((left, was_short), traffic) = traffic::while_doing(&others, 8080, || scene.watch_going(&going));
    left.ok();
    assert!(!was_short, "{going} was gone before three replicas ran");
    assert!(traffic.failed.is_empty(), "{traffic:?}");
    let rate = f64::from(traffic.sent) / traffic.took.as_secs_f64();
    println!("{} requests, {rate:.0} a second", traffic.sent);
    assert!(rate > 0.9 * f64::from(traffic::RATE), "{rate} {traffic:?}");
    assert_eq!((scene.roles().len(), scene.answering().len()), (3, 3));

    // Nobody has room for a third replica on two nodes; with fewer, managers may go but for the last one.
    let managers: Vec<String> =
        ["web-m1", "web-m2", "web-m3"].into_iter().filter(|name| *name != going).map(str::to_owned).collect();
    let no_room = scene.user.rmachine(&["swarm", "rm-node", "web", &managers[0], "-y"]);
    no_room.fails(1, "have no room for what runs on").fails(1, "docker service scale shop_answer=N");
    scene.until_running(3);
    scene.user.in_env_of_swarm("docker service scale -d shop_answer=1").ok();
    let refused =
        scene.user.rmachine(&["swarm", "rm-node", "web", &managers[0], &managers[1], "--machine", "-y"]);
    refused.fails(4, "last manager");
    assert_eq!(scene.roles().len(), 2);

    scene.user.rmachine(&["swarm", "rm", "web", "--machines", "-y"]).ok();
    // It left the swarm and stayed a machine.
    scene.user.rmachine(&["rm", "-y", &going]).ok();
    assert_eq!(scene.user.rmachine(&["ls", "-q"]).ok(), "");
    assert_eq!(scene.user.through_context("context ls -q").ok(), "default");
    assert_eq!(super::made::traces(&scene.user), "0 mounts, 0 processes");
}

#[test]
fn a_swarm_that_was_killed_anywhere_is_finished_by_the_same_command() {
    drop(host!(Kind::Debian12Engine));
    let user = User::new();
    user.rmachine(&["create", "-d", "nspawn", "n1", "n2"]).ok();
    let began = Instant::now();
    let create = ["swarm", "create", "--managers", "n1", "--workers", "n2", "web"];
    for point in Checkpoint::SWARM {
        let user_killed =
            run(user.command(env!("CARGO_BIN_EXE_rmachine")).env(KILL_AT, point.name()).args(create));
        assert_eq!(user_killed.status, -1, "{point} was not met: {user_killed:?}");
        user.rmachine(&create).ok();
        let status: serde_json::Value =
            serde_json::from_str(&user.rmachine(&["swarm", "status", "--json", "web"]).ok()).unwrap();
        let nodes = status["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 2, "after a kill at {point}: {status}");
        let again = user.rmachine(&create);
        assert!(again.stderr.contains("already as it should be"), "{point}: {}", again.stderr);
        user.rmachine(&["swarm", "rm", "web", "-y"]).ok();
        let state = user.docker("n1", "info --format '{{.Swarm.LocalNodeState}}'").ok();
        assert_eq!(state, "inactive", "{point}");
    }
    let count = Checkpoint::SWARM.len();
    report("kill -9 in swarm create, then again, then swarm rm", count, count, began.elapsed());
}

/// The lab's kernel cannot encrypt, so what is looked at is what the engines are told; the module's name is put where hosts look for it.
#[test]
fn networks_are_encrypted_by_default_and_live_restore_of_ours_goes_off_and_comes_back() {
    drop(host!(Kind::Debian13Engine));
    let user = User::new();
    let suite = ["create", "-d", "nspawn", "--nspawn-suite", "trixie"];
    let engine = [
        "--engine-live-restore",
        "--engine-opt",
        "default-network-opts=bridge=com.docker.network.driver.mtu=1400",
    ];
    user.rmachine(&[&suite[..], &engine, &["n1"]].concat()).ok();
    let sh = |script: &str| user.rmachine(&["ssh", "n1", "--", script]).ok();
    sh(
        "mkdir -p /lib/modules/$(uname -r) && echo kernel/net/ipv4/esp4.ko >>/lib/modules/$(uname -r)/modules.builtin",
    );
    let create = ["swarm", "create", "--managers", "n1", "--encrypt", "safe"];
    user.rmachine(&create).ok();
    assert_eq!(user.docker("n1", "info -f '{{.LiveRestoreEnabled}}'").ok(), "false");
    let import = format!("( {BUSYBOX} ) | docker import -c 'ENV PATH=/bin' - busybox");
    let serve = "docker network create -d overlay inner && \
                 docker service create -q --network inner --endpoint-mode dnsrr --no-resolve-image busybox \
                 sh -c 'while :; do busybox sleep 1; done'";
    user.in_env("n1", &format!("{import} && {serve}")).ok();
    let options = user.docker("n1", "network inspect inner -f '{{json .Options}}'").ok();
    assert!(options.contains("\"encrypted\":\"\""), "{options}");
    assert!(user.rmachine(&create).stderr.contains("already as it should be"));

    user.rmachine(&["swarm", "rm", "safe", "-y"]).ok();
    assert_eq!(user.docker("n1", "info -f '{{.LiveRestoreEnabled}}'").ok(), "true");
    let config = sh("cat /etc/docker/daemon.json");
    assert!(config.contains("1400") && !config.contains("overlay"), "{config}");
}

#[test]
fn what_would_go_wrong_is_told_before_a_host_is_touched() {
    drop(host!(Kind::Debian12Engine));
    let user = User::new();
    user.rmachine(&["create", "-d", "nspawn", "n1", "n2"]).ok();
    let create = |more: &[&str]| {
        let words = [&["swarm", "create", "--managers", "n1", "--workers", "n2"], more, &["web"]].concat();
        user.rmachine(&words)
    };
    let sh = |machine: &str, script: &str| user.rmachine(&["ssh", machine, "--", script]);

    // A port that is closed on the way.
    sh("n2", "iptables -I INPUT -p udp --dport 7946 -j DROP").ok();
    create(&[]).fails(3, "n1 does not reach 7946/udp of n2: no answer");
    sh("n2", "iptables -D INPUT -p udp --dport 7946 -j DROP").ok();

    sh("n2", "iptables -I INPUT -p tcp --dport 2377 -j REJECT --reject-with tcp-reset").ok();
    user.rmachine(&["swarm", "create", "--managers", "n1,n2", "--force", "web"])
        .fails(3, "n1 does not reach 2377/tcp of n2: refused");
    sh("n2", "iptables -D INPUT -p tcp --dport 2377 -j REJECT --reject-with tcp-reset").ok();

    // Two addresses to choose from.
    sh("n2", "ip addr add 10.99.0.2/24 dev host0").ok();
    create(&["--advertise", "host0"]).fails(1, "10.99.0.2").fails(1, "--advertise n2=10.99.0.2");
    sh("n2", "ip addr del 10.99.0.2/24 dev host0").ok();

    // A program on a port of the swarm's.
    sh("n1", "systemd-run --quiet --unit=squatter perl -MIO::Socket::INET -e 'IO::Socket::INET->new(LocalPort => 2377, Listen => 1, ReuseAddr => 1)->accept'").ok();
    create(&[]).fails(3, "perl holds 2377/tcp on n1");
    sh("n1", "systemctl stop squatter").ok();

    // live-restore of the user's own.
    sh("n1", "sed -i 's/^{/{\"live-restore\": true,/' /etc/docker/daemon.json && systemctl reload docker")
        .ok();
    create(&[]).fails(3, "live-restore").fails(3, "engine set n1 live-restore=false");
    sh("n1", "sed -i 's/\"live-restore\": true/\"live-restore\": false/' /etc/docker/daemon.json && systemctl reload docker")
        .ok();

    // Two hosts of one name; two engines of one id.
    sh("n2", "hostname n1").ok();
    create(&[]).fails(3, "the hosts of n1 and n2 are both called \"n1\"");
    sh("n2", "hostname n2").ok();

    // An address pool that the hosts need, an encrypted overlay that the kernel cannot do, an address that is nobody's.
    create(&["--address-pool", "10.0.0.0/8"]).fails(3, "overlaps with");
    create(&["--encrypt"])
        .fails(3, "the engine of n1 (20.10.24+dfsg1) cannot encrypt networks by default")
        .fails(3, "upgrade n1");
    create(&["--advertise", "eth7"]).fails(1, "n1 has no address at eth7");
    user.rmachine(&["swarm", "create", "--managers", "n1,n2", "web"]).fails(2, "2 managers need 2 to agree");
    user.rmachine(&["swarm", "create", "--hosts", "token://abc", "web"]).fails(2, "nodes://10.0.0.[10:20]");
    user.rmachine(&["swarm", "create", "--managers", "n1", "n2"]).fails(3, "there is a machine called n2");
    for machine in ["n1", "n2"] {
        let state = user.docker(machine, "info --format '{{.Swarm.LocalNodeState}}'").ok();
        assert_eq!(state, "inactive", "{machine}");
    }

    // In another swarm already.
    user.docker("n2", "swarm init --advertise-addr host0").ok();
    create(&[]).fails(3, "n2 is a manager of another swarm");
    let state = user.docker("n1", "info --format '{{.Swarm.LocalNodeState}}'").ok();
    assert_eq!(state, "inactive");
}
