//! What rmachine writes, read as docker-machine 0.16.2 reads it: a strict reader with that program's types, which knows no field but
//! its own; and both programs at work on one store at the same time.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rmachine::{
    driver::{Context, FlagValue, Flags},
    drivers,
    env::Env,
    event::Events,
    store::{EngineOptions, FreshConfig, Store, SwarmOptions},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::home::Home;

/// `host.Host` with its plugin's state unread.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are docker-machine's")]
struct Host {
    config_version: i64,
    driver: Map<String, Value>,
    driver_name: String,
    host_options: HostOptions,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct HostOptions {
    driver: String,
    memory: i64,
    disk: i64,
    engine_options: Engine,
    swarm_options: Swarm,
    auth_options: Auth,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Engine {
    arbitrary_flags: Vec<String>,
    dns: Option<Vec<String>>,
    graph_dir: String,
    env: Vec<String>,
    ipv6: bool,
    insecure_registry: Vec<String>,
    labels: Vec<String>,
    log_level: String,
    storage_driver: String,
    selinux_enabled: bool,
    tls_verify: bool,
    registry_mirror: Vec<String>,
    #[serde(rename = "InstallURL")]
    install_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, clippy::struct_field_names, reason = "the form is docker-machine's")]
struct Swarm {
    is_swarm: bool,
    address: String,
    discovery: String,
    agent: bool,
    master: bool,
    host: String,
    image: String,
    strategy: String,
    heartbeat: i64,
    overcommit: f64,
    arbitrary_flags: Vec<String>,
    arbitrary_join_flags: Vec<String>,
    env: Option<Vec<String>>,
    is_experimental: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Auth {
    cert_dir: String,
    ca_cert_path: String,
    ca_private_key_path: String,
    ca_cert_remote_path: String,
    server_cert_path: String,
    server_key_path: String,
    client_key_path: String,
    server_cert_remote_path: String,
    server_key_remote_path: String,
    client_cert_path: String,
    #[serde(rename = "ServerCertSANs")]
    server_cert_sans: Vec<String>,
    store_path: String,
}

/// The nine fields with which every driver's state begins; Go leaves the others to the plugin.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Base {
    #[serde(rename = "IPAddress")]
    ip_address: String,
    machine_name: String,
    #[serde(rename = "SSHUser")]
    ssh_user: String,
    #[serde(rename = "SSHPort")]
    ssh_port: i64,
    #[serde(rename = "SSHKeyPath")]
    ssh_key_path: String,
    store_path: String,
    swarm_master: bool,
    swarm_host: String,
    swarm_discovery: String,
}

const FIRST: [&str; 9] = [
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

/// Reads a file as docker-machine does and holds it against what docker-machine would have written for this name in this store.
#[track_caller]
fn read_strictly(text: &str, root: &Path, name: &str, driver: &str) -> Map<String, Value> {
    let host: Host = serde_json::from_str(text).unwrap();
    assert_eq!((host.config_version, host.driver_name.as_str(), host.name.as_str()), (3, driver, name));
    let fields: Vec<&str> = host.driver.keys().map(String::as_str).take(9).collect();
    assert_eq!(fields, FIRST);
    let base: Base = serde_json::from_value(Value::Object(host.driver.clone())).unwrap();
    assert_eq!((base.machine_name.as_str(), Path::new(&base.store_path)), (name, root));
    assert_eq!((base.swarm_master, base.swarm_discovery.as_str()), (false, ""));
    let options = host.host_options;
    assert_eq!((options.driver.as_str(), options.memory, options.disk), ("", 0, 0));
    engine_is_docker_machines(&options.engine_options);
    swarm_is_docker_machines(&options.swarm_options);
    auth_is_docker_machines(&options.auth_options, root, name);
    assert!(
        !text.ends_with('\n') && text.starts_with("{\n    \"ConfigVersion\": 3,\n    \"Driver\": {"),
        "{text}"
    );
    let _ = (base.ip_address, base.ssh_user, base.ssh_port, base.ssh_key_path, base.swarm_host);
    host.driver
}

#[track_caller]
fn engine_is_docker_machines(engine: &Engine) {
    assert_eq!(engine.install_url, "https://get.docker.com");
    assert!(engine.tls_verify && !engine.ipv6 && !engine.selinux_enabled);
    let lists = [&engine.arbitrary_flags, &engine.env, &engine.insecure_registry, &engine.registry_mirror];
    assert!(lists.into_iter().chain([&engine.labels]).all(Vec::is_empty));
    assert_eq!(engine.dns, None);
    assert_eq!([&engine.graph_dir, &engine.log_level, &engine.storage_driver], ["", "", ""]);
}

#[track_caller]
fn swarm_is_docker_machines(swarm: &Swarm) {
    assert!(!swarm.is_swarm && !swarm.agent && !swarm.master && !swarm.is_experimental);
    assert_eq!([&swarm.address, &swarm.discovery], ["", ""]);
    assert_eq!(
        [&swarm.host, &swarm.image, &swarm.strategy],
        ["tcp://0.0.0.0:3376", "swarm:latest", "spread"]
    );
    assert_eq!((swarm.heartbeat, swarm.overcommit.to_bits()), (0, 0));
    assert!(swarm.arbitrary_flags.is_empty() && swarm.arbitrary_join_flags.is_empty() && swarm.env.is_none());
}

#[track_caller]
fn auth_is_docker_machines(auth: &Auth, root: &Path, name: &str) {
    let (certs, machine) = (root.join("certs"), root.join("machines").join(name));
    for (path, wanted) in [
        (&auth.cert_dir, certs.clone()),
        (&auth.ca_cert_path, certs.join("ca.pem")),
        (&auth.ca_private_key_path, certs.join("ca-key.pem")),
        (&auth.client_cert_path, certs.join("cert.pem")),
        (&auth.client_key_path, certs.join("key.pem")),
        (&auth.server_cert_path, machine.join("server.pem")),
        (&auth.server_key_path, machine.join("server-key.pem")),
        (&auth.store_path, machine),
    ] {
        assert_eq!(Path::new(path), wanted);
    }
    let remote = [&auth.ca_cert_remote_path, &auth.server_cert_remote_path, &auth.server_key_remote_path];
    assert_eq!(remote, ["", "", ""]);
    assert!(auth.server_cert_sans.is_empty());
}

/// Flags that every driver needs at least.
fn flags(driver: &str) -> Flags {
    let text = |name: &str, value: &str| (name.to_owned(), FlagValue::Text(value.to_owned()));
    let given = match driver {
        "generic" => vec![text("generic-ip-address", "192.0.2.5")],
        "none" => vec![text("none-url", "tcp://192.0.2.5:2376")],
        _ => Vec::new(),
    };
    Flags(given.into_iter().collect())
}

#[test]
fn a_new_machine_of_every_driver_is_one_that_docker_machine_reads() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    for driver in drivers::all() {
        let name = "n1".parse().unwrap();
        let context = Context {
            folder: store.machine_dir(&name),
            name,
            store: store.root().to_owned(),
            cache: store.cache_dir(),
            env: Env::for_tests(folder.path()),
            events: Events::silent(),
            checkpoints: rmachine::checkpoint::Checkpoints::default(),
        };
        let mut all =
            Flags(driver.flags().into_iter().filter_map(|flag| Some((flag.name, flag.default?))).collect());
        all.0.extend(flags(driver.name()).0);
        let config = store.fresh_config(FreshConfig {
            name: &context.name,
            driver_name: driver.name(),
            driver: driver.configure(&context, &all).unwrap(),
            engine: EngineOptions::default(),
            swarm: SwarmOptions::default(),
            tls_sans: Vec::new(),
            authority: &store.authority_files(),
        });
        let text = serde_json::to_string_pretty(&config).unwrap().replace("  ", "    ");
        read_strictly(&text, store.root(), "n1", driver.name());
    }
}

#[test]
fn what_create_leaves_on_the_disk_is_read_by_docker_machine() {
    let home = Home::new();
    home.run(&["create", "-d", "none", "--url", "tcp://192.0.2.5:2376", "n1"]).with_code(0);
    let text = fs::read_to_string(home.machine("n1").join("config.json")).unwrap();
    let state = read_strictly(&text, &home.store(), "n1", "none");
    assert_eq!(
        (&state["IPAddress"], &state["URL"]),
        (&"192.0.2.5:2376".into(), &"tcp://192.0.2.5:2376".into())
    );
    assert_eq!(state.len(), 10);
}

#[test]
fn a_create_that_was_killed_leaves_a_record_that_docker_machine_reads() {
    let home = Home::new();
    let words = ["create", "-d", "generic", "--ip", "192.0.2.5", "n1"];
    home.run_killed_at("recorded", &words);
    let text = fs::read_to_string(home.machine("n1").join("config.json")).unwrap();
    let state = read_strictly(&text, &home.store(), "n1", "generic");
    for (field, value) in [
        ("IPAddress", "192.0.2.5".into()),
        ("SSHUser", "root".into()),
        ("SSHPort", 22.into()),
        ("EnginePort", 2376.into()),
        ("SSHKey", Value::from("")),
    ] {
        assert_eq!(state[field], value, "{field}");
    }
}

/// Saves a file as docker-machine does, again and again: it reads, changes its own field, writes a temporary file, deletes the old
/// one and renames.
fn docker_machine(file: &Path, is_over: &AtomicBool) -> Other {
    let (mut saves, mut lost) = (0_u64, 0);
    let (began, mut saving) = (Instant::now(), Duration::ZERO);
    while !is_over.load(Ordering::SeqCst) {
        let reading = Instant::now();
        let text = fs::read_to_string(file).expect("nobody else deletes the file");
        let host: Value = serde_json::from_str(&text).expect("the file is whole");
        let there = host["Driver"]["SSHPort"].as_u64().unwrap();
        lost += u64::from(there != saves);
        saves += 1;
        let old = format!("\"SSHPort\": {there},");
        let temporary = file.with_file_name("config.json.tmp123");
        // It takes its time between reading and saving, as a program that waits for a host does.
        thread::sleep(Duration::from_millis(2));
        fs::write(&temporary, text.replace(&old, &format!("\"SSHPort\": {saves},"))).unwrap();
        fs::remove_file(file).unwrap();
        thread::sleep(Duration::from_millis(1));
        fs::rename(&temporary, file).unwrap();
        saving += reading.elapsed();
        thread::sleep(Duration::from_millis(15));
    }
    Other { saves, lost, busy: saving.as_secs_f64() / began.elapsed().as_secs_f64() }
}

/// How the other program fared.
struct Other {
    /// How often it saved.
    saves: u64,
    /// How often its field had gone back behind it.
    lost: u64,
    /// The share of its time between reading and renaming, which is longer on a busy computer.
    busy: f64,
}

#[test]
fn beside_a_docker_machine_that_saves_all_the_time_no_file_is_torn_and_no_field_lost() {
    let fixture =
        include_str!("../fixtures/store/drivers/none.json").replace("\"SSHPort\": 22,", "\"SSHPort\": 0,");
    let home = Home::new().with_config("none", &fixture);
    let file = home.machine("none").join("config.json");
    let is_over = Arc::new(AtomicBool::new(false));
    let other = thread::spawn({
        let (file, is_over) = (file.clone(), Arc::clone(&is_over));
        move || docker_machine(&file, &is_over)
    });
    let mut overtaken = 0;
    for round in 0..200 {
        let label = format!("round={round}");
        home.save("none", |record| {
            record.config.host_options.engine_options.labels = Some(vec![label.clone()]);
            record.side.url = Some(format!("tcp://192.0.2.10:{round}"));
        })
        .unwrap();
        // At once: what it saves later, it read later.
        overtaken += u32::from(!fs::read_to_string(&file).is_ok_and(|text| text.contains(&label)));
        home.run(&["url", "none"]).with_code(0).printing(&format!("tcp://192.0.2.10:{round}\n"));
    }
    is_over.store(true, Ordering::SeqCst);
    let Other { saves, lost, busy } = other.join().unwrap();
    let share = busy * 100.0;
    println!(
        "docker-machine saved {saves} times, {share:.0} % of the time: {overtaken} of 200 saves overtaken, {lost} of its own lost"
    );
    // Once it has ended, our next save keeps its last one and everything else.
    let final_field = format!("\"SSHPort\": {saves},");
    home.save("none", |record| {
        record.config.host_options.engine_options.labels = Some(vec!["tier=web".into()]);
    })
    .unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text, fixture.replace("\"SSHPort\": 0,", &final_field));
    assert!(saves > 20, "the other program did not take part");
    // What cannot be guaranteed is rare all the same: nobody looks between our last look and our rename. Of ours, only what falls
    // between its reading and its renaming can be overtaken, and what chance adds to that.
    let by_chance = 200.0 * busy + 3.0 * (200.0 * busy).sqrt() + 5.0;
    assert!(
        lost * 10 <= saves && f64::from(overtaken) <= by_chance,
        "{lost} of {saves} lost, {overtaken} of 200 overtaken, {share:.0} % of the time"
    );
    home.run(&["url", "none"]).with_code(0).printing("tcp://192.0.2.10:199\n");
}
