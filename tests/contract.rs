//! The driver contract, run against every driver: the built-in ones, one that is known only by its flags and raw JSON, and plugins:
//! one that Go built, and the examples. What needs a real host is in `contract/hosts.rs`.

#[path = "contract/bench.rs"]
mod bench;
#[path = "contract/host.rs"]
mod host;
#[path = "contract/hosts.rs"]
mod hosts;
#[path = "plugin/mod.rs"]
mod plugin;
#[path = "contract/raw.rs"]
mod raw;
#[path = "contract/virtual_machines.rs"]
mod virtual_machines;
#[path = "contract/virtualbox.rs"]
mod virtualbox;

use std::collections::BTreeSet;

use bench::Bench;
use rmachine::{
    driver::{Driver, DriverError, FlagKind, FlagValue, Flags, Identity, Origin},
    drivers::{self, Drivers},
    env::Env,
    machine::State,
};
use serde_json::{Value, json};

fn every_driver() -> Vec<Box<dyn Driver>> {
    let mut all = drivers::all();
    all.push(Box::new(raw::Raw));
    all.extend(plugins());
    all
}

/// The plugin of Go, where it can be built, and the two examples of the protocol of our own.
fn plugins() -> Vec<Box<dyn Driver>> {
    let mut env = Env::from_process();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/plugins");
    let lab = plugin::folder().map(|folder| folder.display().to_string()).unwrap_or_default();
    env.vars.insert("PATH".into(), format!("{lab}:{examples}:/usr/bin:/bin"));
    let drivers = Drivers::new(&env, None);
    [plugin::NAME, "pool", "command"].into_iter().filter_map(|name| drivers.find(name)).collect()
}

/// Flags that give a good state for each driver.
fn good_flags(driver: &dyn Driver) -> Flags {
    let text = |text: &str| FlagValue::Text(text.to_owned());
    let mut flags = bench::defaults(driver);
    let given = match driver.name() {
        "generic" => vec![("generic-ip-address", text("192.0.2.5"))],
        "none" => vec![("none-url", text("tcp://192.0.2.5:2376"))],
        "nspawn" => vec![("nspawn-suite", text("bookworm"))],
        "qemu" => vec![("qemu-image", text("/nonexistent/disk.qcow2"))],
        "virtualbox" => vec![("virtualbox-image", text("/nonexistent/disk.qcow2"))],
        "raw" => vec![("raw-size", FlagValue::Int(3))],
        plugin::NAME => vec![("lab-size", FlagValue::Int(3))],
        "pool" => vec![("pool-hosts", text("/nonexistent/hosts"))],
        "command" => {
            let file = "\"/tmp/rmachine-contract-$MACHINE\"";
            let set = |status: &str| format!("echo {status} >{file}");
            vec![
                ("command-create", text(&format!("{}; echo 127.0.0.1", set("running")))),
                ("command-start", text(&set("running"))),
                ("command-restart", text(&set("running"))),
                ("command-stop", text(&set("stopped"))),
                ("command-status", text(&format!("cat {file} 2>/dev/null || echo unknown"))),
                ("command-remove", text(&format!("rm -f {file}"))),
            ]
        }
        other => panic!("say which flags are good for {other}"),
    };
    flags.0.extend(given.into_iter().map(|(name, value)| (name.to_owned(), value)));
    flags
}

