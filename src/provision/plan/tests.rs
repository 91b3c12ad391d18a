mod openrc;
mod ports;
mod refusals;
mod systems;

use serde_json::json;

use super::*;
use crate::{
    provision::{
        Access, InstallFrom,
        facts::{
            Disk, FileState, HostFile, Init, Installer, Listener, Offers, Origin, Process, Published,
            Unfinished, recorded::*,
        },
        unit::Flag,
    },
    secret::Secret,
    tls::Identity,
};

fn identity() -> Identity {
    Identity { certificate: "certificate".into(), key: Secret::new("the key") }
}

fn planned_from(facts: &Facts, reached: &str, wishes: &Wishes) -> Result<Plan, Refusal> {
    let server = identity();
    let reached = Some(reached.parse().unwrap());
    plan(
        facts,
        wishes,
        &Materials {
            machine: "n1",
            store: "5107e",
            is_made: false,
            provider: "generic",
            reached,
            authority: "authority",
            server: &server,
            archive: None,
            environment: Vec::new(),
        },
    )
}

fn planned(facts: &Facts, wishes: &Wishes) -> Result<Plan, Refusal> {
    planned_from(facts, "10.99.0.41", wishes)
}

fn tls() -> Wishes {
    Wishes::default()
}

fn ssh() -> Wishes {
    Wishes { access: Access::Ssh, ..Wishes::default() }
}

/// What the plan says, without the digest.
fn said(facts: &Facts, wishes: &Wishes) -> String {
    let text = planned(facts, wishes).unwrap().render();
    text.lines().filter(|line| !line.starts_with("plan sha256:")).collect::<Vec<_>>().join("\n")
}

fn refused(facts: &Facts, wishes: &Wishes) -> String {
    planned(facts, wishes).unwrap_err().to_string()
}

fn daemon_json(plan: &Plan) -> String {
    let found = plan.changes.iter().find_map(|change| match change {
        Change::Write { path, content: Content::Text(text), .. } if path.ends_with("/daemon.json") => {
            Some(text.clone())
        }
        _ => None,
    });
    found.expect("daemon.json is written")
}

#[test]
fn plans_for_real_hosts_read_as_they_always_did() {
    insta::assert_snapshot!("debian12_blank", said(&debian12_blank(), &tls()));
    insta::assert_snapshot!("debian13_blank", said(&debian13_blank(), &tls()));
    insta::assert_snapshot!("debian12_engine", said(&debian12_engine(), &tls()));
    insta::assert_snapshot!("debian12_containers", said(&debian12_containers(), &tls()));
    insta::assert_snapshot!("debian13_containers", said(&debian13_containers(), &tls()));
    insta::assert_snapshot!("debian12_swarm", said(&debian12_swarm(), &tls()));
    insta::assert_snapshot!("debian12_docker_machine", said(&debian12_docker_machine(), &tls()));
    insta::assert_snapshot!("debian12_containers_over_ssh", said(&debian12_containers(), &ssh()));
}

#[test]
fn the_digest_is_the_same_for_the_same_facts_whatever_the_certificate() {
    let facts = debian12_containers();
    let other = Identity { certificate: "another".into(), key: Secret::new("another") };
    let materials = Materials {
        machine: "n1",
        store: "5107e",
        is_made: false,
        provider: "generic",
        reached: Some("10.99.0.41".parse().unwrap()),
        authority: "another",
        server: &other,
        archive: None,
        environment: Vec::new(),
    };
    let digest = planned(&facts, &tls()).unwrap().digest();
    assert_eq!(plan(&facts, &tls(), &materials).unwrap().digest(), digest);
    let wishes = Wishes { port: 2377, ..tls() };
    assert_ne!(planned(&facts, &wishes).unwrap().digest(), digest);
}

#[test]
fn no_plan_holds_a_key() {
    let text = serde_json::to_string(&planned(&debian12_engine(), &tls()).unwrap()).unwrap();
    assert!(!text.contains("the key") && !text.contains("certificate\":\"certificate"), "{text}");
}

