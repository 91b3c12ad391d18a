//! What `env` prints, evaluated by the real shells, reaches the engine; so do the env files.

use crate::{
    host,
    support::{Kind, Run, User, run},
};

const SERVER: &str = "docker version --format '{{.Server.Version}}'";

/// A script in a shell with our programs on PATH.
fn in_shell(user: &User, shell: &str, script: &str) -> Run {
    run(user.command(shell).args(["-c", script]))
}

#[test]
fn what_env_prints_works_in_every_shell() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let version = host.sh(SERVER);
    let forms = [
        ("bash", format!("eval $(rmachine env --shell bash n1); {SERVER}")),
        ("dash", format!("eval \"$(rmachine env --shell sh n1)\"; {SERVER}")),
        ("zsh", format!("eval $(rmachine env --shell zsh n1); {SERVER}")),
        ("fish", format!("rmachine env --shell fish n1 | source; {SERVER}")),
        ("fish", format!("eval (rmachine env --shell fish n1); {SERVER}")),
        ("tcsh", format!("eval `rmachine env --shell tcsh n1`; {SERVER}")),
    ];
    for (shell, script) in forms {
        assert_eq!(in_shell(&user, shell, &script).ok(), version, "{shell}: {script}");
    }
}

#[test]
fn the_env_files_work_for_shells_and_for_compose() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let version = host.sh(SERVER);
    let script = format!(". .docker/machine/machines/n1/env.sh; {SERVER}");
    assert_eq!(in_shell(&user, "dash", &script).ok(), version);
    let dotenv = format!("set -a; . .docker/machine/machines/n1/n1.env; {SERVER}");
    assert_eq!(in_shell(&user, "bash", &dotenv).ok(), version);
}

#[test]
fn unset_takes_back_what_env_set() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let script = "eval $(rmachine env n1); eval $(rmachine env -u); env | grep -c ^DOCKER_ || true";
    assert_eq!(in_shell(&user, "bash", script).ok(), "0");
}

#[test]
fn the_flags_that_config_prints_reach_the_engine() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let script = "docker $(rmachine config n1) version --format '{{.Server.Version}}'";
    assert_eq!(in_shell(&user, "bash", script).ok(), host.sh(SERVER));
    let by_json = "rmachine config --json n1 | jq -r '\"--tlsverify --tlscacert=\\(.tlscacert) --tlscert=\\(.tlscert) \
                   --tlskey=\\(.tlskey) -H=\\(.url)\"'";
    let script = format!("docker $({by_json}) version --format '{{{{.Server.Version}}}}'");
    assert_eq!(in_shell(&user, "bash", &script).ok(), host.sh(SERVER));
}