/// Flags that must be refused before anything happens.
fn bad_flags(driver: &dyn Driver) -> Vec<(&'static str, FlagValue)> {
    let text = |text: &str| FlagValue::Text(text.to_owned());
    match driver.name() {
        "generic" => vec![
            ("generic-ip-address", text("me@192.0.2.5")),
            ("generic-ip-address", text("tcp://192.0.2.5")),
            ("generic-ssh-user", text("a b")),
            ("generic-ssh-port", FlagValue::Int(0)),
            ("generic-engine-port", FlagValue::Int(65536)),
            ("generic-ssh-host-key", text("MD5:00")),
        ],
        "none" => vec![("none-url", text("192.0.2.5")), ("none-url", text(""))],
        "nspawn" => vec![
            ("nspawn-suite", text("-x")),
            ("nspawn-suite", text("../x")),
            ("nspawn-memory", FlagValue::Int(5)),
            ("nspawn-cpus", FlagValue::Int(-1)),
            ("nspawn-subnet", text("8.8.8.0/24")),
            ("nspawn-mirror", FlagValue::List(vec!["deb".to_owned()])),
            ("nspawn-packages", FlagValue::List(vec!["-o".to_owned()])),
        ],
        "qemu" => vec![
            ("qemu-image", text("ftp://x.example/disk.qcow2")),
            ("qemu-image-sha256", text("abc")),
            ("qemu-suite", text("../x")),
            ("qemu-cpus", FlagValue::Int(0)),
            ("qemu-memory", FlagValue::Int(64)),
            ("qemu-disk", FlagValue::Int(1)),
            ("qemu-accel", text("warp")),
            ("qemu-ssh-user", text("Root Beer")),
            ("qemu-forward", FlagValue::List(vec!["80:http".to_owned()])),
        ],
        "virtualbox" => vec![
            ("virtualbox-boot2docker-url", text("ftp://x.example/boot2docker.iso")),
            ("virtualbox-cpu-count", FlagValue::Int(-2)),
            ("virtualbox-disk-size", FlagValue::Int(100)),
            ("virtualbox-hostonly-cidr", text("192.168.99.0/24")),
            ("virtualbox-hostonly-cidr", text("192.168.99.1")),
            ("virtualbox-hostonly-nicpromisc", text("maybe")),
            ("virtualbox-hostonly-nictype", text("82540em")),
            ("virtualbox-image", text("ftp://x.example/disk.qcow2")),
            ("virtualbox-image-sha256", text("abc")),
            ("virtualbox-import-boot2docker-vm", text("dev")),
            ("virtualbox-memory", FlagValue::Int(64)),
            ("virtualbox-nat-nictype", text("e1000")),
            ("virtualbox-share-folder", text("/srv/data")),
            ("virtualbox-share-folder", text("data:data")),
            ("virtualbox-share-folder", text("/srv/data:a b")),
            ("virtualbox-ui-type", text("fancy")),
        ],
        "raw" => vec![("raw-size", FlagValue::Int(-1))],
        plugin::NAME => vec![("lab-size", FlagValue::Int(0))],
        "pool" => vec![("pool-hosts", text(""))],
        "command" => vec![("command-create", text(""))],
        other => panic!("say which flags are bad for {other}"),
    }
}

#[test]
fn names_are_unique_and_lead_back_to_the_driver() {
    let all = drivers::all();
    let names: BTreeSet<&str> = all.iter().map(|driver| driver.name()).collect();
    assert_eq!(names.len(), all.len());
    for name in names {
        assert_eq!(drivers::find(name).unwrap().name(), name);
    }
}

#[test]
fn flags_begin_with_the_drivers_name_and_are_unique_with_their_aliases() {
    let mut seen = BTreeSet::new();
    // A plugin names its flags as it likes.
    for driver in every_driver().into_iter().filter(|driver| driver.name() != plugin::NAME) {
        let prefix = format!("{}-", driver.name());
        for flag in driver.flags() {
            assert!(flag.name.starts_with(&prefix), "{}", flag.name);
            for name in std::iter::once(&flag.name).chain(&flag.aliases) {
                assert!(seen.insert(name.clone()), "{name} is there twice");
            }
        }
    }
}

#[test]
fn flags_are_documented_as_imperatives_without_a_full_stop() {
    for flag in every_driver().iter().flat_map(|driver| driver.flags()) {
        assert!(flag.help.starts_with(|c: char| c.is_ascii_uppercase()), "{}: {}", flag.name, flag.help);
        assert!(!flag.help.ends_with('.'), "{}: {}", flag.name, flag.help);
    }
}

#[test]
fn defaults_are_of_the_flags_own_kind() {
    for flag in every_driver().iter().flat_map(|driver| driver.flags()) {
        let fits = match (&flag.default, flag.kind) {
            (None, _)
            | (Some(FlagValue::Bool(_)), FlagKind::Bool)
            | (Some(FlagValue::Int(_)), FlagKind::Int)
            | (Some(FlagValue::Text(_)), FlagKind::Text)
            | (Some(FlagValue::List(_)), FlagKind::List) => true,
            (Some(_), _) => false,
        };
        assert!(fits, "{}", flag.name);
    }
}

