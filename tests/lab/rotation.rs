//! The CA of a store is replaced while its machines are at work: openssl looks from outside, a docker client never stops asking.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rmachine::checkpoint::{Checkpoint, KILL_AT};

use crate::{
    host,
    support::{Host, Kind, User, report},
};

/// A CA and a client certificate as files, as somebody else may have copied them.
struct Copies(PathBuf);

impl Copies {
    /// Of the store's own files as they are now.
    fn take(user: &User, name: &str) -> Self {
        let folder = user.home().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        for file in ["ca.pem", "cert.pem", "key.pem"] {
            std::fs::copy(user.store().join("certs").join(file), folder.join(file)).expect("copied");
        }
        Self(folder)
    }

    /// Whether the engine is who its CA says, and lets the client in.
    fn are_let_in(&self, ip: &str) -> bool {
        let file = |name: &str| self.0.join(name).display().to_string();
        let mut openssl = Command::new("openssl");
        openssl.args(["s_client", "-quiet", "-verify_return_error", "-connect", &format!("{ip}:2376")]);
        openssl.args(["-CAfile", &file("ca.pem"), "-cert", &file("cert.pem"), "-key", &file("key.pem")]);
        let mut child = openssl
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs");
        let request = b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n";
        // A refused client may find the pipe closed; that is an answer too.
        let _ = std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), request);
        let said = child.wait_with_output().expect("openssl ends");
        String::from_utf8_lossy(&said.stdout).contains("200 OK")
    }
}

/// Asks an engine with `docker ps` again and again, as `env` says, until it is stopped.
struct Poll {
    shall_end: Arc<AtomicBool>,
    thread: JoinHandle<Polled>,
}

/// What came of it.
#[derive(Debug, Default)]
struct Polled {
    asked: usize,
    slowest: Duration,
    /// The longest time from one answer to the next one, with failures between them.
    gap: Duration,
    failures: Vec<String>,
}

impl Poll {
    fn begin(user: &User, machine: &str) -> Self {
        let script = format!("eval \"$(rmachine env {machine})\" && exec docker ps -q");
        let mut ask = user.command("bash");
        ask.args(["-c", &script]).stdout(Stdio::null()).stderr(Stdio::piped());
        let shall_end = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&shall_end);
        let thread = std::thread::spawn(move || {
            let mut polled = Polled::default();
            let (mut answered, mut failed) = (Instant::now(), 0);
            while !ends.load(Ordering::Relaxed) {
                let began = Instant::now();
                let output = ask.output().expect("bash runs");
                polled.asked += 1;
                polled.slowest = polled.slowest.max(began.elapsed());
                if !output.status.success() {
                    polled.failures.push(String::from_utf8_lossy(&output.stderr).into_owned());
                    continue;
                }
                if polled.failures.len() > failed {
                    polled.gap = polled.gap.max(answered.elapsed());
                }
                (answered, failed) = (Instant::now(), polled.failures.len());
                std::thread::sleep(Duration::from_millis(20));
            }
            polled
        });
        Self { shall_end, thread }
    }

    /// It failed at most once per restart of the engine, for no longer than such a restart takes: a connection that the old process
    /// had accepted ends with it.
    #[track_caller]
    fn end(self, machine: &str, restarts: usize) {
        self.shall_end.store(true, Ordering::Relaxed);
        let polled = self.thread.join().expect("no poll panics");
        println!("{machine}: {polled:?}");
        assert!(polled.failures.len() <= restarts, "{machine}: {:?}", polled.failures);
        assert!(polled.gap < Duration::from_secs(3), "{machine}: {:?}", polled.gap);
        assert!(polled.asked > 20, "{machine}: asked only {} times", polled.asked);
    }
}

/// How often the engine has been started since the host booted.
fn starts(host: &Host) -> usize {
    host.sh("journalctl -u docker.service -o cat | grep -c '^Started docker.service'")
        .parse()
        .expect("a number")
}

fn certificates_in(path: &Path) -> usize {
    std::fs::read_to_string(path).expect("a file").matches("BEGIN CERTIFICATE").count()
}

