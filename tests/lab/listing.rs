//! `ls` of a machine that runs: what the engine itself says of its version, and how long it took to say so.

use std::os::unix::fs::symlink;

use crate::{
    host,
    support::{Kind, User, run},
};

#[test]
fn ls_asks_the_engine_for_its_version_and_tells_how_long_that_took() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &["--engine-label", "env=test"]).ok();
    let version = host.sh("docker version --format '{{.Server.Version}}'");
    let url = format!("tcp://{}:2376", host.ip());
    let user = user.with("DOCKER_HOST", &url);
    let classic = user.home().join("docker-machine");
    symlink(env!("CARGO_BIN_EXE_rmachine"), &classic).expect("a link");
    for program in [env!("CARGO_BIN_EXE_rmachine").as_ref(), classic.as_path()] {
        let ls = |words: &[&str]| run(user.command(program).arg("ls").args(words)).ok();
        let fields = "{{.Name}} {{.State}} {{.Active}} {{.URL}} {{.DockerVersion}} [{{.Error}}]";
        assert_eq!(ls(&["--format", fields]), format!("n1 Running * {url} v{version} []"));
        let took = ls(&["--format", "{{.ResponseTime}} {{.ResponseTime.Milliseconds}}"]);
        let (shown, milliseconds) = took.split_once(' ').expect("two words");
        let milliseconds: u64 = milliseconds.parse().expect("a number");
        assert!((1..10_000).contains(&milliseconds), "{took}");
        // Below a second the two are the same number; a slow host may take longer.
        assert!(
            shown == format!("{milliseconds}ms") || shown.ends_with('s') && milliseconds >= 1000,
            "{took}"
        );
        let table = ls(&[
            "--format",
            "table {{.Name}}\\t{{.DockerVersion}}\\t{{range .EngineOptions.Labels}}{{.}}{{end}}",
        ]);
        let width = version.len() + 4;
        assert_eq!(
            table,
            format!("NAME   {:width$}LABELS\nn1     {:width$}env=test", "DOCKER", format!("v{version}"))
        );
        assert_eq!(ls(&["-q", "--filter", "state=running", "--filter", "label=env=test"]), "n1");
        assert_eq!(ls(&["-q", "--filter", "state=stopped"]), "");
    }
    host.sh("systemctl stop docker.socket docker.service");
    let stopped =
        run(user.command(&classic).args(["ls", "--format", "{{.DockerVersion}} {{.State}} {{.Error}}"])).ok();
    assert_eq!(
        stopped,
        "Unknown Running Unable to query docker version: Cannot connect to the docker engine endpoint"
    );
}
