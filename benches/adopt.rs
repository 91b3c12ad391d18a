//! What README claims about speed, measured in one run on hosts of its own and printed as ratios against a floor that the same run
//! measured: `ssh host systemctl restart docker`, one OpenSSH command. `make bench` runs it.

#[path = "../tests/lab/support/mod.rs"]
#[expect(dead_code, reason = "the lab has more than a bench needs")]
mod support;

mod formation;
mod relay;

use std::{
    process::Command,
    time::{Duration, Instant},
};

use relay::Relay;
use support::{Host, Kind, User};

/// How often each thing is measured; the median is shown.
const ROUNDS: usize = 5;
/// Hosts that are adopted at once.
const MANY: usize = 10;
const ENGINE_PORT: u16 = 2376;

fn main() {
    // `cargo test` builds and starts benches too; only `cargo bench` means it.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    if let Err(why) = measure() {
        println!("SKIPPED: {why}");
    }
}

fn measure() -> Result<(), String> {
    let host = Host::boot(Kind::Debian12Engine)?;
    println!("adopting a host whose engine is installed (median of {ROUNDS}):");
    let ssh = Relay::start("127.0.0.2:0", (host.ip(), 22));
    let engine = Relay::start(&format!("127.0.0.2:{ENGINE_PORT}"), (host.ip(), ENGINE_PORT));
    for round_trip in [Duration::ZERO, Duration::from_millis(50)] {
        ssh.set_round_trip(round_trip);
        engine.set_round_trip(round_trip);
        adoption(&host, &ssh, &engine, round_trip);
    }
    drop(host);
    many()?;
    formation::measure();
    listing();
    Ok(())
}

/// Floor and adoption take turns, so that what else the computer does falls on both.
fn adoption(host: &Host, ssh: &Relay, engine: &Relay, round_trip: Duration) {
    let (mut floors, mut adoptions) = (Vec::new(), Vec::new());
    let (mut floor_trips, mut trips, mut connections) = (0, 0, 0);
    for _ in 0..ROUNDS {
        ready(host);
        ssh.reset();
        floors.push(timed(|| restart(host, ssh)).0);
        floor_trips = ssh.round_trips();

        ready(host);
        let user = User::new();
        ssh.reset();
        engine.reset();
        adoptions.push(timed(|| adopt(&user, host, ssh)).0);
        (trips, connections) = (ssh.round_trips() + engine.round_trips(), ssh.connections());
        user.rmachine(&["release", "n1", "-y"]).ok();
    }
    let (floor, took) = (median(floors), median(adoptions));
    println!(
        "  at {:>2} ms: {} against a floor of {} = {:.2}x; {trips} round trips against {floor_trips}; {connections} SSH connection(s)",
        round_trip.as_millis(),
        show(took),
        show(floor),
        took.as_secs_f64() / floor.as_secs_f64(),
    );
    if !round_trip.is_zero() {
        let above = took.saturating_sub(floor).as_secs_f64() / round_trip.as_secs_f64();
        println!("           that is the floor and the time of {above:.1} round trips");
    }
}

/// The engine runs, and its earlier starts do not count against the limit of its unit.
fn ready(host: &Host) {
    host.sh("systemctl reset-failed docker; docker version >/dev/null");
}

fn restart(host: &Host, relay: &Relay) {
    let status = Command::new("ssh")
        .args(["-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"])
        .args(["-o", "LogLevel=ERROR", "-p", &relay.port().to_string(), "-i"])
        .arg(host.key())
        .args(["root@127.0.0.2", "systemctl restart docker"])
        .status();
    assert!(status.expect("ssh runs").success());
}

fn adopt(user: &User, host: &Host, relay: &Relay) {
    let (key, port) = (host.key().display().to_string(), relay.port().to_string());
    let place = ["create", "--driver", "generic", "--ip", "127.0.0.2", "--generic-ssh-port", &port];
    let how = ["--generic-ssh-key", &key, "--engine-listen", host.ip(), "n1"];
    user.rmachine(&[place.as_slice(), how.as_slice()].concat()).ok();
}

/// Each host is adopted alone first and released again, so that all of them are warm; one is the median of them.
fn many() -> Result<(), String> {
    let hosts: Vec<Host> = (0..MANY).map(|_| Host::boot(Kind::Debian12Engine)).collect::<Result<_, _>>()?;
    let names: Vec<String> = (0..MANY).map(|number| format!("n{number}")).collect();
    let user = User::new();
    let alone = hosts.iter().zip(&names).map(|(host, name)| {
        ready(host);
        let (took, _) = timed(|| user.adopt(host, name, &[]).ok());
        user.rmachine(&["release", name, "-y"]).ok();
        ready(host);
        took
    });
    let one = median(alone.collect());
    let restarts = at_once(&hosts, |host, _| drop(host.sh("systemctl restart docker")));
    hosts.iter().for_each(ready);
    let all = at_once(&hosts, |host, number| drop(user.adopt(host, &names[number], &[]).ok()));
    println!(
        "{MANY} hosts at once: {} against {} for one = {:.2}x; {MANY} bare restarts at once: {}",
        show(all),
        show(one),
        all.as_secs_f64() / one.as_secs_f64(),
        show(restarts)
    );
    Ok(())
}

fn at_once(hosts: &[Host], work: impl Fn(&Host, usize) + Sync) -> Duration {
    let all = || {
        std::thread::scope(|scope| {
            for (number, host) in hosts.iter().enumerate() {
                let work = &work;
                scope.spawn(move || work(host, number));
            }
        });
    };
    timed(all).0
}

/// CPU of the commands that people put into prompts, with 100 stored machines.
fn listing() {
    let user = User::new();
    for number in 0..100 {
        let url = format!("tcp://10.9.0.{number}:2376");
        user.rmachine(&["create", "--driver", "none", "--url", &url, &format!("m{number}")]).ok();
    }
    for words in ["env m1", "ls -q", "ls --offline"] {
        println!("{words:<13} of 100 machines: {:.1} ms of CPU", cpu_ms(&user, words));
    }
}

/// Mean of user and system time over 20 runs, as bash measures it.
fn cpu_ms(user: &User, words: &str) -> f64 {
    let script = format!("TIMEFORMAT='%U %S'; time for i in {{1..20}}; do rmachine {words} >/dev/null; done");
    let run = support::run(user.command("bash").args(["-c", &script]));
    let times: Vec<f64> = run.stderr.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert_eq!(times.len(), 2, "{run:?}");
    (times[0] + times[1]) * 1000.0 / 20.0
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let value = work();
    (began.elapsed(), value)
}

fn show(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}