#[test]
fn a_new_ca_reaches_machines_at_work_and_one_that_is_down_holds_up_the_rest_at_a_safe_point() {
    let (one, two) = (host!(Kind::Debian12Engine), host!(Kind::Debian13Engine));
    let user = User::new();
    user.adopt(&one, "n1", &[]).ok();
    user.adopt(&two, "n2", &[]).ok();
    user.rmachine(&["create", "--driver", "nspawn", "n3"]).ok();
    let old = Copies::take(&user, "old");
    let three = user.rmachine(&["ip", "n3"]).ok();
    let containers = [one.keep_running(), two.keep_running()];
    let before = [starts(&one), starts(&two)];
    let polls = [("n1", Poll::begin(&user, "n1")), ("n2", Poll::begin(&user, "n2"))];
    let began = Instant::now();

    user.rmachine(&["stop", "n3"]).ok();
    let plan = user.rmachine(&["regenerate-certs", "--ca", "--dry-run"]).ok();
    assert_eq!(plan.lines().count(), 3, "{plan}");
    let held_up = user.rmachine(&["regenerate-certs", "--ca"]).fails(4, "n3 is not there yet");
    assert!(held_up.stderr.contains("the host of n3 is not running"), "{held_up:?}");
    for host in [&one, &two] {
        assert!(old.are_let_in(host.ip()), "nothing is taken away while a machine waits");
    }

    user.rmachine(&["start", "n3"]).ok();
    let resting = user.rmachine(&["regenerate-certs", "--ca", "--overlap"]);
    assert!(resting.stderr.contains("engines trust both CAs"), "{resting:?}");
    resting.ok();
    let new = Copies::take(&user, "new");
    let ips = [one.ip(), two.ip(), &three];
    for ip in ips {
        assert!(old.are_let_in(ip) && new.are_let_in(ip), "{ip}: both are let in");
    }

    // It may go down at any time.
    user.rmachine(&["stop", "n3"]).ok();
    user.rmachine(&["regenerate-certs", "--ca"])
        .fails(4, "n3 is not there yet; machines can be reached as before");
    user.rmachine(&["start", "n3"]).ok();
    user.docker("n3", "version").ok();
    assert!(old.are_let_in(&three) && !old.are_let_in(one.ip()), "only the one that waits trusts the old CA");
    user.rmachine(&["regenerate-certs", "--ca"]).ok();
    let last = Copies::take(&user, "last");
    for ip in ips {
        assert!(!old.are_let_in(ip), "{ip}: the old client is refused");
        assert!(last.are_let_in(ip), "{ip}: the new one is let in by the new CA alone");
    }
    let took = began.elapsed();
    for (machine, poll) in polls {
        poll.end(machine, 2);
    }
    assert_eq!([one.container(), two.container()], containers);
    assert_eq!([starts(&one), starts(&two)], before.map(|starts| starts + 2), "two restarts in all");
    assert_eq!(certificates_in(&user.store().join("certs/ca.pem")), 1);
    for machine in ["n1", "n2", "n3"] {
        assert_eq!(certificates_in(&user.machine_file(machine, "ca.pem")), 1);
        user.docker(machine, "version").ok();
        user.uses_context_of(machine);
    }
    let left = user.command("sh").args(["-c", "cd .docker/machine/certs && stat -c '%a %n' *"]).output();
    let left = String::from_utf8(left.expect("stat runs").stdout).expect("text");
    assert!(left.lines().all(|line| line.starts_with("600 ")), "{left}");
    assert!(left.contains("ca-before-") && !left.contains("next-ca") && !left.contains("rotation"), "{left}");
    let (engines, quiet) =
        ([one.engine_start(), two.engine_start()], ["regenerate-certs", "--ca", "--max-age", "1000d"]);
    let quiet = user.rmachine(&quiet);
    assert_eq!((quiet.status, quiet.stderr), (0, String::new()));
    user.rmachine(&["provision", "n1", "n2"]).ok();
    assert_eq!([one.engine_start(), two.engine_start()], engines, "provision finds nothing to do");
    report("a new CA for three machines at work, one of them down at first", 3, 3, took);
}

#[test]
fn a_machine_that_is_made_while_the_ca_changes_is_one_of_those_that_change() {
    let (one, two) = (host!(Kind::Debian12Engine), host!(Kind::Debian13Engine));
    let user = User::new();
    user.adopt(&one, "n1", &[]).ok();
    let old = Copies::take(&user, "old");
    user.rmachine(&["regenerate-certs", "--ca", "--overlap"]).ok();
    user.adopt(&two, "n2", &[]).ok();
    assert!(Copies::take(&user, "new").are_let_in(two.ip()));
    for machine in ["n1", "n2"] {
        user.docker(machine, "version").ok();
    }
    user.rmachine(&["regenerate-certs", "--ca"]).ok();
    for (machine, host) in [("n1", &one), ("n2", &two)] {
        user.docker(machine, "version").ok();
        assert!(!old.are_let_in(host.ip()), "{machine}");
        assert_eq!(certificates_in(&user.machine_file(machine, "ca.pem")), 1, "{machine}");
    }
}