/// The facts of a host as it is after the plan was applied to it.
fn applied(mut facts: Facts, wishes: &Wishes) -> Facts {
    let server = identity();
    let materials = Materials {
        machine: "n1",
        store: "5107e",
        is_made: false,
        provider: "generic",
        reached: Some("10.99.0.41".parse().unwrap()),
        authority: "authority",
        server: &server,
        archive: None,
        environment: Vec::new(),
    };
    for change in plan(&facts, wishes, &materials).unwrap().changes {
        match change {
            Change::Write { path, mode, content, .. } => {
                let bytes = bytes(&content, &materials).to_vec();
                if path == facts.config_path {
                    facts.config = Some(HostFile { bytes: Some(bytes.clone()), mode });
                }
                if path.ends_with("state.json") {
                    facts.state = serde_json::from_slice(&bytes).ok();
                }
                let state = FileState { sha256: sha256(&bytes), mode };
                facts.files.insert(path, state);
            }
            Change::Remove { path, .. } => {
                facts.files.remove(&path);
                facts.texts.retain(|file| file.path != path);
            }
            _ => {}
        }
    }
    let engine = facts.engine.as_mut().unwrap();
    engine.our_socket.is_active = wishes.access == Access::Tls;
    engine.service.is_active = true;
    facts
}

#[test]
fn planning_again_after_applying_finds_nothing_to_do() {
    for facts in [debian12_engine(), debian12_containers(), debian13_containers()] {
        for wishes in [tls(), ssh(), Wishes { env: vec!["HTTP_PROXY=http://p:1".into()], ..tls() }] {
            let after = applied(facts.clone(), &wishes);
            let again = planned(&after, &wishes).unwrap();
            assert!(again.is_empty(), "{:#?}", again.changes);
        }
    }
}

#[test]
fn going_from_tls_to_ssh_and_back_leaves_nothing_behind() {
    let start = applied(debian12_containers(), &tls());
    let over_ssh = applied(start.clone(), &ssh());
    let written: Vec<_> = over_ssh.files.keys().filter(|path| path.contains("rmachine/ca.pem")).collect();
    assert!(written.is_empty(), "{written:?}");
    let options: serde_json::Value =
        serde_json::from_slice(over_ssh.config.as_ref().unwrap().bytes.as_ref().unwrap()).unwrap();
    assert_eq!(options, json!({"debug": true, "labels": ["provider=generic"]}));
    let back = applied(over_ssh, &tls());
    assert_eq!(back.config, start.config);
}

#[test]
fn settings_of_the_users_own_stay_where_they_are() {
    let plan = planned(&debian12_containers(), &tls()).unwrap();
    let text = daemon_json(&plan);
    assert!(text.starts_with("{\n  \"debug\": true,\n"), "{text}");
    assert!(text.contains("\"tlsverify\": true"), "the socket looks for these very words: {text}");
}

#[test]
fn a_setting_that_is_no_longer_wished_for_goes_back_to_what_it_was() {
    let wish = |value: serde_json::Value| Wishes { daemon: value.as_object().unwrap().clone(), ..ssh() };
    let mut configured =
        applied(debian12_containers(), &wish(json!({"debug": false, "mtu": 1400, "labels": ["a=1"]})));
    configured.origin = Some(Origin {
        paths: Vec::new(),
        config: debian12_containers().config.unwrap().bytes,
        was_active: true,
        installed: false,
    });
    let again = planned(&configured, &ssh()).unwrap();
    let options: serde_json::Value = serde_json::from_str(&daemon_json(&again)).unwrap();
    assert_eq!(options, json!({"debug": true, "labels": ["provider=generic"]}));
}

#[test]
fn only_what_needs_a_restart_gets_one() {
    let adopted = applied(debian12_containers(), &tls());
    let wish = |value: serde_json::Value| Wishes { daemon: value.as_object().unwrap().clone(), ..tls() };
    let reload = planned(&adopted, &wish(json!({"labels": ["a=1"]}))).unwrap();
    assert!(
        !reload.restarts()
            && reload
                .changes
                .iter()
                .any(|change| matches!(change, Change::Reload { because } if because == &["labels"]))
    );
    assert!(planned(&adopted, &wish(json!({"mtu": 1400}))).unwrap().restarts());
    assert!(planned(&adopted, &Wishes { env: vec!["A=B".into()], ..tls() }).unwrap().restarts());
    let mut closed = adopted;
    closed.engine.as_mut().unwrap().our_socket.is_active = false;
    assert!(planned(&closed, &tls()).unwrap().restarts());
}

