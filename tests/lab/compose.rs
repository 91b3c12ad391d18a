//! Compose against machines: build, ports, volumes, logs and scale, with both of the real clients, by `env` and by docker context.

use std::os::unix::fs::PermissionsExt;

use crate::{
    host,
    support::{Host, Kind, Run, User},
};

const FILE: &str = r#"
services:
  web:
    build: .
    command: ["/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/"]
    ports: ["8080:80"]
    volumes: ["data:/data"]
  worker:
    image: busybox
    command: ["/bin/busybox", "sh", "-c", "echo written >/data/file; echo worker is up; exec busybox sleep 600"]
    volumes: ["data:/data"]
volumes:
  data:
"#;

/// Debian 13's plugin, in Debian's package of that name.
const PLUGIN: &str = "/usr/libexec/docker/cli-plugins/docker-compose";

/// A client and how it finds the engine.
struct Compose<'a> {
    user: &'a User,
    line: String,
    env_of: Option<&'a str>,
}

impl<'a> Compose<'a> {
    /// As `env` says.
    fn by_env(user: &'a User, program: &str, machine: &'a str) -> Self {
        Self { user, line: program.to_owned(), env_of: Some(machine) }
    }

    /// As docker's context of the machine says.
    fn by_context(user: &'a User, line: &str) -> Self {
        Self { user, line: line.to_owned(), env_of: None }
    }

    fn run(&self, words: &str) -> Run {
        // The old client's own way of building, which needs no further program.
        let script = format!("DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0 {} -p app {words}", self.line);
        match self.env_of {
            Some(machine) => self.user.in_env(machine, &script),
            None => crate::support::run(self.user.command("bash").args(["-ec", &script])),
        }
    }

    /// The page that it serves. A container counts as up before its program listens.
    fn page(&self, host: &Host) -> String {
        let url = format!("http://{}:8080/", host.ip());
        let fetch =
            ["-sS", "--retry", "20", "--retry-delay", "1", "--retry-all-errors", "--max-time", "30", &url];
        crate::support::run(self.user.command("curl").args(fetch)).ok() + "\n"
    }

    /// An application comes up, is scaled, keeps its data, and goes.
    fn goes_through_a_life(&self, host: &Host) {
        let line = &self.line;
        self.run("up -d --build").ok();
        assert_eq!(self.page(host), "served from a machine\n", "{line}");

        self.run("up -d --no-build --scale worker=3").ok();
        let names = host.sh("docker ps --format '{{.Names}}'");
        assert_eq!(names.lines().filter(|name| name.contains("worker")).count(), 3, "{line}: {names}");
        assert!(self.run("logs worker").ok().contains("worker is up"), "{line}");

        self.run("down -t 0").ok();
        assert_eq!(host.sh("docker ps -aq"), "", "{line}");
        self.run("up -d web").ok();
        assert_eq!(
            self.run("exec -T web /bin/busybox cat /data/file").ok(),
            "written",
            "{line}: the volume stays"
        );
        self.run("down -v -t 0").ok();
        assert_eq!(host.sh("docker ps -aq; docker volume ls -q"), "", "{line}");
    }
}

/// A user with an application to run, and two machines.
fn user_with_application(hosts: [&Host; 2]) -> User {
    let user = User::new();
    for (name, host) in ["n1", "n2"].into_iter().zip(hosts) {
        user.adopt(host, name, &[]).ok();
        host.import_busybox();
    }
    let write = |file: &str, text: &str| std::fs::write(user.home().join(file), text).expect("written");
    write("docker-compose.yml", FILE);
    write("Dockerfile", "FROM busybox\nCOPY index.html /index.html\n");
    write("index.html", "served from a machine\n");
    // The old client looks for contexts beside docker's configuration, and nowhere when there is none.
    write(".docker/config.json", "{}");
    user
}

#[test]
fn compose_builds_runs_and_scales_with_the_old_client() {
    let (one, two) = (host!(Kind::Debian12Engine), host!(Kind::Debian13Engine));
    let user = user_with_application([&one, &two]);
    Compose::by_env(&user, "docker-compose", "n1").goes_through_a_life(&one);
    Compose::by_context(&user, "docker-compose --context n1").goes_through_a_life(&one);
    Compose::by_env(&user, "docker-compose", "n2").goes_through_a_life(&two);
}

#[test]
fn compose_builds_runs_and_scales_with_the_plugin() {
    let (one, two) = (host!(Kind::Debian12Engine), host!(Kind::Debian13Engine));
    let user = user_with_application([&one, &two]);
    two.sh("apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends docker-compose >/dev/null");
    let plugins = user.home().join(".docker/cli-plugins");
    std::fs::create_dir_all(&plugins).expect("a folder");
    let plugin = plugins.join("docker-compose");
    user.rmachine(&["scp", &format!("n2:{PLUGIN}"), &plugin.display().to_string()]).ok();
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    let version = crate::support::run(user.command("docker").args(["compose", "version", "--short"])).ok();
    assert!(version.starts_with('2'), "{version}");

    Compose::by_env(&user, "docker compose", "n1").goes_through_a_life(&one);
    Compose::by_context(&user, "docker --context n1 compose").goes_through_a_life(&one);
    Compose::by_env(&user, "docker compose", "n2").goes_through_a_life(&two);
    Compose::by_context(&user, "docker --context n2 compose").goes_through_a_life(&two);
}