/// A CA as docker-machine made it: RSA, its key in PKCS#1.
fn put_old_authority(user: &User) {
    let script = "mkdir -p -m 700 .docker/machine/certs && cd .docker/machine/certs && umask 077 && \
        openssl genrsa -traditional -out ca-key.pem 2048 2>/dev/null && \
        openssl req -x509 -new -sha256 -days 1000 -key ca-key.pem -subj /O=me -out ca.pem \
        -addext keyUsage=critical,digitalSignature,keyEncipherment,keyAgreement,keyCertSign";
    let made = user.command("sh").args(["-c", script]).output().expect("openssl runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let key = std::fs::read_to_string(user.store().join("certs/ca-key.pem")).expect("a key");
    assert!(key.contains("BEGIN RSA PRIVATE KEY"), "{key}");
}

#[test]
fn a_change_of_the_ca_that_is_killed_anywhere_goes_on_and_the_client_is_never_locked_out() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    put_old_authority(&user);
    user.adopt(&host, "n1", &[]).ok();
    let container = host.keep_running();
    let began = Instant::now();
    for (number, point) in Checkpoint::OF_ROTATION.into_iter().enumerate() {
        let old = Copies::take(&user, &format!("old{number}"));
        let killed = run_killed(&user, point);
        assert_eq!(killed, -1, "{point} was not met");
        // The host may still be at it; the client may ask again, but must get in.
        let version = user.docker("n1", "version --format '{{.Server.Version}}'");
        assert_eq!(version.status, 0, "docker after a kill at {point}: {}", version.stderr);
        let again = user.rmachine(&["regenerate-certs", "--ca"]);
        assert_eq!(again.status, 0, "after a kill at {point}: {}", again.stderr);
        user.docker("n1", "version").ok();
        // Killed after the last step, all was done, and the second command began anew.
        assert!(!old.are_let_in(host.ip()), "{point}");
        assert_eq!(certificates_in(&user.machine_file("n1", "ca.pem")), 1, "{point}");
    }
    assert_eq!(host.container(), container);
    let count = Checkpoint::OF_ROTATION.len();
    report("kill -9 while the CA is changed, then the same command", count, count, began.elapsed());
}

#[test]
fn a_ca_that_has_expired_is_replaced_at_once() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let container = host.keep_running();
    let long_ago = jiff::Timestamp::now().as_second() - 1081 * 24 * 3600;
    let expired = rmachine::tls::make_authority("me", long_ago).expect("a CA");
    let put = |file: &str, text: &str| {
        std::fs::write(user.store().join("certs").join(file), text).expect("written");
    };
    put("ca.pem", &expired.certificate);
    put("ca-key.pem", expired.key.expose());
    user.rmachine(&["regenerate-certs", "n1"]).fails(1, "hint: rmachine regenerate-certs --ca");
    user.rmachine(&["regenerate-certs", "--ca"]).ok();
    user.docker("n1", "version").ok();
    assert_eq!(host.container(), container);
    assert_eq!(certificates_in(&user.machine_file("n1", "ca.pem")), 1);
}

#[test]
fn a_ca_of_the_users_is_replaced_by_hand_without_a_moment_of_lockout() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let sh = |script: &str| {
        let ran = user.command("sh").args(["-ec", script]).output().expect("sh runs");
        assert!(ran.status.success(), "{script}: {}", String::from_utf8_lossy(&ran.stderr));
    };
    let make = "openssl req -x509 -newkey rsa:2048 -nodes -days 900 -addext keyUsage=critical,digitalSignature,keyCertSign";
    sh(&format!(
        "umask 077; for ca in old new; do {make} -subj /O=$ca -keyout $ca-key.pem -out $ca.pem 2>/dev/null; done"
    ));
    sh("cp old.pem ca.pem; cp old-key.pem ca-key.pem");
    let (ca, key) = (user.home().join("ca.pem"), user.home().join("ca-key.pem"));
    let (ca, key) = (format!("--tls-ca-cert={}", ca.display()), format!("--tls-ca-key={}", key.display()));
    user.adopt(&host, "n1", &[&ca, &key]).ok();
    let container = host.keep_running();
    let poll = Poll::begin(&user, "n1");

    user.rmachine(&["regenerate-certs", "--ca", &ca, &key]).fails(3, "ca.pem is not of this store");
    sh("cat old.pem new.pem >ca.pem");
    user.rmachine(&["regenerate-certs", "n1"]).ok();
    sh("cat new.pem old.pem >ca.pem; cp new-key.pem ca-key.pem");
    user.rmachine(&["regenerate-certs", "n1", "--client-certs", &ca, &key]).ok();
    sh("cp new.pem ca.pem");
    user.rmachine(&["regenerate-certs", "n1"]).ok();
    poll.end("n1", 3);
    assert_eq!(host.container(), container);
    let trusted = std::fs::read_to_string(user.machine_file("n1", "ca.pem")).expect("a CA");
    assert_eq!(trusted, std::fs::read_to_string(user.home().join("new.pem")).expect("a CA"));
    user.docker("n1", "version").ok();
    assert!(!user.store().join("certs/ca.pem").exists(), "no CA is made beside the user's");
}

fn run_killed(user: &User, point: Checkpoint) -> i32 {
    let mut command = user.command(env!("CARGO_BIN_EXE_rmachine"));
    command.env(KILL_AT, point.name()).args(["regenerate-certs", "--ca"]);
    crate::support::run(&mut command).status
}
