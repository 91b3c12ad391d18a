//! Compose against a machine: build, up, scale, logs, down, with the real client.

use crate::{
    host,
    support::{Kind, User},
};

const FILE: &str = r#"
version: "3"
services:
  web:
    build: .
    command: ["/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/"]
    ports: ["8080:80"]
    volumes: ["data:/data"]
  worker:
    image: busybox
    command: ["/bin/busybox", "sh", "-c", "echo worker is up; exec busybox sleep 600"]
volumes:
  data:
"#;

#[test]
fn compose_builds_runs_and_scales_two_services() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    host.import_busybox();
    std::fs::write(user.home().join("docker-compose.yml"), FILE).expect("written");
    std::fs::write(user.home().join("Dockerfile"), "FROM busybox\nCOPY index.html /index.html\n")
        .expect("written");
    std::fs::write(user.home().join("index.html"), "served from a machine\n").expect("written");
    let compose = |words: &str| {
        user.in_env(
            "n1",
            &format!("DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0 docker-compose -p app {words}"),
        )
    };

    compose("up -d --build").ok();
    let page =
        user.command("sh").args(["-c", &format!("busybox wget -qO- http://{}:8080/", host.ip())]).output();
    assert_eq!(String::from_utf8_lossy(&page.expect("wget runs").stdout), "served from a machine\n");
    compose("up -d --no-build --scale worker=3").ok();
    let names = user.docker("n1", "ps --format '{{.Names}}'").ok();
    assert_eq!(names.lines().filter(|name| name.contains("worker")).count(), 3, "{names}");
    assert!(compose("logs worker").ok().contains("worker is up"));
    compose("down -v -t 0").ok();
    assert_eq!(user.docker("n1", "ps -aq").ok(), "");
}
