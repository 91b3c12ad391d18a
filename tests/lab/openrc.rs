//! A host that OpenRC runs: Debian's OpenRC with services as Alpine has them, first with Debian's tools and engine, then with busybox's
//! tools and an engine out of an archive.

use std::time::{Duration, Instant};

use crate::{
    host,
    support::{Host, Kind, User, bundle_20, skip},
};

/// The tools of a small system: busybox's, but for what the lab itself needs. Debian's busybox has no flock.
const SMALL: &str = "rc-service docker stop >/dev/null 2>&1
    apt-get -qq purge docker.io containerd runc >/dev/null 2>&1
    rm -rf /etc/init.d/docker /etc/conf.d /etc/docker /etc/runlevels/*/docker /var/lib/docker/* /etc/group- /etc/gshadow-
    ! getent group docker >/dev/null || groupdel docker
    rm -f /etc/group- /etc/gshadow-
    apt-get -qq install -y libdevmapper1.02.1 libseccomp2 >/dev/null 2>&1
    mkdir /tmp/small && busybox --install -s /tmp/small && rm /tmp/small/ip && cp -a /tmp/small/. /usr/local/bin/
    ln -sf /bin/busybox /bin/sh
    rm -f /usr/bin/curl /usr/bin/perl";

/// A host of the lab after its conversion.
fn openrc_host() -> Result<Host, String> {
    let host = Host::boot(Kind::Debian12Engine)?;
    let link = std::path::Path::new("/sys/class/net").join(host.link()).join("ifindex");
    let plugged = std::fs::read(&link).map_err(|error| error.to_string())?;
    host.sh(include_str!("openrc/convert.sh"));
    // Who asks while it goes down waits for an answer that never comes.
    let began = Instant::now();
    while std::fs::read(&link).is_ok_and(|now| now == plugged) && began.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(100));
    }
    host.wait_until("[ -d /run/openrc ] && [ ! -d /run/systemd/system ] && docker version >/dev/null");
    Ok(host)
}

#[test]
fn a_host_of_openrc_is_adopted_changed_undone_and_released_with_its_containers_running() {
    let bundle = match bundle_20("20.10.24") {
        Ok(path) => path.display().to_string(),
        Err(why) => return skip("a_host_of_openrc", &why),
    };
    let host = host!(@ openrc_host());
    let user = User::new();
    without_an_init_system_it_is_refused(&host, &user);
    an_engine_that_is_there_is_kept(&host, &user);
    an_engine_of_an_init_script_of_old_is_adopted(&host, &user);
    an_engine_comes_and_goes_by_bundle(&host, &user, &bundle);
}

/// Debian's sysvinit, without OpenRC, runs on it then.
fn without_an_init_system_it_is_refused(host: &Host, user: &User) {
    let before = host.hash_of_etc();
    host.sh("mv /run/openrc /run/openrc.away");
    let none = user.adopt(host, "n1", &[]);
    host.sh("mv /run/openrc.away /run/openrc");
    none.fails(3, "is run by neither systemd nor OpenRC, and no other init system is supported");
    assert_eq!((host.hash_of_etc(), user.rmachine(&["ls", "-q"]).ok()), (before, String::new()));
}

/// Its flags are in /etc/default/docker: what stands there stays, and what would be given twice is refused.
fn an_engine_of_an_init_script_of_old_is_adopted(host: &Host, user: &User) {
    host.sh("docker rm -f keep && rc-service docker stop && cp -p /etc/init.d/docker /root/docker.openrc && cp -p /root/docker.old /etc/init.d/docker && \
             echo 'DOCKER_OPTS=\"--mtu 1400\"' >/etc/default/docker && rc-service docker start");
    host.wait_until("docker version >/dev/null");
    let before = host.hash_of_etc();
    let twice = "mtu cannot be set: /etc/default/docker starts the engine with --mtu, and the engine refuses to get it twice";
    user.adopt(host, "n1", &["--engine-mtu", "1450"]).fails(3, twice);
    assert_eq!(host.hash_of_etc(), before);
    user.adopt(host, "n1", &["--engine-opt", "icc=false", "--engine-env", "HTTP_PROXY=http://a:3128"]).ok();
    let options = user.docker("n1", "network inspect -f '{{json .Options}}' bridge").ok();
    assert!(options.contains(r#"enable_icc":"false""#) && options.contains(r#"mtu":"1400""#), "{options}");
    assert_eq!(user.docker("n1", "info --format '{{.HTTPProxy}}'").ok(), "http://a:3128");
    user.rmachine(&["release", "-y", "n1"]).ok();
    assert_eq!(host.hash_of_etc(), before);
    user.rmachine(&["rm", "-f", "n1"]);
    host.sh("rc-service docker stop && cp -p /root/docker.openrc /etc/init.d/docker && rm /etc/default/docker && rc-service docker start");
}

fn an_engine_that_is_there_is_kept(host: &Host, user: &User) {
    let container = host.keep_running();
    let before = host.hash_of_etc();
    let options = ["--engine-opt", "mtu=1400", "--engine-env", "HTTP_PROXY=http://a$b:3128"];
    user.adopt(host, "n1", &options).ok();
    assert_eq!(host.container(), container);
    assert_eq!(user.docker("n1", "info --format '{{.HTTPProxy}}'").ok(), "http://a$b:3128");
    assert_eq!(host.sh("stat -c %a /etc/conf.d/docker"), "600", "it may hold a password");
    let again = user.rmachine(&["provision", "n1"]);
    assert!(again.stderr.contains("already as it should be"), "{}", again.stderr);

    let engine = || host.sh("cat /run/docker.pid");
    let running = engine();
    user.rmachine(&["engine", "set", "n1", "debug=true"]).ok();
    assert_eq!((engine(), user.docker("n1", "info --format '{{.Debug}}'").ok()), (running, "true".into()));

    // An engine that ends at once, again and again, until OpenRC gives it up.
    let settings = host.sh("cat /etc/docker/daemon.json");
    let failed = user.rmachine(&["engine", "set", "n1", "storage-opts=nonsense=1"]);
    let failed = failed.fails(1, "the engine does not start; everything was put back as it was");
    assert!(failed.stderr.contains("unknown option nonsense"), "its last words: {}", failed.stderr);
    assert_eq!((host.sh("cat /etc/docker/daemon.json"), host.container()), (settings, container.clone()));
    assert_eq!(user.docker("n1", "ps --format '{{.Names}}'").ok(), "keep");

    user.rmachine(&["regenerate-certs", "-f", "n1"]).ok();
    assert_eq!(user.docker("n1", "ps --format '{{.Names}}'").ok(), "keep");
    user.rmachine(&["release", "-y", "n1"]).ok();
    assert_eq!((host.hash_of_etc(), host.container()), (before, container));
    user.rmachine(&["rm", "-f", "n1"]);
}

/// With a shell and tools that know less, and nothing but the docker client to ask the engine with.
fn an_engine_comes_and_goes_by_bundle(host: &Host, user: &User, bundle: &str) {
    host.sh(SMALL);
    let before = host.hash_of_etc_but_for_backups();
    user.adopt(host, "n1", &["--engine-bundle", bundle]).ok();
    assert_eq!(
        host.sh("readlink /proc/$(cat /run/docker.pid)/exe; readlink /etc/runlevels/default/docker"),
        "/opt/rmachine/engine/20.10.24/dockerd\n/etc/init.d/docker"
    );
    let container = host.keep_running();
    let again = user.rmachine(&["provision", "n1"]);
    assert!(again.stderr.contains("already as it should be"), "{}", again.stderr);
    user.rmachine(&["engine", "set", "n1", "debug=true"]).ok();
    user.rmachine(&["engine", "set", "n1", "userland-proxy=false"]).ok();
    assert_eq!(host.container(), container, "live-restore kept it over the restart");
    // It would take its ten seconds to end.
    user.docker("n1", "rm -f keep").ok();
    user.rmachine(&["release", "-y", "n1"]).ok();
    assert_eq!(host.sh("ls -d /opt/rmachine /var/lib/rmachine 2>/dev/null; pgrep dockerd; true"), "");
    host.sh("rm -rf /etc/docker");
    assert_eq!(host.hash_of_etc_but_for_backups(), before);
}
