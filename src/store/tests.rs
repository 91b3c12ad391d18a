//! The store as its users see it, on real folders.

use std::{os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use serde_json::json;

use super::*;
use crate::event::{Collected, Event};

/// As docker-machine writes it; `SomeId` and its neighbours are numbers that no machine type holds.
const GENERIC: &str = include_str!("../../tests/fixtures/store/generic.json");

struct Place {
    store: Store,
    _folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: Store::at(folder.path().join("store")).acting("test"), _folder: folder }
    }

    /// A machine whose folder another program made.
    fn with(self, name: &str, config: &str) -> Self {
        let folder = self.store.machines_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.json"), config).unwrap();
        self
    }

    fn config(&self, name: &str) -> String {
        fs::read_to_string(self.store.machines_dir().join(name).join("config.json")).unwrap()
    }

    async fn lock(&self, name: &str) -> Lock {
        self.store.lock(&machine(name), soon(), &Events::silent()).await.unwrap()
    }

    fn fresh(&self, name: &str) -> Record {
        let config = self.store.fresh_config(FreshConfig {
            name: &machine(name),
            driver_name: "none",
            driver: json!({"IPAddress": "", "URL": "tcp://10.0.0.5:2376"}),
            engine: EngineOptions::default(),
            swarm: SwarmOptions::default(),
            tls_sans: Vec::new(),
            authority: &self.store.authority_files(),
        });
        Record::new(machine(name), config, Side { stage: Stage::Recorded, ..Side::default() })
    }
}

fn machine(name: &str) -> MachineName {
    name.parse().unwrap()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_store_is_where_the_flag_says_else_the_variable_else_in_the_home() {
    let mut env = Env::for_tests(Path::new("/home/u"));
    let root = |env: &Env, flag| Store::locate(env, flag).unwrap().root().to_owned();
    assert_eq!(root(&env, None), Path::new("/home/u/.docker/machine"));
    env.vars.insert(STORAGE_PATH.into(), "rel".into());
    assert_eq!(root(&env, None), Path::new("/home/u/rel"));
    assert_eq!(root(&env, Some(Path::new("/flag"))), Path::new("/flag"));
    env.vars.clear();
    env.home = None;
    assert!(matches!(Store::locate(&env, None), Err(StoreError::NoHome)));
}

#[tokio::test]
async fn a_file_of_docker_machine_keeps_every_byte_but_those_we_changed() {
    let place = Place::new().with("g1", GENERIC);
    let lock = place.lock("g1").await;
    let mut record = place.store.load(lock.name()).unwrap();
    place.store.save(&lock, &mut record).unwrap();
    assert_eq!(place.config("g1"), GENERIC);
    record.config.driver["IPAddress"] = json!("10.0.0.6");
    place.store.save(&lock, &mut record).unwrap();
    assert_eq!(place.config("g1"), GENERIC.replace("10.0.0.5", "10.0.0.6"));
}

#[tokio::test]
async fn what_docker_machine_saved_meanwhile_is_kept() {
    let place = Place::new().with("g1", GENERIC);
    let lock = place.lock("g1").await;
    let mut record = place.store.load(lock.name()).unwrap();
    let theirs = GENERIC.replace("\"SSHPort\": 22", "\"SSHPort\": 2222");
    fs::write(place.store.machine_dir(lock.name()).join("config.json"), &theirs).unwrap();
    record.config.driver["IPAddress"] = json!("10.0.0.6");
    place.store.save(&lock, &mut record).unwrap();
    assert_eq!(place.config("g1"), theirs.replace("10.0.0.5", "10.0.0.6"));
}

#[test]
fn a_config_that_is_missing_for_a_blink_is_waited_for() {
    let place = Place::new().with("g1", GENERIC);
    let path = place.store.machine_dir(&machine("g1")).join("config.json");
    let beside = path.with_extension("away");
    fs::rename(&path, &beside).unwrap();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(2));
        fs::rename(beside, path).unwrap();
    });
    let record = place.store.load(&machine("g1"));
    writer.join().unwrap();
    assert_eq!(record.unwrap().config.driver_name, "generic");
}

