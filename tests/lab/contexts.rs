//! docker's contexts with the real docker client: listed, used, inspected, and gone with their machine.

use crate::{
    host,
    support::{Kind, User, run},
};

/// What docker says, with no variable that points it anywhere.
fn docker(user: &User, words: &[&str]) -> crate::support::Run {
    run(user.command("docker").args(words))
}

#[test]
fn docker_lists_uses_and_inspects_the_context_of_a_machine() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    host.import_busybox();
    host.sh("docker run -d --name seen busybox sh -c 'while :; do busybox sleep 1; done'");
    let names = ["--context", "n1", "ps", "--format", "{{.Names}}"];
    assert_eq!(docker(&user, &names).ok(), "seen");
    let listed =
        docker(&user, &["context", "ls", "--format", "{{.Name}} {{.DockerEndpoint}} {{.Current}}"]).ok();
    assert!(listed.contains(&format!("n1 tcp://{}:2376 false", host.ip())), "{listed}");
    let inspected = docker(
        &user,
        &["context", "inspect", "n1", "-f", "{{.Endpoints.docker.Host}} {{.TLSMaterial.docker}}"],
    )
    .ok();
    assert_eq!(inspected, format!("tcp://{}:2376 [ca.pem cert.pem key.pem]", host.ip()));

    user.rmachine(&["use", "n1"]).ok();
    assert_eq!(docker(&user, &["context", "show"]).ok(), "n1");
    assert_eq!(docker(&user, &["ps", "--format", "{{.Names}}"]).ok(), "seen");
    // docker's own way to change a context keeps the mark by which we know ours.
    docker(&user, &["context", "update", "n1", "--description", "the big one"]).ok();

    // Made again with the certificates: what was broken is whole, and the user's description stays.
    let folder = user.home().join(".docker/contexts/tls");
    let tls = folder.read_dir().unwrap().next().unwrap().unwrap().path().join("docker");
    std::fs::write(tls.join("key.pem"), "broken").unwrap();
    assert_ne!(docker(&user, &["ps"]).status, 0);
    user.rmachine(&["provision", "n1"]).ok();
    assert_eq!(docker(&user, &["ps", "--format", "{{.Names}}"]).ok(), "seen");
    let listed = docker(&user, &["context", "ls", "--format", "{{.Name}}: {{.Description}}"]).ok();
    assert!(listed.contains("n1: the big one"), "{listed}");

    let released = user.rmachine(&["release", "-y", "n1"]);
    assert!(released.stderr.contains("n1: it was docker's current context"), "{released:?}");
    released.ok();
    assert_eq!(docker(&user, &["context", "show"]).ok(), "default");
    assert_eq!(docker(&user, &["context", "ls", "-q"]).ok(), "default");
    assert!(!tls.exists());
}

#[test]
fn later_verbs_make_no_context_that_was_not_wanted_and_wait_at_the_engines_own_port() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &["--no-context", "--generic-engine-port", "2377"]).ok();
    user.rmachine(&["provision", "n1"]).ok();
    user.rmachine(&["restart", "n1"]).ok();
    assert!(!host.sh("ss -tlnH").contains(":2376"), "nobody listens there");
    user.rmachine(&["env", "--check", "n1"]).ok();
    assert_eq!(docker(&user, &["context", "ls", "-q"]).ok(), "default");
}

#[test]
fn over_ssh_the_context_points_at_the_host() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &["--engine-access", "ssh"]).ok();
    let switched = user.rmachine(&["use", "n1"]);
    let line = switched
        .stderr
        .lines()
        .find_map(|line| line.split_once("~/.ssh/config: "))
        .expect("a line")
        .1
        .to_owned();
    switched.ok();
    user.write_ssh_config(&format!("{line}\n"));
    let inspected = docker(&user, &["context", "inspect", "n1", "-f", "{{.Endpoints.docker.Host}}"]).ok();
    assert_eq!(inspected, format!("ssh://root@{}", host.ip()));
    assert!(!docker(&user, &["--context", "n1", "version", "-f", "{{.Server.Version}}"]).ok().is_empty());
}