#[test]
fn containers_are_kept_where_that_is_possible_and_named_where_it_is_not() {
    let held = planned(&debian12_containers(), &tls()).unwrap();
    assert!(matches!(held.fate(), Some(Fate::Held { containers }) if containers.len() == 2));
    assert_eq!(held.permit(false), Ok(()));

    let stop = planned(&debian12_swarm(), &tls()).unwrap();
    assert_eq!(stop.stops().len(), 2);
    assert_eq!(
        stop.permit(false).unwrap_err().to_string(),
        "restarting the engine would stop 2 containers (job, web): a swarm is active, which rules out live-restore"
    );
    assert_eq!(stop.permit(true), Ok(()));

    let mut already = debian12_containers();
    already.engine.as_mut().unwrap().running.as_mut().unwrap().live_restore = true;
    assert!(matches!(planned(&already, &tls()).unwrap().fate(), Some(Fate::GoOn { .. })));

    let mut mute = debian12_containers();
    let engine = mute.engine.as_mut().unwrap();
    engine.running = None;
    engine.tasks = vec!["0123456789abcdef".into()];
    assert_eq!(planned(&mute, &tls()).unwrap().stops()[0].name, "0123456789ab");
}

#[test]
fn the_engine_listens_where_ssh_came_in_if_the_host_owns_that() {
    let mut host = debian12_engine();
    host.addresses.push("8.8.8.8".parse().unwrap());
    let listens = |reached: &str, wishes: &Wishes| {
        let plan = planned_from(&host, reached, wishes).unwrap();
        (plan.listen.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), plan.notes.join("; "))
    };
    assert_eq!(listens("10.99.0.41", &tls()), ("10.99.0.41:2376".into(), String::new()));
    assert_eq!(
        listens("203.0.113.9", &tls()),
        (
            "0.0.0.0:2376".into(),
            "the host does not own 203.0.113.9, so the engine listens on every address".into()
        )
    );
    let public = Wishes { listen: vec!["8.8.8.8".parse().unwrap()], port: 1234, ..tls() };
    let (addresses, notes) = listens("10.99.0.41", &public);
    assert_eq!(addresses, "8.8.8.8:1234");
    assert!(
        notes.contains("8.8.8.8 is a public address: port 1234 can be reached from everywhere"),
        "{notes}"
    );
    let foreign = Wishes { listen: vec!["9.9.9.9".parse().unwrap()], ..tls() };
    let refused = planned_from(&host, "10.99.0.41", &foreign).unwrap_err();
    assert!(refused.to_string().starts_with("the host does not have the address 9.9.9.9; it has 127.0.0.1"));
    assert_eq!(listens("10.99.0.41", &ssh()), (String::new(), String::new()));
}

#[test]
fn an_engine_started_without_hosts_gets_them_in_its_settings() {
    let mut facts = debian12_engine();
    facts.engine.as_mut().unwrap().flags.clear();
    let plan = planned(&facts, &tls()).unwrap();
    let options: serde_json::Value = serde_json::from_str(&daemon_json(&plan)).unwrap();
    assert_eq!(options["hosts"], json!(["unix:///var/run/docker.sock", "tcp://10.99.0.41:2376"]));
    let is_unit =
        |change: &Change| matches!(change, Change::Write { path, .. } if path.starts_with("/etc/systemd"));
    assert!(!plan.changes.iter().any(is_unit));
    let again = applied(facts, &tls());
    assert!(planned(&again, &tls()).unwrap().is_empty());
}

#[test]
fn docker_machines_flags_become_settings_and_its_variables_stay() {
    let plan = planned(&debian12_docker_machine(), &tls()).unwrap();
    let options: serde_json::Value = serde_json::from_str(&daemon_json(&plan)).unwrap();
    assert_eq!(options["storage-driver"], "overlay2");
    assert_eq!(options["insecure-registries"], json!(["registry.example:5000"]));
    assert_eq!(options["labels"], json!(["provider=generic"]));
    assert!(options.get("hosts").is_none());
    let drop_in = plan.changes.iter().find_map(|change| match change {
        Change::Write { path, content: Content::Text(text), .. } if path.ends_with("10-rmachine.conf") => {
            Some(text)
        }
        _ => None,
    });
    assert!(drop_in.unwrap().contains("[Service]\nEnvironment=\"A=B\"\n"));
    assert!(
        planned(&debian12_taken_over(), &tls()).unwrap().changes.iter().all(|change| match change {
            // Its note is older than the noting of stores.
            Change::Write { path, .. } =>
                path.starts_with("/etc/docker/rmachine/") || path.ends_with("state.json"),
            _ => true,
        }),
        "what was taken over stays, although the drop-in is gone"
    );
}

