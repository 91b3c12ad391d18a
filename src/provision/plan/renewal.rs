//! New certificates for an engine that has some: those files change and nothing else. The engine reads them only when it starts
//! (<https://github.com/moby/moby/issues/23936>), so it is restarted, once, and its containers are kept as at adoption.

use std::net::SocketAddr;

use super::{
    Change, ConfigChange, Content, Plan, daemon, fate,
    files::{CERTIFICATES, bytes},
};
use crate::{
    engine::options::Options,
    provision::{
        Materials,
        facts::{Engine, Facts},
        refusal::{self, Refusal},
        state::sha256,
    },
};

/// Where an engine has its certificates: the settings and flags that say so, which are named alike.
const PLACES: [(&str, Content, &str); 3] = [
    ("tlscacert", Content::Authority, "the CA's certificate"),
    ("tlscert", Content::Certificate, "the engine's certificate"),
    ("tlskey", Content::Key, "its key"),
];

/// The plan: empty where the engine has them already. `listen` is where clients reach it.
pub fn renewal(facts: &Facts, materials: &Materials<'_>, listen: Vec<SocketAddr>) -> Result<Plan, Refusal> {
    refusal::judge(facts, false)?;
    let engine = facts.engine.as_ref().ok_or(Refusal::NoCertificates)?;
    let options = daemon::current(facts)?;
    let mut changes = Vec::new();
    for (key, content, purpose) in PLACES {
        let path = place(engine, &options, key).ok_or(Refusal::NoCertificates)?;
        changes.extend(write(facts, path, content, purpose, materials));
    }
    if !engine.service.is_active {
        changes.push(Change::Start);
    } else if !changes.is_empty() {
        changes
            .push(Change::Restart { because: vec![CERTIFICATES.to_owned()], containers: fate(facts, &[]) });
    }
    Ok(Plan {
        changes,
        notes: Vec::new(),
        by_activation: engine.our_socket.is_active,
        listen,
        can_validate: false,
        is_live: engine.running.as_ref().is_some_and(|running| running.live_restore),
        config: ConfigChange {
            path: facts.config_path.clone(),
            mode: facts.config.as_ref().map_or(0o644, |file| file.mode),
            expected: facts.config.as_ref().and_then(|file| file.bytes.as_deref()).map(sha256),
            before: options.clone(),
            after: options,
        },
    })
}

/// The file that a flag or a setting names; an engine does not start when both do.
fn place(engine: &Engine, options: &Options, key: &str) -> Option<String> {
    let flag = engine.flags.iter().find(|flag| flag.name == key).map(|flag| flag.value.clone());
    let path = flag.or_else(|| options.get(key)?.as_str().map(str::to_owned))?;
    // The transaction's index is made of lines and blanks.
    let is_plain = path.starts_with('/') && !path.contains(|c: char| c.is_whitespace() || c.is_control());
    is_plain.then_some(path)
}

fn write(
    facts: &Facts,
    path: String,
    content: Content,
    purpose: &str,
    materials: &Materials<'_>,
) -> Option<Change> {
    let sum = sha256(bytes(&content, materials));
    if facts.files.get(&path).is_some_and(|known| known.sha256 == sum && known.mode == 0o600) {
        return None;
    }
    Some(Change::Write { path, mode: 0o600, content, replaces: true, purpose: purpose.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        provision::{facts::recorded::*, plan::Fate},
        secret::Secret,
        tls::Identity,
    };

    fn plan(facts: &Facts) -> Result<Plan, Refusal> {
        let server = Identity { certificate: "certificate".into(), key: Secret::new("key") };
        let materials = Materials {
            machine: "n1",
            store: "5107e",
            is_made: false,
            provider: "generic",
            reached: None,
            authority: "authority",
            server: &server,
            archive: None,
            environment: Vec::new(),
        };
        renewal(facts, &materials, Vec::new())
    }

    /// The files that it writes; beside them there must be one restart and nothing else.
    fn written(plan: &Plan) -> Vec<&str> {
        let files: Vec<&str> = plan
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::Write { path, mode: 0o600, .. } => Some(path.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(files.len() + 1, plan.changes.len(), "{:?}", plan.changes);
        assert!(plan.restarts());
        files
    }

    #[test]
    fn an_adopted_engine_gets_three_files_and_one_restart() {
        let plan = plan(&debian12_adopted()).unwrap();
        let folder = "/etc/docker/rmachine";
        let expected = ["ca.pem", "server.pem", "server-key.pem"].map(|file| format!("{folder}/{file}"));
        assert_eq!(written(&plan), expected);
        assert_eq!(plan.config.before, plan.config.after);
    }

    #[test]
    fn docker_machines_files_are_found_by_its_flags() {
        let plan = plan(&debian12_docker_machine()).unwrap();
        assert_eq!(
            written(&plan),
            ["/etc/docker/ca.pem", "/etc/docker/server.pem", "/etc/docker/server-key.pem"]
        );
        assert!(matches!(plan.fate(), Some(Fate::NoneRun | Fate::Held { .. })), "{:?}", plan.fate());
    }

    #[test]
    fn nothing_is_done_twice() {
        let mut facts = debian12_adopted();
        for change in plan(&facts).unwrap().changes {
            let Change::Write { path, content, .. } = change else { continue };
            let text = match content {
                Content::Authority => "authority",
                Content::Certificate => "certificate",
                Content::Key => "key",
                Content::Text(text) => panic!("{text}"),
            };
            let state = crate::provision::facts::FileState { sha256: sha256(text.as_bytes()), mode: 0o600 };
            facts.files.insert(path, state);
        }
        assert!(plan(&facts).unwrap().is_empty());
    }

    #[test]
    fn an_engine_without_certificates_is_left_alone() {
        for facts in [debian12_engine(), debian12_blank()] {
            assert_eq!(plan(&facts), Err(Refusal::NoCertificates));
        }
    }
}