#[test]
fn a_new_state_begins_with_docker_machines_nine_fields() {
    let bench = Bench::new();
    for driver in drivers::all().into_iter().chain(plugins()) {
        let state = driver.configure(&bench.context("n1"), &good_flags(driver.as_ref())).unwrap();
        let fields: Vec<&String> = state.as_object().unwrap().keys().collect();
        let base = [
            "IPAddress",
            "MachineName",
            "SSHUser",
            "SSHPort",
            "SSHKeyPath",
            "StorePath",
            "SwarmMaster",
            "SwarmHost",
            "SwarmDiscovery",
        ];
        assert_eq!(fields[..9], base, "{}", driver.name());
        assert_eq!(state["MachineName"], "n1");
    }
}

#[test]
fn bad_input_is_a_usage_error_that_names_what_was_given() {
    let bench = Bench::new();
    for driver in every_driver() {
        for (flag, value) in bad_flags(driver.as_ref()) {
            let mut flags = good_flags(driver.as_ref());
            flags.0.insert(flag.to_owned(), value.clone());
            match driver.configure(&bench.context("n1"), &flags) {
                Err(DriverError::Usage { message }) => assert!(!message.contains('\n'), "{message}"),
                other => panic!("{flag} {value:?} gave {other:?}"),
            }
        }
    }
}

#[test]
fn required_flags_are_asked_for_by_name() {
    let bench = Bench::new();
    for (name, flag) in [("generic", "--generic-ip-address"), ("none", "--url")] {
        let driver = drivers::find(name).unwrap();
        let error = driver.configure(&bench.context("n1"), &Flags::default()).unwrap_err();
        assert!(matches!(&error, DriverError::Usage { message } if message.contains(flag)), "{error}");
    }
}

#[test]
fn configuring_changes_nothing() {
    let bench = Bench::new();
    for driver in every_driver() {
        driver.configure(&bench.context("n1"), &good_flags(driver.as_ref())).unwrap();
        assert_eq!(bench.files(), Vec::<String>::new(), "{}", driver.name());
    }
}

#[tokio::test]
async fn preflight_changes_nothing_whatever_it_says() {
    let bench = Bench::new();
    for driver in every_driver() {
        let context = bench.context("n1");
        let state = driver.configure(&context, &good_flags(driver.as_ref())).unwrap();
        let _ = driver.preflight(&context, &state).await;
        assert_eq!(bench.files(), Vec::<String>::new(), "{}", driver.name());
    }
}

#[tokio::test]
async fn fields_that_a_driver_does_not_know_survive_every_verb() {
    let bench = Bench::new();
    for driver in every_driver() {
        let context = bench.context("n1");
        let mut state = driver.configure(&context, &good_flags(driver.as_ref())).unwrap();
        state["FromTheFuture"] = json!({"a": [1, 2]});
        driver.state(&context, &mut state).await.unwrap();
        driver.remove(&context, &mut state).await.unwrap();
        assert_eq!(state["FromTheFuture"], json!({"a": [1, 2]}), "{}", driver.name());
    }
}

#[tokio::test]
async fn removing_an_absent_host_is_fine_twice() {
    let bench = Bench::new();
    for driver in every_driver() {
        let context = bench.context("n1");
        let mut state = driver.configure(&context, &good_flags(driver.as_ref())).unwrap();
        driver.remove(&context, &mut state).await.unwrap();
        driver.remove(&context, &mut state).await.unwrap();
    }
}

#[tokio::test]
async fn a_state_that_is_not_the_drivers_is_an_error_and_no_panic() {
    let bench = Bench::new();
    for driver in drivers::all().into_iter().chain(plugins()) {
        for wrong in [json!(3), json!([]), json!({"SSHPort": "twenty-two"})] {
            let error = driver.state(&bench.context("n1"), &mut wrong.clone()).await.unwrap_err();
            assert!(matches!(error, DriverError::BadState { .. }), "{}: {error}", driver.name());
        }
    }
}

