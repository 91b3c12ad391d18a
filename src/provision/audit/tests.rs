use serde_json::json;

use super::*;
use crate::provision::facts::recorded::*;

fn checks(findings: &[Finding]) -> Vec<String> {
    let one = |finding: &Finding| match &finding.about {
        Some(about) => format!("{:?} {} {about}", finding.severity, finding.check),
        None => format!("{:?} {}", finding.severity, finding.check),
    };
    findings.iter().map(one).collect()
}

#[test]
fn an_engine_as_distributions_ship_it_has_nothing_grave_but_room_for_more() {
    let found = checks(&audit(&debian12_adopted(), &Evidence::default(), 0));
    assert_eq!(
        found,
        ["Medium userns", "Medium no-new-privileges", "Medium icc", "Low live-restore", "Low userland-proxy"]
    );
}

#[test]
fn an_open_socket_is_found_wherever_it_is_set_up() {
    let mut facts = debian12_engine();
    let flag =
        |name: &str, value: &str| crate::provision::unit::Flag { name: name.into(), value: value.into() };
    let flags = &mut facts.engine.as_mut().unwrap().flags;
    flags.push(flag("host", "tcp://0.0.0.0:2375"));
    flags.push(flag("host", "tcp://127.0.0.1:2375"));
    flags.push(flag("metrics-addr", "0.0.0.0:9323"));
    flags.push(flag("insecure-registry", "r.example.org:5000"));
    flags.push(flag("seccomp-profile", "unconfined"));
    let found = checks(&audit(&facts, &Evidence::default(), 0));
    for expected in [
        "High tcp-without-tls tcp://0.0.0.0:2375",
        "Medium tcp-without-tls tcp://127.0.0.1:2375",
        "Medium metrics 0.0.0.0:9323",
        "Medium insecure-registry r.example.org:5000",
        "High seccomp",
    ] {
        assert!(found.contains(&expected.to_owned()), "{expected}: {found:?}");
    }
    let cure = |facts: &Facts, check: &str| {
        let found = audit(facts, &Evidence::default(), 0);
        found.into_iter().find(|finding| finding.check == check).unwrap().cure
    };
    let by_hand = |place: &str| {
        Cure::ByHand(format!("take tcp://0.0.0.0:2375 out of {place} on the host, then: provision NAME"))
    };
    let variable = by_hand("the file that /lib/systemd/system/docker.service takes variables from");
    assert_eq!(cure(&facts, "tcp-without-tls"), variable, "provision would refuse it");
    let words = &mut facts.engine.as_mut().unwrap().command.as_mut().unwrap().words;
    words.push("--host=tcp://0.0.0.0:2375".into());
    assert_eq!(cure(&facts, "tcp-without-tls"), by_hand("/lib/systemd/system/docker.service"));
    let mut ours = debian12_adopted();
    let hosts = json!({ "hosts": ["unix:///var/run/docker.sock", "tcp://10.0.0.5:2376"] });
    ours.config.as_mut().unwrap().bytes = Some(hosts.to_string().into_bytes());
    ours.state.as_mut().unwrap().daemon = hosts.as_object().unwrap().clone();
    assert_eq!(cure(&ours, "tcp-without-tls"), Cure::Provision);
    facts.engine.as_mut().unwrap().flags.push(flag("tlsverify", "true"));
    let found = checks(&audit(&facts, &Evidence::default(), 0)).join("\n");
    assert!(!found.contains("tcp-without-tls"), "{found}");
}

#[test]
fn what_a_container_may_do_to_its_host_is_found() {
    let container = json!({
        "Name": "/web",
        "HostConfig": {
            "Privileged": true, "CapAdd": ["CAP_SYS_ADMIN", "NET_RAW"], "PidMode": "host", "NetworkMode": "host",
            "IpcMode": "private", "SecurityOpt": ["apparmor=unconfined"],
        },
        "Mounts": [
            { "Type": "bind", "Source": "/var/run/docker.sock", "RW": true },
            { "Type": "bind", "Source": "/etc", "RW": false },
            { "Type": "bind", "Source": "/srv/data", "RW": true },
            { "Type": "volume", "Source": "/var/lib/docker/volumes/x/_data", "RW": true },
        ],
    });
    let harmless =
        json!({ "Name": "/ok", "HostConfig": { "Privileged": false, "CapAdd": null }, "Mounts": [] });
    assert_eq!(
        checks(&containers::judge(&[container, harmless])),
        [
            "High privileged web",
            "High capability web",
            "Low capability web",
            "High host-namespace web",
            "Medium host-namespace web",
            "High unconfined web",
            "High engine-socket web",
            "Medium host-folder web",
        ]
    );
}

#[test]
fn files_that_others_may_write_and_keys_that_others_may_read_are_found() {
    let file = |path: &str, mode, owner: &str| FileMode { path: path.into(), mode, owner: owner.into() };
    let modes = vec![
        file("/etc/docker/daemon.json", 0o644, "root"),
        file("/etc/docker/daemon.json", 0o666, "root"),
        file("/etc/docker/rmachine/server-key.pem", 0o644, "root"),
        file("/run/docker.sock", 0o660, "root"),
        file("/run/docker.sock", 0o666, "root"),
        file("/etc/docker", 0o755, "ann"),
        file("/etc/docker/rmachine", 0o755, "root"),
    ];
    let evidence = Evidence { modes, group: vec!["ann".into()], ..Evidence::default() };
    let found = files::judge(&evidence, 0);
    assert_eq!(
        checks(&found),
        [
            "High file-mode /etc/docker/daemon.json",
            "High file-mode /etc/docker/rmachine/server-key.pem",
            "High file-mode /run/docker.sock",
            "High file-owner /etc/docker",
            "Low file-mode /etc/docker/rmachine",
            "Low docker-group",
        ]
    );
    assert_eq!(found[0].cure, Cure::OnHost("chmod 644 /etc/docker/daemon.json".to_owned()));
}

#[test]
fn a_certificate_that_ends_soon_is_told_and_one_that_has_ended_is_grave() {
    let now = 1_800_000_000;
    let authority = crate::tls::make_authority("test", now).unwrap();
    let names = ["n1".parse().unwrap()];
    let server = crate::tls::make_server(&authority, "test", &names, now).unwrap();
    let ends = crate::tls::read(&server.certificate).unwrap().not_after;
    let evidence = Evidence { certificate: Some(server.certificate), ..Evidence::default() };
    let at = |now| checks(&files::judge(&evidence, now));
    assert!(at(now).is_empty());
    assert_eq!(at(ends - 9 * 86_400), ["Medium certificate"]);
    assert_eq!(at(ends + 86_400), ["High certificate"]);
}