#[test]
fn docker_machines_flags_that_have_no_place_in_settings_are_refused() {
    let mut facts = debian12_docker_machine();
    facts.engine.as_mut().unwrap().flags.push(Flag { name: "nri-opts".into(), value: "enable=true".into() });
    assert_eq!(
        refused(&facts, &tls()),
        "/etc/systemd/system/docker.service.d/10-machine.conf starts the engine with --nri-opts=enable=true, which cannot be taken over"
    );
}

#[test]
fn variables_are_quoted_as_systemd_reads_them() {
    let wishes = Wishes { env: vec![r#"A=50% of "it" \ all"#.into()], ..tls() };
    let plan = planned(&debian12_engine(), &wishes).unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    let expected = serde_json::to_string(r#"Environment="A=50%% of \"it\" \\ all""#).unwrap();
    assert!(text.contains(expected.trim_matches('"')), "{text}");
    for bad in ["A", "=b", "1A=b", "A B=c", "A=b\nExecStart=evil"] {
        let wishes = Wishes { env: vec![bad.into()], ..tls() };
        assert!(matches!(planned(&debian12_engine(), &wishes), Err(Refusal::BadVariable { .. })), "{bad:?}");
    }
}

#[test]
fn a_new_name_changes_the_files_that_hold_it() {
    let wishes = Wishes { hostname: Some("n2".into()), ..ssh() };
    let plan = planned(&debian12_engine(), &wishes).unwrap();
    let text = |wanted: &str| {
        plan.changes.iter().find_map(|change| match change {
            Change::Write { path, content: Content::Text(text), .. } if path == wanted => Some(text.as_str()),
            _ => None,
        })
    };
    assert_eq!(text("/etc/hostname"), Some("n2\n"));
    assert_eq!(text("/etc/hosts"), Some("127.0.0.1 localhost\n127.0.1.1 n2\n"));
    let same = Wishes { hostname: Some("n1".into()), ..ssh() };
    let plan = planned(&debian12_engine(), &same).unwrap();
    assert!(!plan.changes.iter().any(|change| matches!(change, Change::Hostname { .. })));
}

#[test]
fn where_the_engine_comes_from() {
    let install = |facts: &Facts, from| {
        let plan = planned(facts, &Wishes { install: from, ..tls() });
        plan.map(|plan| {
            plan.changes.into_iter().find_map(|change| match change {
                Change::Install(Source::Packages(packages)) => Some(packages.names.join(" ")),
                Change::Install(Source::Script { url, first, .. }) => {
                    let packages =
                        first.iter().flat_map(|packages| &packages.names).cloned().collect::<Vec<_>>();
                    Some(format!("{url} {}", packages.join(" ")).trim().to_owned())
                }
                _ => None,
            })
        })
    };
    let distro = Ok(Some("docker.io iptables ca-certificates".to_owned()));
    let script = Ok(Some("https://get.docker.com".to_owned()));
    let mut blank = debian12_blank();
    assert_eq!(install(&blank, InstallFrom::Auto), distro, "the vendor's host does not answer");
    assert_eq!(install(&blank, InstallFrom::None), Err(Refusal::NoEngine));
    assert!(matches!(install(&blank, InstallFrom::Script), Err(Refusal::NoInstaller { .. })));
    blank.installer = Installer::Answers;
    assert_eq!(install(&blank, InstallFrom::Auto), script);
    assert_eq!(install(&blank, InstallFrom::Script), script);
    assert_eq!(install(&blank, InstallFrom::Distro), distro);
    blank.tools.fetcher = false;
    let with_fetcher = Ok(Some("https://get.docker.com curl ca-certificates".to_owned()));
    assert_eq!(install(&blank, InstallFrom::Script), with_fetcher);
    assert_eq!(install(&debian12_engine(), InstallFrom::Script), Ok(None), "an engine that is there is kept");
}

#[test]
fn access_over_ssh_needs_the_client_on_the_host() {
    let mut facts = debian13_containers();
    facts.client = None;
    assert!(said(&facts, &ssh()).starts_with("install docker-cli\n"));
    facts.os.id = "alpine".into();
    assert_eq!(planned(&facts, &ssh()), Err(Refusal::NoClient));
}
