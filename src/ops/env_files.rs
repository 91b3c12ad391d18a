//! The variables that point a docker client at a machine, and the two files that hold them in its folder: `env.sh` for shells
//! and `NAME.env` for Compose and editors.

use std::io;

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
    let Some(url) = &record.side.url else { return Ok(()) };
    let owned = variables(store, &record.name, url);
    let all: Vec<Variable<'_>> = owned.iter().map(|(key, value)| (*key, value.as_deref())).collect();
    // Those files only add to what is there.
    let set: Vec<Variable<'_>> = all.iter().copied().filter(|(_, value)| value.is_some()).collect();
    let name = &record.name;
    let comment = format!("# Points a docker client at {name}. Written by rmachine; changes are lost.\n");
    write_one(store, lock, "env.sh", &comment, Shell::Sh.statements(&all))?;
    write_one(store, lock, &format!("{name}.env"), &comment, Shell::Dotenv.statements(&set))
}

fn write_one(
    store: &Store,
    lock: &Lock,
    file: &str,
    comment: &str,
    statements: Result<String, Unquotable>,
) -> Result<(), StoreError> {
    let path = store.machine_dir(lock.name()).join(file);
    let statements = statements
        .map_err(|error| StoreError::io("write", path)(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    store.write_file(lock, file, 0o600, format!("{comment}{statements}").as_bytes())
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
