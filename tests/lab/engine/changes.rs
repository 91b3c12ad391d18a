//! Changes and what they do to what runs.

use super::Lab;

/// Options that the engine reads again: containers and the engine go on, on the way there and back.
pub fn what_only_needs_a_reload_disturbs_nothing(lab: &Lab) {
    let container = lab.host.keep_running();
    let engine = lab.host.engine_start();
    let info = |what: &str| lab.host.sh(&format!("docker info -f '{{{{.{what}}}}}'"));
    let seen = || {
        [
            "Debug",
            "Labels",
            "RegistryConfig.Mirrors",
            "RegistryConfig.InsecureRegistryCIDRs",
            "LiveRestoreEnabled",
        ]
        .map(info)
    };
    let shm = || lab.inside("df -k /dev/shm | tail -n 1 | awk '\"'\"'{print $2}'\"'\"'");
    let (before, shm_before) = (seen(), shm());
    let said = lab.engine(
        "set",
        &[
            "debug=true",
            "label=rack=b7",
            "registry-mirror=https://mirror.example.org",
            "insecure-registry=10.77.0.0/16",
            "live-restore=true",
            "max-concurrent-downloads=7",
            "max-download-attempts=2",
            "shutdown-timeout=33",
            "feature=buildkit=true",
            "default-shm-size=128M",
        ],
    );
    assert!(said.stderr.contains("the engine is not restarted"), "{}", said.stderr);
    said.ok();
    let after = seen();
    for (what, value) in
        ["true", "rack=b7", "https://mirror.example.org", "10.77.0.0/16", "true"].iter().zip(&after)
    {
        assert!(value.contains(what), "{what}: {after:?}");
    }
    assert_eq!(shm(), "131072", "default-shm-size");
    lab.unset(&["label=rack=b7"]);
    lab.unset(&[
        "debug",
        "registry-mirrors",
        "insecure-registries",
        "live-restore",
        "max-concurrent-downloads",
        "max-download-attempts",
        "shutdown-timeout",
        "features",
        "default-shm-size",
    ]);
    assert_eq!((seen(), shm()), (before, shm_before), "the engine forgets what is taken back");
    assert_eq!((lab.host.engine_start(), lab.host.container()), (engine, container), "nobody noticed");
}

/// What the engine does not start with: refused by it or tried, and all is as it was.
pub fn what_breaks_the_engine_is_taken_back(lab: &Lab) {
    let (config, container) = (lab.config(), lab.host.container());
    let stored = std::fs::read(lab.user.machine_file("n1", "config.json")).unwrap();
    // More than once: systemd starts a failed engine again by itself, which must not find a file that ends the containers.
    for _ in 0..3 {
        lab.engine("set", &["seccomp-profile=/etc/docker/no-such-file"])
            .fails(1, "everything was put back as it was");
        assert_eq!((lab.config(), lab.host.container()), (config.clone(), container.clone()));
    }
    lab.engine("set", &["log-driver=nonsense"]).fails(3, "option \"log-driver\" must be one of");
    lab.engine("set", &["mtu=90000"]).fails(2, "option \"mtu\" must be a number from 68 to 65535");
    let engine = lab.host.engine_start();
    lab.host.sh("cp -p /etc/docker/daemon.json /root/good; printf '{\\n  \"debug\": yes\\n}\\n' >/etc/docker/daemon.json");
    let broken = lab.config();
    lab.engine("set", &["mtu=1450"]).fails(3, "line 2, column 12: expected value");
    assert_eq!(lab.config(), broken, "it is not touched");
    lab.host.sh("cp -p /root/good /etc/docker/daemon.json");
    assert_eq!((lab.host.engine_start(), lab.host.container()), (engine, container));
    let now = std::fs::read(lab.user.machine_file("n1", "config.json")).unwrap();
    assert_eq!(String::from_utf8_lossy(&now), String::from_utf8_lossy(&stored), "the store is as it was");
    assert_eq!(lab.config(), config);
}

/// A change that running containers do not survive names them, and does nothing without `--yes`.
pub fn what_would_lose_containers_is_refused_and_names_them(lab: &Lab) {
    let (engine, container) = (lab.host.engine_start(), lab.host.container());
    let unasked = |word: &str| lab.user.rmachine(&["engine", "set", "n1", word]);
    unasked("data-root=/srv/docker").fails(3, "would stop the container keep: the engine will not find them");
    unasked("bip=10.99.7.1/24").fails(3, "would stop the container keep: bip changes the network");
    assert_eq!((lab.host.engine_start(), lab.host.container()), (engine, container.clone()));
    lab.set(&["mtu=1450"]);
    assert_eq!(lab.host.container(), container, "an option of new containers lets old ones go on");
    lab.set(&["live-restore=true"]);
    let dry = lab.user.rmachine(&["engine", "set", "n1", "bip=10.99.7.1/24", "--dry-run"]).ok();
    assert!(dry.contains("the container keep will stop"), "{dry}");
    lab.set(&["bip=10.99.7.1/24"]);
    assert_eq!(
        lab.host.sh("docker inspect -f '{{.State.Running}}' keep"),
        "false",
        "let go, not left without an engine"
    );
    lab.unset(&["bip", "mtu", "live-restore"]);
}

/// `--env`: quotes, dollars, percent signs and blanks arrive.
pub fn variables_reach_the_engine_as_they_are(lab: &Lab) {
    let value = r#"a "b" $HOME `id` 50% \ 'c'"#;
    lab.set(&["--env", &format!("ODD={value}")]);
    let environ =
        "tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value docker)/environ | sed -n 's/^ODD=//p'";
    assert_eq!(lab.host.sh(environ), value);
    lab.unset(&["--env", "ODD"]);
    assert_eq!(lab.host.sh(environ), "");
}
