//! What `regenerate-certs` did, for programs: one document, however it ended.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::{
    cli::{error::CliError, expiry, many::Results},
    machine::MachineName,
    ops::{
        World,
        certs::{Changed, Life, NewClient, Phase, Renewed, lives},
    },
};

/// `ca` and `client` where they were asked for, and `machines`.
#[derive(Default)]
pub struct Report {
    ca: Option<Value>,
    client: Option<Value>,
    phases: Vec<Value>,
    machines: Vec<Value>,
}

impl Report {
    /// Nothing was begun.
    pub fn is_empty(&self) -> bool {
        let Self { ca, client, phases, machines } = self;
        ca.is_none() && client.is_none() && phases.is_empty() && machines.is_empty()
    }

    /// The document.
    pub fn json(&self) -> Value {
        let mut whole = Map::new();
        let parts = [("ca", &self.ca), ("client", &self.client)];
        whole.extend(parts.into_iter().filter_map(|(key, part)| Some((key.to_owned(), part.clone()?))));
        if !self.phases.is_empty() {
            whole.insert("phases".to_owned(), json!(self.phases));
        }
        whole.insert("machines".to_owned(), json!(self.machines));
        Value::Object(whole)
    }

    /// New certificates of engines, or none; each machine with what it has now.
    pub fn renewed(&mut self, world: &World, results: &Results<Renewed>) {
        self.machines.extend(results.iter().map(|(name, result)| {
            let result = result.as_ref().map(|renewed| match renewed {
                Renewed::Yes => "renewed",
                Renewed::NotDue => "not-due",
                Renewed::HasNone => "no-certificate",
            });
            machine(world, name, result.map_err(CliError::to_string))
        }));
    }

    /// What would be done on each machine; null where nothing would.
    pub fn planned(&mut self, results: &Results<Option<String>>) {
        self.machines.extend(results.iter().map(|(name, result)| match result {
            Ok(plan) => json!({ "name": name, "result": "planned", "plan": plan }),
            Err(error) => json!({ "name": name, "result": "failed", "error": error.to_string() }),
        }));
    }

    /// A new client certificate, or none because the one there is young enough.
    pub fn client(&mut self, made: Option<&NewClient>) {
        self.client = Some(match made {
            Some(made) => json!({
                "result": "renewed",
                "certificate": made.files.client_certificate,
                "former_expires": made.former.map(Life::ends_at),
            }),
            None => json!({ "result": "not-due" }),
        });
    }

    /// A client certificate that would be made.
    pub fn client_planned(&mut self, file: &Path) {
        self.client = Some(json!({ "result": "planned", "certificate": file }));
    }

    /// The machines to which the new client certificate could not be brought.
    pub fn copied(&mut self, results: &Results<()>) {
        let failed = results.iter().filter_map(|(name, result)| {
            let error = result.as_ref().err()?.to_string();
            Some(json!({ "name": name, "error": error }))
        });
        if let Some(client) = &mut self.client {
            client["failed_copies"] = failed.collect();
        }
    }

    /// How far the change of the CA came, and what the machines have now.
    pub fn ca(&mut self, world: &World, names: &[MachineName], changed: &Changed) {
        let (ca, failures) = match changed {
            Changed::NotDue => (json!({ "result": "not-due" }), [].as_slice()),
            Changed::Done(kept_as) => {
                let old = world.store.certs_dir().join(format!("{kept_as}.pem"));
                (json!({ "result": "done", "old": old }), [].as_slice())
            }
            Changed::Resting => (json!({ "result": "both-trusted" }), [].as_slice()),
            Changed::Waiting { phase, failures, through: _ } => {
                (json!({ "result": "waiting", "phase": phase }), failures.as_slice())
            }
        };
        let of = |name: &MachineName| match failures.iter().find(|(failed, _)| failed == name) {
            Some((_, error)) => machine(world, name, Err(error.to_string())),
            None => machine(world, name, Ok(ca["result"].as_str().unwrap_or_default())),
        };
        self.machines.extend(names.iter().map(of));
        self.ca = Some(ca);
    }

    /// A phase of the change of the CA that is to come.
    pub fn phase_planned(&mut self, phase: Phase, names: &[MachineName]) {
        self.phases.push(json!({ "phase": phase, "machines": names }));
    }
}

fn machine(world: &World, name: &MachineName, result: Result<&str, String>) -> Value {
    let certificates = world.store.load(name).ok().map(|record| expiry::json(&lives(world, &record)));
    match result {
        Ok(result) => json!({ "name": name, "result": result, "certificates": certificates }),
        Err(error) => {
            json!({ "name": name, "result": "failed", "error": error, "certificates": certificates })
        }
    }
}
