//! The docker CLI's plugin `machine`: what docker asks of an executable called `docker-machine` in its folders of plugins, and how it then
//! calls it: with all of its own words, `docker [OPTIONS] machine ...`.
//! <https://github.com/docker/cli/blob/master/cli-plugins/metadata/metadata.go>

use serde_json::json;

use super::json;
use crate::{
    contexts,
    env::{Env, PLUGIN, Voice},
};

/// The word docker asks with.
const QUESTION: &str = "docker-cli-plugin-metadata";
/// Set by docker for its plugins; whatever they start inherits it.
const CALLED_BY_DOCKER: &str = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND";
/// Our name among docker's commands.
const COMMAND: &str = "machine";
/// Options of docker's that take the next word.
const TAKE_NEXT: [&str; 10] =
    [CONFIG, "--context", "-c", "--host", "-H", "--log-level", "-l", "--tlscacert", "--tlscert", "--tlskey"];
/// The one of them that concerns us.
const CONFIG: &str = "--config";

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

/// The surroundings as a program has them that is called `docker machine`, when docker called us: without docker's words, and with what
/// they say of us.
pub fn unwrapped(env: &Env) -> Option<Env> {
    if env.voice() != Voice::DockerMachine || env.var(CALLED_BY_DOCKER).is_none() {
        return None;
    }
    let mut own = env.clone();
    let mut ours = vec![PLUGIN.to_owned()];
    let mut words = env.args.iter().skip(1);
    while let Some(word) = words.next() {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, v)| (name, Some(v)));
        let value = match value {
            None if TAKE_NEXT.contains(&name) => words.next().map(String::as_str),
            value => value,
        };
        match word.as_str() {
            _ if name == CONFIG => {
                own.vars.insert(contexts::FOLDER.into(), value.unwrap_or_default().to_owned());
            }
            "--debug" | "-D" | "help" => ours.push(word.clone()),
            COMMAND => {
                ours.extend(words.cloned());
                own.args = ours;
                return Some(own);
            }
            _ if word.starts_with('-') => {}
            // Started by something that docker started, without its words.
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn called(line: &str) -> Env {
        let mut env = Env::for_tests(Path::new("/"));
        env.args = ["/p/docker-machine"].into_iter().chain(line.split(' ')).map(str::to_owned).collect();
        env.vars.insert(CALLED_BY_DOCKER.into(), "docker".into());
        env
    }

    #[test]
    fn dockers_words_are_dropped_wherever_the_name_stands_in_them() {
        for (line, ours) in [
            ("machine ls -q", "docker machine|ls|-q"),
            ("--context machine machine ls", "docker machine|ls"),
            ("-c x -H tcp://h:1 --tls --log-level=debug machine env machine", "docker machine|env|machine"),
            ("-D machine ls", "docker machine|-D|ls"),
            ("help machine ls", "docker machine|help|ls"),
            ("machine", "docker machine"),
        ] {
            let own = unwrapped(&called(line)).unwrap();
            assert_eq!(own.args.join("|"), ours, "{line}");
            assert_eq!(own.voice(), Voice::DockerMachine);
        }
    }

    #[test]
    fn dockers_folder_is_ours() {
        for line in ["--config /c machine ls", "--config=/c machine ls"] {
            assert_eq!(unwrapped(&called(line)).unwrap().var("DOCKER_CONFIG"), Some("/c"));
        }
    }

    #[test]
    fn what_a_plugin_started_is_no_plugin() {
        for line in ["ls machine", "-q ls", "create machine"] {
            assert!(unwrapped(&called(line)).is_none(), "{line}");
        }
        let mut env = called("machine ls");
        env.vars.clear();
        assert!(unwrapped(&env).is_none());
    }
}
