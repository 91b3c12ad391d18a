//! Ways to get an engine onto a host: out of a bundle, out of an archive, by somebody's script, in a pinned version.

use crate::{
    host,
    support::{Host, Kind, Proxy, User, bundle_26, skip},
};

/// A bundle, or the end of the test.
macro_rules! bundle {
    ($bundle:expr) => {
        match $bundle {
            Ok(path) => path.display().to_string(),
            Err(why) => {
                skip(std::thread::current().name().unwrap_or("a test"), &why);
                return;
            }
        }
    };
}

/// Everything that an engine out of an archive brings.
const TRACES: &str = "ls -d /opt/rmachine /usr/local/bin/docker* /etc/systemd/system/docker.* \
                      /etc/systemd/system/multi-user.target.wants/docker.service /var/lib/rmachine /etc/docker 2>/dev/null; \
                      grep ^docker: /etc/group; true";

/// The network as a host behind a closed door has it: the way to us, and none further.
fn without_a_way_out(host: &Host) {
    host.sh("ip route del default; ! ping -c1 -W1 192.0.2.1 2>/dev/null; ip route show | grep -v default | grep -q .");
    assert!(
        !host.run("timeout 5 apt-get -qq update && test -s /var/lib/apt/lists/*_Packages").status.success()
    );
}

#[test]
fn a_host_without_any_route_out_gets_an_engine_by_bundle_and_loses_it_by_release() {
    let bundle = bundle!(bundle_26("26.1.5-a"));
    let host = host!(Kind::Debian13);
    let user = User::new();
    without_a_way_out(&host);
    let before = host.hash_of_etc_but_for_backups();
    assert_eq!(host.sh(TRACES), "");
    let dry = user.adopt(&host, "n1", &["--engine-bundle", &bundle, "--dry-run"]).ok();
    assert!(dry.starts_with("send and unpack engine 26.1.5-a ("), "{dry}");
    assert_eq!(host.sh(TRACES), "", "a dry run leaves nothing");

    user.adopt(&host, "n1", &["--engine-bundle", &bundle, "--engine-opt", "live-restore"]).ok();
    host.import_busybox();
    let version = user.docker("n1", "version --format '{{.Server.Version}}'").ok();
    assert!(version.starts_with("26.1"), "{version}");
    assert_eq!(user.docker("n1", "run --rm busybox busybox echo works").ok(), "works");
    assert_eq!(
        host.sh("systemctl is-enabled docker; readlink /opt/rmachine/engine/current"),
        "enabled\n26.1.5-a"
    );
    let again = user.rmachine(&["provision", "n1"]);
    assert!(again.stderr.contains("already as it should be"), "{}", again.stderr);

    user.docker("n1", "run -d --name keep busybox busybox sleep 1000").ok();
    user.rmachine(&["release", "-y", "n1"]).ok();
    assert_eq!(host.sh(TRACES), "");
    assert_eq!(host.hash_of_etc_but_for_backups(), before);
    assert_eq!(host.sh("pgrep -f 'dockerd|containerd|busybox sleep 1000$' | grep -vx $$ || true"), "");
}

#[test]
fn a_pinned_version_is_looked_for_and_fetched_by_the_proxy_and_one_that_does_not_exist_changes_nothing() {
    let host = host!(Kind::Debian12);
    if !host.sh("apt-config dump | grep -i '^Acquire::https*::proxy ' || true").is_empty() {
        return skip("a_pinned_version_is_looked_for", "packages come by a proxy already");
    }
    let user = User::new();
    let proxy = Proxy::for_host(&host);
    without_a_way_out(&host);
    let before = host.hash_of_etc();
    let lists = || host.sh("ls -lR --time-style=full-iso /var/lib/apt | sha256sum");
    let lists_before = lists();
    let variables = [format!("HTTP_PROXY={}", proxy.url()), format!("HTTPS_PROXY={}", proxy.url())];
    let pinned = |pin| {
        let words =
            ["--engine-env", &variables[0], "--engine-env", &variables[1], "--engine-install", "distro"];
        user.adopt(&host, "n1", &[&words[..], &["--engine-version", pin]].concat())
    };
    let cause = "Debian GNU/Linux 12 (bookworm) has no engine 26.1; the nearest are 20.10.24";
    let refused = pinned("26.1").fails(3, cause);
    assert!(refused.stderr.contains("choose one of those with --engine-version"), "{}", refused.stderr);
    assert_eq!((host.hash_of_etc(), lists()), (before, lists_before));
    assert_eq!(host.sh("ls -d /var/lib/rmachine /etc/docker 2>/dev/null || true"), "");
    let asked = proxy.asked();
    assert!(
        asked.iter().any(|asked| asked.starts_with("GET http://") && asked.contains("/dists/")),
        "{asked:?}"
    );

    let made = pinned("20.10");
    assert!(!made.stderr.contains("secret"), "{}", made.stderr);
    made.ok();
    let asked = proxy.asked();
    assert!(asked.iter().any(|asked| asked.contains("/docker.io_20.10.24")), "the installer's: {asked:?}");
    let version = user.docker("n1", "version --format '{{.Server.Version}}'").ok();
    assert!(version.starts_with("20.10.24"), "{version}");
    assert_ne!(user.docker("n1", "pull registry.test/nothing").status, 0);
    let asked = proxy.asked();
    assert!(asked.contains(&"CONNECT registry.test:443".to_owned()), "the engine's: {asked:?}");
    let wide =
        host.sh("grep -rl ann:secret /etc /var/lib/rmachine | xargs stat -c '%a %n' | grep -v ^600 || true");
    assert_eq!(wide, "", "the password is for root alone");
}

#[test]
fn a_bundle_with_a_wrong_checksum_is_refused_before_it_is_sent() {
    let bundle = bundle!(bundle_26("26.1.5-a"));
    let host = host!(Kind::Debian13);
    let user = User::new();
    let wrong = "0".repeat(64);
    let logins_before: u32 = host.sh("journalctl -q -u ssh | grep -c Accepted").parse().unwrap();
    let refused = user.adopt(&host, "n1", &["--engine-bundle", &bundle, "--engine-sha256", &wrong]);
    let refused = refused.fails(3, "the checksum of");
    assert!(refused.stderr.contains("get the file again; nothing was sent"), "{}", refused.stderr);
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "");
    // Our own question is the one login more.
    let logins = host.sh("journalctl -q -u ssh | grep -c Accepted").parse();
    assert_eq!(logins, Ok(logins_before + 1), "nobody even logged in");
    assert_eq!(host.sh("ls -d /var/lib/rmachine /opt/rmachine 2>/dev/null || true"), "");
}