#[tokio::test]
async fn a_new_machine_is_private_and_as_docker_machine_would_write_it() {
    let place = Place::new();
    let lock = place.lock("n1").await;
    place.store.create(&lock, &place.fresh("n1"), &[("id_ed25519", b"key")]).unwrap();
    let folder = place.store.machine_dir(lock.name());
    for dir in [place.store.root().to_owned(), place.store.machines_dir(), folder.clone()] {
        assert_eq!(mode(&dir), 0o700, "{dir:?}");
    }
    for file in ["config.json", "rmachine.json", "id_ed25519"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    let root = place.store.root().display().to_string();
    let ours = place.config("n1").replace(&root, "/store").replace("n1", "g1");
    let tail = |text: &str| text[text.find("\"HostOptions\"").unwrap()..].to_owned();
    let theirs = GENERIC.replace("[\n                \"A=\\u003cB\\u003e\"\n            ]", "[]");
    assert_eq!(tail(&ours), tail(&theirs));
    assert_eq!(place.store.load(lock.name()).unwrap().side.stage, Stage::Recorded);
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_at_once() {
    let place = Place::new().with("g1", GENERIC);
    let outcome = place.store.reserve(&machine("g1"), soon(), &Events::silent()).await;
    assert_eq!(outcome.unwrap_err().to_string(), "machine \"g1\" already exists");
}

#[tokio::test]
async fn a_removed_machine_leaves_nothing_and_can_be_made_again() {
    let place = Place::new();
    for _ in 0..2 {
        let lock = place.store.reserve(&machine("n1"), soon(), &Events::silent()).await.unwrap();
        place.store.create(&lock, &place.fresh("n1"), &[]).unwrap();
        place.store.remove(&lock).unwrap();
        place.store.remove(&lock).unwrap();
    }
    assert_eq!(place.store.names().unwrap(), Vec::<String>::new());
    for dir in ["locks", "staging"] {
        assert_eq!(fs::read_dir(place.store.own_dir().join(dir)).unwrap().count(), 0, "{dir}");
    }
}

#[test]
fn every_kind_of_broken_machine_is_told_apart_and_hides_no_other() {
    let place = Place::new()
        .with("good", GENERIC)
        .with("empty", "")
        .with("not-json", "{\n\"ConfigVersion\": 3,")
        .with("future", r#"{"ConfigVersion": 4, "Driver": [[]]}"#)
        .with("old", r#"{"DriverName": "generic"}"#)
        .with("list", "[]")
        .with("typed", r#"{"ConfigVersion": 3, "HostOptions": {"Memory": "much"}}"#)
        .with("a b", GENERIC)
        .with(".hidden", GENERIC);
    fs::create_dir(place.store.machines_dir().join("nothing")).unwrap();
    fs::write(place.store.machines_dir().join("file"), "").unwrap();
    let seen: Vec<_> =
        place.store.all().unwrap().into_iter().map(|(name, record)| (name, kind(&record))).collect();
    let want = [
        ("a b", "bad name"),
        ("empty", "empty"),
        ("future", "future"),
        ("good", "good"),
        ("list", "malformed"),
        ("not-json", "malformed"),
        ("nothing", "no config"),
        ("old", "good"),
        ("typed", "malformed"),
    ];
    assert_eq!(seen, want.map(|(name, kind)| (name.to_owned(), kind)));
    assert_eq!(kind(&place.store.load(&machine("file"))), "not a folder");
}

fn kind(record: &Result<Record, StoreError>) -> &'static str {
    match record {
        Ok(_) => "good",
        Err(StoreError::BadName(_)) => "bad name",
        Err(StoreError::Empty { .. }) => "empty",
        Err(StoreError::FromTheFuture { .. }) => "future",
        Err(StoreError::Malformed { .. }) => "malformed",
        Err(StoreError::NoConfig { .. }) => "no config",
        Err(StoreError::NotAFolder { .. }) => "not a folder",
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_no_folder_can_be_removed_all_the_same() {
    let place = Place::new().with("good", GENERIC);
    fs::write(place.store.machines_dir().join("file"), "").unwrap();
    let lock = place.lock("file").await;
    place.store.remove(&lock).unwrap();
    assert!(!place.store.exists(lock.name()));
    assert_eq!(fs::read_dir(place.store.staging_dir()).unwrap().count(), 0);
}

#[test]
fn debug_output_of_a_record_never_holds_the_drivers_state() {
    let place = Place::new().with("g1", &GENERIC.replace("10.0.0.5", "token-1234"));
    let shown = format!("{:?}", place.store.load(&machine("g1")).unwrap());
    assert!(shown.contains("generic") && !shown.contains("token-1234"), "{shown}");
}

#[test]
fn a_side_file_from_the_future_is_not_guessed_at() {
    let place = Place::new().with("g1", GENERIC);
    fs::write(place.store.machine_dir(&machine("g1")).join("rmachine.json"), r#"{"version": 2}"#).unwrap();
    assert_eq!(kind(&place.store.load(&machine("g1"))), "future");
}

#[test]
fn an_unknown_machine_is_told_with_the_names_near_it() {
    let place = Place::new().with("web-1", GENERIC).with("web-2", GENERIC).with("database", GENERIC);
    let Err(StoreError::NotFound { nearest, .. }) = place.store.load(&machine("wbe-2")) else { panic!() };
    assert_eq!(nearest, ["web-2", "web-1"]);
}

#[tokio::test]
async fn whoever_waits_for_a_lock_is_told_who_holds_it() {
    let place = Place::new().with("g1", GENERIC);
    let _held = place.lock("g1").await;
    let collected = Arc::new(Collected::default());
    let deadline = Deadline::after(Duration::from_millis(120));
    let late = place.store.lock(&machine("g1"), deadline, &Events::new(collected.clone())).await.unwrap_err();
    let holder = format!("another rmachine (test, pid {})", std::process::id());
    assert_eq!(late.to_string(), format!("{holder} is busy with g1"));
    let events = collected.events();
    let [(None, Event::Waiting { what, .. })] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(*what, format!("{holder} to finish with g1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_want_one_new_machine_one_gets_it() {
    let place = Arc::new(Place::new());
    let tries = (0..16).map(|_| {
        let place = Arc::clone(&place);
        tokio::spawn(async move {
            let lock = place.store.reserve(&machine("n1"), soon(), &Events::silent()).await?;
            place.store.create(&lock, &place.fresh("n1"), &[])
        })
    });
    let mut made = 0;
    for one in tries.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(()) => made += 1,
            Err(error) => assert!(matches!(error, StoreError::AlreadyExists(_)), "{error}"),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn what_dead_processes_left_is_deleted_by_the_next_but_not_what_the_living_have() {
    let place = Place::new();
    let living = place.lock("living").await;
    for staged in [place.store.staged_new(&machine("dead")), place.store.staged_old(living.name())] {
        fs::create_dir_all(staged.join("disk")).unwrap();
    }
    drop(place.lock("other").await);
    assert!(!place.store.staged_new(&machine("dead")).exists());
    assert!(place.store.staged_old(living.name()).exists());
    assert!(!place.store.lock_path(&machine("dead")).exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_has_one_id_however_many_ask_first_and_another_store_has_another() {
    let place = Arc::new(Place::new());
    let asked = (0..16).map(|_| {
        let place = Arc::clone(&place);
        tokio::task::spawn_blocking(move || place.store.id().unwrap())
    });
    let id = place.store.id().unwrap();
    for one in asked.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), id);
    }
    assert_eq!(Store::at(place.store.root()).id().unwrap(), id);
    assert_ne!(Place::new().store.id().unwrap(), id);
}
