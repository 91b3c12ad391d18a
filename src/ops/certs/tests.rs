//! Certificates of real stores, judged by openssl.

use std::{fs, os::unix::fs::PermissionsExt, process::Command, sync::Arc};

use super::*;
use crate::{
    event::Collected,
    machine::MachineName,
    prompt::Nobody,
    secret::Secret,
    store::{FreshConfig, Lock, Side},
    tls::San,
};

const DAY: i64 = 24 * 3600;

pub(super) struct Place {
    pub(super) world: World,
    notes: Arc<Collected>,
    home: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let notes = Arc::new(Collected::default());
        let mut env = Env::for_tests(home.path());
        env.vars.insert("USER".into(), "me".into());
        let world = World {
            store: Store::locate(&env, None).unwrap(),
            env,
            events: Events::new(notes.clone()),
            prompt: Arc::new(Nobody),
            sudo_password: None,
            archives: crate::ops::archives::Archives::default(),
        };
        Self { world, notes, home }
    }

    pub(super) async fn ensure(&self) -> Result<Authority, CertsError> {
        self.ensure_with(&AuthorityPaths::default()).await
    }

    async fn ensure_with(&self, given: &AuthorityPaths) -> Result<Authority, CertsError> {
        ensure_authority(&self.world, given, &self.world.events, Checkpoints::default()).await
    }

    fn cert(&self, name: &str) -> PathBuf {
        self.world.store.certs_dir().join(name)
    }

    /// Puts a pair into the certs folder as another program did.
    fn put(&self, certificate: &str, key: &str, identity: &Identity) {
        fs::create_dir_all(self.world.store.certs_dir()).unwrap();
        fs::write(self.cert(certificate), &identity.certificate).unwrap();
        fs::write(self.cert(key), identity.key.expose()).unwrap();
    }

    /// A machine gets its certificates, and its host has them.
    async fn issue(&self, lock: &Lock, record: &Record, asked: &[&str]) -> Identity {
        let authority = current(&self.world, record).await.unwrap();
        let server =
            issue_server(&self.world, lock, record, &authority, &names(asked), Keep::Fitting).unwrap();
        settle(&self.world, lock, record, &authority, &server).unwrap();
        server.identity
    }

    pub(super) async fn machine(&self, name: &str) -> (Lock, Record) {
        let store = &self.world.store;
        let name: MachineName = name.parse().unwrap();
        let lock = store.lock(&name, Deadline::after(LOCK_WAIT), &self.world.events).await.unwrap();
        let config = store.fresh_config(FreshConfig {
            name: &name,
            driver_name: "none",
            driver: serde_json::Value::Null,
            engine: crate::store::EngineOptions::default(),
            swarm: crate::store::SwarmOptions::default(),
            tls_sans: Vec::new(),
            authority: &store.authority_files(),
        });
        let record = Record::new(name, config, Side::default());
        store.create(&lock, &record, &[]).unwrap();
        (lock, record)
    }
}

