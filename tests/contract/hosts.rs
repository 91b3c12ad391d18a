//! The contract on real hosts: made, stopped, started, killed and removed on this machine. Where that is impossible the tests say
//! SKIPPED and why; with RMACHINE_REQUIRE_HOSTS=1 they fail instead.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use rmachine::{driver::FlagValue, machine::State};

use crate::{
    bench::{self, Bench},
    host::{Bridge, Host, banner, cache, chain, driver, network_traces, on, processes, until, until_state},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_lives_through_every_verb_and_leaves_nothing_behind() {
    let Some(driver) = driver() else { return };
    let subnet = "10.46.1.0/24";
    let bench = Bench::new();
    let mut host = Host::configured(driver.as_ref(), &bench, "life", &on(subnet));
    host.create().await;
    assert_eq!(host.state().await, State::Running);
    assert_eq!(banner(&host.address()), "SSH-2.0-");
    assert_eq!(
        host.says("hostname; stat -f -c %T /var/lib/docker; systemctl is-system-running --wait || true"),
        "life\next2/ext3\nrunning"
    );

    let identity = host.says("cat /etc/machine-id");
    host.driver.stop(&host.context, &mut host.state).await.unwrap();
    assert_eq!(host.state().await, State::Stopped);
    assert_eq!(network_traces(subnet), Vec::<String>::new(), "the network goes with the last running host");
    host.driver.start(&host.context, &mut host.state).await.unwrap();
    assert_eq!(host.says("cat /etc/machine-id"), identity);

    host.driver.kill(&host.context, &mut host.state).await.unwrap();
    assert_eq!(host.state().await, State::Stopped);
    host.driver.start(&host.context, &mut host.state).await.unwrap();
    host.remove().await;
    assert_eq!(network_traces(subnet), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hosts_made_at_once_get_addresses_of_their_own_and_reach_each_other() {
    let Some(driver) = driver() else { return };
    let subnet = "10.46.2.0/24";
    let bench = Bench::new();
    let host = |name| Host::configured(driver.as_ref(), &bench, name, &on(subnet));
    let (mut a, mut b, mut c) = (host("a"), host("b"), host("c"));
    let started = Instant::now();
    tokio::join!(a.create(), b.create(), c.create());
    println!("three at once took {:.2} s", started.elapsed().as_secs_f64());
    let addresses: BTreeSet<String> = [&a, &b, &c].map(Host::address).into();
    assert_eq!(addresses.len(), 3);
    a.says(&format!("exec 3<>/dev/tcp/{}/22", c.address()));
    a.remove().await;
    b.says("true");
    b.remove().await;
    c.remove().await;
    assert_eq!(network_traces(subnet), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_record_was_saved_last_the_next_create_finds_the_same_host() {
    let Some(driver) = driver() else { return };
    let bench = Bench::new();
    let mut host = Host::configured(driver.as_ref(), &bench, "again", &on("10.46.3.0/24"));
    let saved = bench::create(driver.as_ref(), &host.context, &mut host.state).await.unwrap();
    let boot = host.says("cat /proc/sys/kernel/random/boot_id /etc/machine-id");
    let finished = host.state.clone();
    assert!(saved.len() > 3, "the record is saved between the steps");
    for record in saved {
        host.state = record;
        host.create().await;
        assert_eq!(host.state, finished);
    }
    assert_eq!(host.says("cat /proc/sys/kernel/random/boot_id /etc/machine-id"), boot);
    host.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_record_was_saved_last_removing_leaves_nothing_behind() {
    let Some(driver) = driver() else { return };
    let subnet = "10.46.4.0/24";
    let bench = Bench::new();
    let records = {
        let mut host = Host::configured(driver.as_ref(), &bench, "count", &on(subnet));
        let saved = bench::create(driver.as_ref(), &host.context, &mut host.state).await.unwrap();
        host.remove().await;
        saved.len()
    };
    for number in 0..records {
        let mut host = Host::configured(driver.as_ref(), &bench, "gone", &on(subnet));
        let saved = bench::create(driver.as_ref(), &host.context, &mut host.state).await.unwrap();
        host.state = saved[number].clone();
        host.remove().await;
        assert_eq!(network_traces(subnet), Vec::<String>::new(), "after record {number}");
    }
}

/// Its init goes on without them, and with its address.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_launcher_and_nspawn_were_killed_is_removed_all_the_same() {
    let Some(driver) = driver() else { return };
    let subnet = "10.46.12.0/24";
    let bench = Bench::new();
    let mut host = Host::configured(driver.as_ref(), &bench, "orphan", &on(subnet));
    host.create().await;
    let mark = format!("--machine=rm-{}", host.state["Id"].as_str().unwrap());
    let found = processes(&mark);
    let pids: Vec<&str> = found.iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(!pids.is_empty());
    let killed = std::process::Command::new("kill").arg("-KILL").args(&pids).status().unwrap();
    assert!(killed.success());
    until("they are gone", || processes(&mark).is_empty());
    host.remove().await;
    assert_eq!(network_traces(subnet), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_reboots_itself_comes_back_and_one_that_powers_off_can_be_started() {
    let Some(driver) = driver() else { return };
    let bench = Bench::new();
    let mut host = Host::configured(driver.as_ref(), &bench, "reboot", &on("10.46.5.0/24"));
    host.create().await;
    let since = host.says("cat /proc/1/stat | cut -d' ' -f22");
    host.ssh("systemctl reboot");
    until("the host is back", || {
        let output = host.ssh("cat /proc/1/stat | cut -d' ' -f22");
        output.status.success() && String::from_utf8_lossy(&output.stdout).trim() != since
    });
    assert_eq!(host.state().await, State::Running);

    host.ssh("systemctl poweroff");
    let interface = format!("/sys/class/net/vb-rm-{}", host.state["Id"].as_str().unwrap());
    until("the host is down", || !Path::new(&interface).exists());
    until_state(&mut host, State::Stopped).await;
    host.driver.start(&host.context, &mut host.state).await.unwrap();
    host.says("true");
    host.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_and_processors_are_limited() {
    let Some(driver) = driver() else { return };
    let bench = Bench::new();
    let flags = [("nspawn-memory", FlagValue::Int(256)), ("nspawn-cpus", FlagValue::Int(1))];
    let mut host =
        Host::configured(driver.as_ref(), &bench, "small", &[&on("10.46.6.0/24")[..], &flags].concat());
    host.create().await;
    // Seen by their effect: where systemd runs outside, the limits stand above what the host sees of its control groups.
    let busy = "timeout 2 sh -c 'while :; do :; done'";
    let used =
        host.says(&format!("bash -c \"TIMEFORMAT=%U; time ({busy} & {busy}; wait)\" 2>&1 | tail -n 1"));
    assert!(used.parse::<f64>().unwrap() < 2.6, "two loops used {used} s of processors in 2 s");
    let eaten = host.ssh("head -c 400M /dev/zero | tail -c 390M | wc -c");
    assert!(
        !String::from_utf8_lossy(&eaten.stdout).contains("408944640"),
        "more memory than the limit was had"
    );
    host.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_inside_runs_containers_with_limits_of_their_own() {
    let Some(driver) = driver() else { return };
    let bench = Bench::new();
    let mut host = Host::configured(driver.as_ref(), &bench, "engine", &on("10.46.10.0/24"));
    host.create().await;
    host.says(
        "tar -chf - /usr/bin/dash $(ldd /usr/bin/dash | grep -o '/[^ ]*') 2>/dev/null | docker import - tiny",
    );
    assert_eq!(host.says("docker run --rm --memory 64m tiny /usr/bin/dash -c 'echo hello'"), "hello");
    assert_eq!(host.says("docker info --format '{{.Driver}}'"), "overlay2");
    host.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_boot_shows_its_console_and_can_be_removed() {
    let Some(driver) = driver() else { return };
    let subnet = "10.46.7.0/24";
    let bench = Bench::new();
    let mut host = Host::configured(driver.as_ref(), &bench, "broken", &on(subnet));
    let init = host.context.file("host/upper/usr/lib/systemd/systemd");
    fs::create_dir_all(init.parent().unwrap()).unwrap();
    fs::write(&init, "#!/bin/sh\necho no init today\nexit 1\n").unwrap();
    fs::set_permissions(&init, PermissionsExt::from_mode(0o755)).unwrap();
    let error = bench::create(driver.as_ref(), &host.context, &mut host.state).await.unwrap_err();
    assert!(chain(&error).contains("no init today"), "{}", chain(&error));
    assert_eq!(network_traces(subnet), Vec::<String>::new());
    assert_eq!(host.state().await, State::Stopped);
    host.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_this_machine_routes_elsewhere_is_refused_before_anything_is_made() {
    let Some(driver) = driver() else { return };
    let bench = Bench::new();
    let _other = Bridge::with_address("rmtest0", "10.46.9.1/24");
    let host = Host::configured(driver.as_ref(), &bench, "clash", &on("10.46.9.0/24"));
    let error = driver.preflight(&host.context, &host.state).await.unwrap_err();
    assert!(error.to_string().contains("routes 10.46.9.0/24 to rmtest0"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_image_replaces_the_old_one_which_goes_with_its_last_host() {
    let Some(driver) = driver() else { return };
    let bench = Bench::new();
    let own = [("nspawn-bare-image", FlagValue::Bool(true)), ("nspawn-rebuild-image", FlagValue::Bool(true))];
    let mut old = Host::configured(driver.as_ref(), &bench, "old", &[&on("10.46.8.0/24")[..], &own].concat());
    old.create().await;
    let mut new = Host::configured(driver.as_ref(), &bench, "new", &[&on("10.46.8.0/24")[..], &own].concat());
    new.create().await;
    assert_eq!(new.says("command -v dockerd || echo bare"), "bare");
    let images = [&old, &new].map(|host| cache().join("nspawn").join(host.state["Image"].as_str().unwrap()));
    assert_ne!(images[0], images[1]);
    old.says("true");
    old.remove().await;
    new.remove().await;
    assert_eq!(images.map(|image| image.exists()), [false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_the_build_of_an_image_ends_everything_that_it_started() {
    let Some(driver) = driver() else { return };
    let bench = Bench::new();
    let mut host = Host::configured(driver.as_ref(), &bench, "cancelled", &on("10.46.11.0/24"));
    host.context.cache = bench.context("cancelled").cache;
    let mark = host.context.cache.to_string_lossy().into_owned();
    let build = bench::create(driver.as_ref(), &host.context, &mut host.state);
    let cut = tokio::time::timeout(Duration::from_secs(3), build).await;
    assert!(cut.is_err(), "the build was over before it could be cut");
    until("the builder is gone", || processes(&mark).is_empty());
    assert!(!fs::read_to_string("/proc/mounts").unwrap().contains(&mark));
    host.remove().await;
}
