//! What the docker CLI asks of an executable called `docker-machine` in its folder of plugins.
//! <https://github.com/docker/cli/blob/master/cli-plugins/metadata/metadata.go>

use serde_json::json;

use super::json;
use crate::env::{Env, Voice};

/// The word docker asks with.
const QUESTION: &str = "docker-cli-plugin-metadata";

/// The answer, when docker asks.
pub fn metadata(env: &Env) -> Option<String> {
    let is_asked =
        env.voice() == Voice::DockerMachine && env.args.get(1).is_some_and(|word| word == QUESTION);
    is_asked.then(|| {
        json::compact(&json!({
            "SchemaVersion": "0.1.0",
            "Vendor": "rmachine",
            "Version": env!("CARGO_PKG_VERSION"),
            "ShortDescription": "Manage hosts and their engines",
            "URL": env!("CARGO_PKG_REPOSITORY"),
        }))
    })
}