fn names(names: &[&str]) -> Vec<San> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn openssl_verifies(folder: &Path, purpose: &str, file: &str) {
    let output = Command::new("openssl")
        .args(["verify", "-x509_strict", "-purpose", purpose, "-CAfile", "ca.pem", file])
        .current_dir(folder)
        .output()
        .expect("openssl is needed for this test");
    assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn twenty_first_creates_at_once_make_one_authority_and_everything_verifies() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for index in 0..20 {
            let place = &place;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    place.ensure().await.unwrap();
                    let (lock, record) = place.machine(&format!("n{index}")).await;
                    place.issue(&lock, &record, &["10.0.0.5"]).await;
                });
            });
        }
    });
    let ca = fs::read(place.cert("ca.pem")).unwrap();
    for index in 0..20 {
        let folder = place.world.store.machines_dir().join(format!("n{index}"));
        assert_eq!(fs::read(folder.join("ca.pem")).unwrap(), ca);
        openssl_verifies(&folder, "sslclient", "cert.pem");
        openssl_verifies(&folder, "sslserver", "server.pem");
        for file in ["ca.pem", "cert.pem", "key.pem", "server.pem", "server-key.pem"] {
            assert_eq!(
                fs::metadata(folder.join(file)).unwrap().permissions().mode() & 0o777,
                0o600,
                "{file}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_valid_is_never_replaced() {
    let place = Place::new();
    let first = place.ensure().await.unwrap();
    let second = place.ensure().await.unwrap();
    assert_eq!((first.ca, first.client), (second.ca, second.client));
}

#[tokio::test]
async fn half_an_authority_is_told_and_left_alone() {
    let place = Place::new();
    place.ensure().await.unwrap();
    let certificate = fs::read(place.cert("ca.pem")).unwrap();
    fs::remove_file(place.cert("ca.pem")).unwrap();
    assert!(matches!(place.ensure().await, Err(CertsError::AuthorityWithoutCertificate { .. })));
    fs::write(place.cert("ca.pem"), certificate).unwrap();
    fs::remove_file(place.cert("ca-key.pem")).unwrap();
    assert!(matches!(place.ensure().await, Err(CertsError::AuthorityWithoutKey { .. })));
    assert!(!place.cert("ca-key.pem").exists());
}

#[tokio::test]
async fn an_authority_that_cannot_be_used_is_told() {
    let place = Place::new();
    place.put("ca.pem", "ca-key.pem", &tls::make_authority("me", now() - 1081 * DAY).unwrap());
    assert!(matches!(place.ensure().await, Err(CertsError::AuthorityExpired { .. })));
    let good = tls::make_authority("me", now()).unwrap();
    place.put("ca.pem", "ca-key.pem", &tls::make_client(&good, "me", now()).unwrap());
    let source = |outcome| match outcome {
        Err(CertsError::Unfit { source, .. }) => source,
        other => panic!("{other:?}"),
    };
    assert_eq!(source(place.ensure().await), TlsError::NotAnAuthority);
    place.put(
        "ca.pem",
        "ca-key.pem",
        &Identity { key: tls::make_authority("me", now()).unwrap().key, ..good },
    );
    assert_eq!(source(place.ensure().await), TlsError::KeyMismatch);
}

#[tokio::test]
async fn a_client_that_does_not_fit_the_authority_is_made_anew() {
    let place = Place::new();
    let ca = tls::make_authority("me", now() - 1000 * DAY).unwrap();
    let stranger = tls::make_authority("me", now()).unwrap();
    place.put("ca.pem", "ca-key.pem", &ca);
    place.put("cert.pem", "key.pem", &tls::make_client(&stranger, "me", now()).unwrap());
    let client = place.ensure().await.unwrap().client;
    tls::check(&client, &ca.certificate).unwrap();
    fs::remove_file(place.cert("key.pem")).unwrap();
    tls::check(&place.ensure().await.unwrap().client, &ca.certificate).unwrap();
    let notes = format!("{:?}", place.notes.events());
    assert!(notes.contains("cert.pem cannot be used: the certificate is not signed by this CA"), "{notes}");
    assert!(notes.contains("key.pem is missing"), "{notes}");
}

#[tokio::test]
async fn a_client_that_the_user_pointed_at_is_not_ours_to_replace() {
    let place = Place::new();
    let (certificate, key) = (place.home.path().join("my.pem"), place.home.path().join("my-key.pem"));
    let stranger = tls::make_authority("me", now()).unwrap();
    let client = tls::make_client(&stranger, "me", now()).unwrap();
    fs::write(&certificate, &client.certificate).unwrap();
    fs::write(&key, client.key.expose()).unwrap();
    let given = AuthorityPaths {
        client_certificate: Some(certificate.clone()),
        client_key: Some(key),
        ..AuthorityPaths::default()
    };
    let Err(CertsError::Unfit { source, .. }) = place.ensure_with(&given).await else { panic!() };
    assert_eq!(source, TlsError::NotSignedByAuthority);
    assert_eq!(fs::read_to_string(certificate).unwrap(), client.certificate);
}

#[tokio::test]
async fn a_server_certificate_stays_until_it_no_longer_fits() {
    let place = Place::new();
    place.ensure().await.unwrap();
    let (lock, record) = place.machine("n1").await;
    let first = place.issue(&lock, &record, &["10.0.0.5", "localhost"]).await;
    assert_eq!(place.issue(&lock, &record, &["localhost"]).await, first);
    assert_eq!(
        preview_server(&place.world, &record, &names(&["10.0.0.5"]), Keep::Fitting).unwrap().identity,
        first
    );
    let moved = place.issue(&lock, &record, &["10.0.0.6", "localhost"]).await;
    assert_ne!(moved, first);
    let folder = place.world.store.machine_dir(lock.name());
    assert_eq!(fs::read_to_string(folder.join("server.pem")).unwrap(), moved.certificate);
    fs::write(folder.join("server-key.pem"), first.key.expose()).unwrap();
    assert_ne!(place.issue(&lock, &record, &["10.0.0.6"]).await, moved);
}

#[tokio::test]
async fn a_server_certificate_that_ends_soon_is_made_anew_unless_its_authority_ends_as_well() {
    for is_kept in [true, false] {
        let place = Place::new();
        let ca = authority_in_its_days(is_kept);
        place.put("ca.pem", "ca-key.pem", &ca);
        place.ensure().await.unwrap();
        let (lock, record) = place.machine("n1").await;
        let server = short_lived_server(&ca, is_kept);
        for (file, text) in
            [("server.pem", server.certificate.as_str()), ("server-key.pem", server.key.expose())]
        {
            place.world.store.write_file(&lock, file, 0o600, text.as_bytes()).unwrap();
        }
        let issued = place.issue(&lock, &record, &["10.0.0.5"]).await;
        assert_eq!(issued == server, is_kept);
    }
}

/// A CA with 20 days left, or one that openssl made with more than that before it.
fn authority_in_its_days(ends_soon: bool) -> Identity {
    if ends_soon {
        return tls::make_authority("me", now() - 1060 * DAY).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let args = "req -x509 -newkey rsa:2048 -nodes -days 5000 -subj /O=me -keyout ca-key.pem -out ca.pem \
                -addext keyUsage=critical,digitalSignature,keyCertSign";
    let output =
        Command::new("openssl").args(args.split_whitespace()).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
    Identity { certificate: read("ca.pem"), key: Secret::new(read("ca-key.pem")) }
}

/// A server certificate with 20 days left.
fn short_lived_server(ca: &Identity, ends_with_ca: bool) -> Identity {
    let made_at = if ends_with_ca { now() } else { now() - 1060 * DAY };
    let server = tls::make_server(ca, "me.n1", &names(&["10.0.0.5"]), made_at).unwrap();
    let about = tls::read(&server.certificate).unwrap();
    assert!((15..25).contains(&tls::days_left(&about, now())), "{about:?}");
    server
}

#[tokio::test]
async fn a_dry_run_writes_nothing_at_all() {
    let place = Place::new();
    let name: MachineName = "n1".parse().unwrap();
    let config = serde_json::from_value(serde_json::json!({"ConfigVersion": 3})).unwrap();
    let record = Record::new(name, config, Side::default());
    let server = preview_server(&place.world, &record, &names(&["10.0.0.5"]), Keep::Fitting).unwrap();
    tls::check(&server.identity, &server.authority).unwrap();
    assert!(!place.world.store.root().exists());
}

#[tokio::test]
async fn a_client_trusts_what_is_served_and_what_will_be_until_the_host_has_it() {
    let place = Place::new();
    let old = place.ensure().await.unwrap();
    let (lock, record) = place.machine("n1").await;
    let first = place.issue(&lock, &record, &["10.0.0.5"]).await;
    place.put("ca.pem", "ca-key.pem", &tls::make_authority("me", now()).unwrap());
    let new = place.ensure().await.unwrap();

    let folder = place.world.store.machine_dir(lock.name());
    let copy = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    let wanted = names(&["10.0.0.5"]);
    let server = issue_server(&place.world, &lock, &record, &new, &wanted, Keep::Fitting).unwrap();
    for ca in [&old.ca.certificate, &new.ca.certificate] {
        assert!(tls::holds(&copy("ca.pem"), ca).unwrap());
    }
    assert_eq!(copy("cert.pem"), old.client.certificate, "the engine would not let the new one in yet");
    assert_eq!(copy("server.pem"), first.certificate, "what the host has");

    let again = issue_server(&place.world, &lock, &record, &new, &wanted, Keep::None).unwrap();
    assert_eq!(again.identity, server.identity, "what an interrupted run made may be on the host by now");
    settle(&place.world, &lock, &record, &new, &server).unwrap();
    assert_eq!(copy("ca.pem"), new.ca.certificate);
    assert_eq!(copy("cert.pem"), new.client.certificate);
    assert_eq!(copy("server.pem"), server.identity.certificate);
    let renewed = issue_server(&place.world, &lock, &record, &new, &wanted, Keep::None).unwrap();
    assert_ne!(renewed.identity, server.identity);
}

#[tokio::test]
async fn a_classic_swarm_master_may_still_call_the_others() {
    let place = Place::new();
    place.ensure().await.unwrap();
    let (lock, mut record) = place.machine("n1").await;
    place.issue(&lock, &record, &["10.0.0.5"]).await;
    record.config.host_options.swarm_options.master = true;
    place.issue(&lock, &record, &["10.0.0.5"]).await;
    let folder = place.world.store.machine_dir(lock.name());
    for purpose in ["sslclient", "sslserver"] {
        openssl_verifies(&folder, purpose, "server.pem");
    }
}

#[tokio::test]
async fn a_client_made_anew_reaches_the_folders_of_all_machines_whose_engines_let_it_in() {
    let place = Place::new();
    let first = place.ensure().await.unwrap();
    for name in ["n1", "n2"] {
        let (lock, record) = place.machine(name).await;
        place.issue(&lock, &record, &["10.0.0.5"]).await;
    }
    fs::remove_file(place.cert("key.pem")).unwrap();
    fs::write(place.cert("key.pem"), tls::make_client(&first.ca, "me", now()).unwrap().key.expose()).unwrap();
    let second = place.ensure().await.unwrap();
    assert_ne!(first.client, second.client);
    let copy = |name: &str| {
        fs::read_to_string(place.world.store.machines_dir().join(name).join("cert.pem")).unwrap()
    };
    assert_eq!([copy("n1"), copy("n2")], [second.client.certificate.clone(), second.client.certificate]);

    place.put("ca.pem", "ca-key.pem", &tls::make_authority("me", now()).unwrap());
    let of_another_ca = place.ensure().await.unwrap();
    assert_ne!(copy("n1"), of_another_ca.client.certificate);
}
