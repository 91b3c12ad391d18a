use super::*;
use crate::swarm::host::Kernel;

type Change = Box<dyn Fn(&mut Candidate)>;

fn candidate(name: &str) -> Candidate {
    let host = Host { hostname: name.to_owned(), clock: 1, ..Host::default() };
    let engine =
        EngineFacts { id: format!("id-{name}"), version: "26.1.5".to_owned(), ..EngineFacts::default() };
    Candidate { machine: name.parse().unwrap(), seen: Seen::Outside, host, skew: 0, engine }
}

fn problems(candidates: &[Candidate], wanted: &Wanted) -> Vec<String> {
    check(candidates, wanted).problems.iter().map(ToString::to_string).collect()
}

#[test]
fn hosts_that_fit_together_have_no_problem() {
    let findings = check(&[candidate("a"), candidate("b")], &Wanted::default());
    assert_eq!(findings, Findings::default());
}

#[test]
fn each_thing_that_would_fail_later_is_named_before() {
    let with = |change: &dyn Fn(&mut Candidate)| {
        let mut other = candidate("b");
        change(&mut other);
        problems(
            &[candidate("a"), other],
            &Wanted { encrypt: true, data_path_port: 4789, ..Wanted::default() },
        )
    };
    let cases: Vec<(Change, &str)> = vec![
        (Box::new(|b| b.skew = -3600), "the clocks of b and a are 3600 s apart"),
        (Box::new(|b| b.engine.id = "id-a".to_owned()), "the engines of a and b have the same id"),
        (Box::new(|b| b.host.hostname = "a".to_owned()), "the hosts of a and b are both called \"a\""),
        (Box::new(|b| b.engine.live_restore = LiveRestore::Theirs), "the engine of b has live-restore on"),
        (
            Box::new(|b| b.engine.version = "20.10.24+dfsg1".to_owned()),
            "the engine of b (20.10.24+dfsg1) cannot encrypt networks by default: engines from 24.0 on can",
        ),
        (Box::new(|b| b.engine.firewall = "nftables".to_owned()), "the firewall backend nftables"),
        (Box::new(|b| b.host.kernel.esp = Some(false)), "the kernel of b lacks ESP"),
        (Box::new(|b| b.host.kernel.vxlan = Some(false)), "the kernel of b lacks vxlan"),
        (
            Box::new(|b| {
                b.host.taken =
                    vec![Taken { protocol: "tcp".to_owned(), port: 7946, program: "consul".to_owned() }];
            }),
            "consul holds 7946/tcp on b",
        ),
    ];
    for (change, expected) in cases {
        let found = with(&*change);
        assert!(found.len() == 1 && found[0].contains(expected), "{expected}: {found:?}");
    }
}

#[test]
fn what_a_node_of_the_swarm_holds_already_is_no_problem() {
    let mut node = candidate("a");
    node.seen = Seen::Worker { node: "x".to_owned() };
    node.host.taken = vec![Taken { protocol: "tcp".to_owned(), port: 7946, program: "dockerd".to_owned() }];
    assert!(problems(&[node], &Wanted::default()).is_empty());
}

#[test]
fn live_restore_of_ours_is_no_problem_and_an_old_engine_only_where_networks_are_to_be_encrypted() {
    let mut old = candidate("a");
    old.engine.version = "20.10.24".to_owned();
    old.engine.live_restore = LiveRestore::Ours;
    assert!(problems(&[old], &Wanted::default()).is_empty());
}

#[test]
fn the_kernels_vxlans_share_their_port() {
    let mut left = candidate("a");
    left.host.taken = vec![Taken { protocol: "udp".to_owned(), port: 4789, program: String::new() }];
    assert!(problems(&[left], &Wanted { data_path_port: 4789, ..Wanted::default() }).is_empty());
}

#[test]
fn a_kernel_without_ipvs_is_told_and_no_problem() {
    let mut host = candidate("a");
    host.host.kernel = Kernel { ipvs: Some(false), ..Kernel::default() };
    let findings = check(&[host], &Wanted::default());
    assert!(findings.problems.is_empty() && findings.notes[0].contains("dnsrr"), "{findings:?}");
}

#[test]
fn another_pool_is_taken_where_a_host_has_a_way_into_the_usual_one() {
    let host = |route: &str| Host { routes: vec![route.parse().unwrap()], ..Host::default() };
    assert_eq!(free_pool(&[&host("192.168.1.0/24")]), None);
    assert_eq!(free_pool(&[&host("10.47.0.0/24")]).unwrap().to_string(), "10.200.0.0/16");
    assert_eq!(free_pool(&[&host("10.0.0.0/8")]).unwrap().to_string(), "172.28.0.0/16");
    let wanted = Wanted { pools: vec!["10.0.0.0/8".parse().unwrap()], ..Wanted::default() };
    let mut there = candidate("a");
    there.host.routes = vec!["10.47.0.0/24".parse().unwrap()];
    assert_eq!(
        problems(&[there], &wanted),
        ["the address pool 10.0.0.0/8 overlaps with 10.47.0.0/24, which a has a way to"]
    );
}