#[tokio::test]
async fn verbs_that_an_adopting_driver_lacks_are_typed_as_unsupported() {
    let bench = Bench::new();
    for driver in every_driver().into_iter().filter(|driver| driver.profile().origin == Origin::Adopted) {
        let context = bench.context("n1");
        let mut state = driver.configure(&context, &good_flags(driver.as_ref())).unwrap();
        let has_host = driver.profile().identity != Identity::NoLogin;
        let is_told = |error: &DriverError, lacking: &str| match error {
            DriverError::Unsupported { verb, .. } => has_host && *verb == lacking,
            DriverError::NoHost { verb, .. } => !has_host && *verb == lacking,
            _ => false,
        };
        let error = driver.kill(&context, &mut state).await.unwrap_err();
        assert!(is_told(&error, "kill"), "{error}");
        let error = driver.restart(&context, &mut state).await.unwrap_err();
        assert!(is_told(&error, "restart"), "{error}");
    }
}

#[tokio::test]
async fn creating_an_adopted_host_saves_its_state_and_imports_its_key() {
    let bench = Bench::new();
    let key = bench.private_key("id_test");
    let driver = drivers::find("generic").unwrap();
    let context = bench.machine("n1");
    let mut flags = good_flags(driver.as_ref());
    flags.0.insert("generic-ssh-key".to_owned(), FlagValue::Text(key.to_string_lossy().into_owned()));
    let mut state = driver.configure(&context, &flags).unwrap();
    driver.preflight(&context, &state).await.unwrap();
    let saved = bench::create(driver.as_ref(), &context, &mut state).await.unwrap();
    assert_eq!(saved.last(), Some(&state));
    assert_eq!(state["SSHKeyPath"], json!(context.file("id_test")));
    assert_eq!(driver.ssh(&context, &state).unwrap().unwrap().identity, Some(context.file("id_test")));
}

#[test]
fn a_store_of_docker_machines_is_read_as_it_meant_it() {
    let bench = Bench::new();
    let driver = drivers::find("generic").unwrap();
    let stored: Value = json!({
        "IPAddress": "192.0.2.5", "MachineName": "n1", "SSHUser": "admin", "SSHPort": 22, "SSHKeyPath": "",
        "StorePath": "/s", "SwarmMaster": false, "SwarmHost": "", "SwarmDiscovery": "", "EnginePort": 2376, "SSHKey": ""
    });
    let endpoint = driver.ssh(&bench.context("n1"), &stored).unwrap().unwrap();
    assert_eq!((endpoint.user.as_deref(), endpoint.port), (Some("admin"), Some(22)));
    assert_eq!(driver.url(&bench.context("n1"), &stored).unwrap().unwrap(), "tcp://192.0.2.5:2376");
}

#[test]
fn user_and_port_that_nobody_gave_are_left_to_ssh_config() {
    let bench = Bench::new();
    let driver = drivers::find("generic").unwrap();
    let state = driver.configure(&bench.context("n1"), &good_flags(driver.as_ref())).unwrap();
    assert_eq!(
        (&state["SSHUser"], &state["SSHPort"]),
        (&json!("root"), &json!(22)),
        "docker-machine reads these"
    );
    let endpoint = driver.ssh(&bench.context("n1"), &state).unwrap().unwrap();
    assert_eq!((endpoint.user, endpoint.port), (None, None));
}

#[tokio::test]
async fn a_driver_known_only_by_flags_and_json_makes_and_unmakes_a_host() {
    let mut gone = vec![(Box::new(raw::Raw) as Box<dyn Driver>, State::NotFound)];
    // The hosts of a pool cannot be switched.
    let switched = plugins().into_iter().filter(|driver| driver.name() != "pool");
    gone.extend(switched.map(|driver| (driver, State::None)));
    for (driver, gone) in gone {
        let bench = Bench::new();
        let (driver, context) = (driver.as_ref(), bench.machine("n1"));
        let mut state = driver.configure(&context, &good_flags(driver)).unwrap();
        driver.preflight(&context, &state).await.unwrap();
        let saved = bench::create(driver, &context, &mut state).await.unwrap();
        assert!(!saved.is_empty(), "{}", driver.name());
        assert_eq!(driver.state(&context, &mut state).await.unwrap(), State::Running);
        driver.stop(&context, &mut state).await.unwrap();
        assert_eq!(driver.state(&context, &mut state).await.unwrap(), State::Stopped);
        driver.restart(&context, &mut state).await.unwrap();
        assert_eq!(driver.state(&context, &mut state).await.unwrap(), State::Running);
        driver.remove(&context, &mut state).await.unwrap();
        assert_eq!(driver.state(&context, &mut state).await.unwrap(), gone);
    }
    drivers::close_plugins();
}
