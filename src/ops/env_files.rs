//! The variables that point a docker client at a machine, and the two files that hold them in its folder: `env.sh` for shells
//! and `NAME.env` for Compose and editors.

use std::{io, path::Path};

use super::{OpsError, World, contexts, ssh_config};
use crate::{
    driver::Driver,
    machine::MachineName,
    shell::{Shell, Unquotable, Variable},
    store::{Lock, Record, Store, StoreError},
};

/// The variables of a machine whose engine is at `url`, in docker-machine's order; one without a value is to be unset, because
/// the machine before may have left it.
pub fn variables(store: &Store, name: &MachineName, url: &str) -> Vec<(&'static str, Option<String>)> {
    let folder = store.machine_dir(name);
    // Over SSH there is no TLS; and an engine that was only pointed at may have no certificates of ours.
    let has_tls = !url.starts_with("ssh://") && folder.join("ca.pem").exists();
    let tls = |value: String| has_tls.then_some(value);
    vec![
        ("DOCKER_TLS_VERIFY", tls("1".to_owned())),
        ("DOCKER_HOST", Some(url.to_owned())),
        ("DOCKER_CERT_PATH", tls(folder.display().to_string())),
        ("DOCKER_MACHINE_NAME", Some(name.to_string())),
    ]
}

/// Writes everything that a client needs: the files in the machine's folder, 0600, and docker's context.
pub(super) fn write(
    world: &World,
    driver: &dyn Driver,
    lock: &Lock,
    record: &Record,
) -> Result<(), OpsError> {
    ssh_config::write(world, driver, lock, record)?;
    write_variables(&world.store, lock, record)?;
    contexts::keep(world, record);
    Ok(())
}

/// Writes both files; nothing while the engine's URL is not known.
fn write_variables(store: &Store, lock: &Lock, record: &Record) -> Result<(), StoreError> {
    for (file, text) in texts(store, record)? {
        store.write_file(lock, &file, 0o600, text.as_bytes())?;
    }
    Ok(())
}

/// Whether a file in the machine's folder that a client needs is missing or says what is so no more.
pub(super) fn are_stale(store: &Store, record: &Record) -> Result<bool, StoreError> {
    let mut is_right = false;
    for place in ways_to(store, record) {
        is_right |= hold(store, record, &texts(&place, record)?)?;
    }
    Ok(!is_right || ssh_config::is_stale(store, record)?)
}

fn hold(store: &Store, record: &Record, texts: &[(String, String)]) -> Result<bool, StoreError> {
    for (file, text) in texts {
        if store.read_file(&record.name, file)?.as_deref() != Some(text.as_bytes()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The store as it is named now, and as it was named when the machine was made: a link leads to the same place.
fn ways_to(store: &Store, record: &Record) -> Vec<Store> {
    let real = |path: &Path| path.canonicalize().ok();
    let recorded = record.config.driver["StorePath"].as_str().map(Path::new);
    let recorded = recorded.filter(|root| real(root).is_some_and(|root| real(store.root()) == Some(root)));
    [Some(store.root()), recorded].into_iter().flatten().map(Store::at).collect()
}

/// Both files with what they should hold; none while the engine's URL is not known.
fn texts(store: &Store, record: &Record) -> Result<Vec<(String, String)>, StoreError> {
    let Some(url) = &record.side.url else { return Ok(Vec::new()) };
    let owned = variables(store, &record.name, url);
    let all: Vec<Variable<'_>> = owned.iter().map(|(key, value)| (*key, value.as_deref())).collect();
    // Those files only add to what is there.
    let set: Vec<Variable<'_>> = all.iter().copied().filter(|(_, value)| value.is_some()).collect();
    let name = &record.name;
    let comment = format!("# Points a docker client at {name}. Written by rmachine; changes are lost.\n");
    let text = |file: String, statements: Result<String, Unquotable>| {
        let path = store.machine_dir(name).join(&file);
        let unquotable =
            |error| StoreError::io("write", path)(io::Error::new(io::ErrorKind::InvalidData, error));
        statements.map(|statements| (file, format!("{comment}{statements}"))).map_err(unquotable)
    };
    Ok(vec![
        text("env.sh".to_owned(), Shell::Sh.statements(&all))?,
        text(format!("{name}.env"), Shell::Dotenv.statements(&set))?,
    ])
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, process::Command, time::Duration};

    use super::*;
    use crate::{event::Events, retry::Deadline};

    /// What the two files of a machine at `url` hold.
    async fn written(url: &str, has_certificates: bool) -> (tempfile::TempDir, [String; 2]) {
        let home = tempfile::tempdir().unwrap();
        let store = Store::at(home.path().join("a store"));
        let name: MachineName = "n1".parse().unwrap();
        let lock =
            store.lock(&name, Deadline::after(Duration::from_secs(1)), &Events::silent()).await.unwrap();
        let config = serde_json::from_value(serde_json::json!({"ConfigVersion": 3})).unwrap();
        let mut record = Record::new(name, config, crate::store::Side::default());
        let certificates: &[(&str, &[u8])] = if has_certificates { &[("ca.pem", b"x")] } else { &[] };
        store.create(&lock, &record, certificates).unwrap();
        write_variables(&store, &lock, &record).unwrap();
        assert!(!store.machine_dir(&record.name).join("env.sh").exists());
        record.side.url = Some(url.to_owned());
        write_variables(&store, &lock, &record).unwrap();
        let texts = ["env.sh", "n1.env"].map(|file| {
            let path = store.machine_dir(&record.name).join(file);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::read_to_string(path).unwrap().lines().skip(1).collect::<Vec<_>>().join("\n")
        });
        (home, texts)
    }

    #[tokio::test]
    async fn a_machine_with_certificates_is_reached_by_mutual_tls() {
        let (home, [sh, dotenv]) = written("tcp://10.0.0.5:2376", true).await;
        let folder = home.path().join("a store/machines/n1").display().to_string();
        assert_eq!(
            sh,
            format!(
                "export DOCKER_TLS_VERIFY=\"1\"\nexport DOCKER_HOST=\"tcp://10.0.0.5:2376\"\n\
                 export DOCKER_CERT_PATH=\"{folder}\"\nexport DOCKER_MACHINE_NAME=\"n1\""
            )
        );
        assert_eq!(
            dotenv,
            format!(
                "DOCKER_TLS_VERIFY=1\nDOCKER_HOST=tcp://10.0.0.5:2376\n\
                 DOCKER_CERT_PATH='{folder}'\nDOCKER_MACHINE_NAME=n1"
            )
        );
        let script = format!(". '{folder}/env.sh' && printenv DOCKER_CERT_PATH");
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), folder);
    }

    #[tokio::test]
    async fn over_ssh_and_without_certificates_tls_is_switched_off() {
        for url in ["ssh://root@10.0.0.5", "tcp://10.0.0.5:2375"] {
            let (_home, [sh, dotenv]) = written(url, url.starts_with("ssh")).await;
            let host = format!("DOCKER_HOST=\"{url}\"");
            assert_eq!(
                sh,
                format!(
                    "unset DOCKER_TLS_VERIFY;\nexport {host}\nunset DOCKER_CERT_PATH;\nexport DOCKER_MACHINE_NAME=\"n1\""
                )
            );
            assert_eq!(dotenv, format!("DOCKER_HOST={url}\nDOCKER_MACHINE_NAME=n1"));
        }
    }
}
