//! What containers may, what they get, where they live and how the engine goes out: each set, seen at work, and taken back.

use super::Lab;

/// Every one of them, on one host.
pub fn all(lab: &Lab) {
    what_they_may_and_get(lab);
    where_they_live(lab);
    whose_they_are(lab);
    how_the_engine_goes_out(lab);
}

/// What a container is like, a line for each thing.
const SEEN: &str = r#"
docker run -d --name seen -p 8080:80 --add-host out:host-gateway busybox sh -c 'busybox seq 2000; exec busybox sleep 600' >/dev/null
inside() { docker exec seen sh -c "$1" 2>&1; }
for _ in $(seq 100); do [ "$(docker logs --tail 1 seen)" = 2000 ] && break; sleep 0.1; done
echo "mkdir: $(inside 'busybox mkdir /x && echo works')"
echo "privileges: $(inside 'busybox grep NoNewPrivs /proc/self/status' | tr -d '\t')"
echo "limits: $(inside 'busybox grep core /proc/self/limits' | xargs)"
echo "first: $(inside 'busybox cat /proc/1/comm')"
echo "gateway: $(inside 'busybox grep out$ /etc/hosts' | cut -f 1)"
echo "below: $(grep -o /rmlab/ "/proc/$(docker inspect -f '{{.State.Pid}}' seen)/cgroup" | sort -u)"
echo "port: $(docker port seen | head -n 1)"
cd "/var/lib/docker/containers/$(docker inspect -f '{{.Id}}' seen)"
echo "logs: $(ls | grep -c 'json.log'), large: $(find . -name '*json.log*' -size +2k | wc -l)"
docker rm -f seen >/dev/null
echo "metrics: $(curl -s -m 5 http://127.0.0.1:9323/metrics | grep -o '^engine_daemon_engine_info' )""#;

/// System calls, privileges, limits, logs, control groups, published ports, metrics: one restart for all of them.
fn what_they_may_and_get(lab: &Lab) {
    let profile = r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}"#;
    lab.host.put("/etc/docker/seccomp.json", profile.as_bytes());
    let seen = || -> Vec<String> { lab.host.sh(SEEN).lines().map(|line| line.trim().to_owned()).collect() };
    let usual = seen();
    lab.set(&[
        "seccomp-profile=/etc/docker/seccomp.json",
        "no-new-privileges=true",
        "default-ulimits=core=1234:2345",
        "init=true",
        "host-gateway-ip=10.1.2.3",
        "cgroup-parent=rmlab",
        "ip=127.0.0.1",
        "log-opts=max-size=1k",
        "log-opts=max-file=2",
        "metrics-addr=127.0.0.1:9323",
    ]);
    let set = [
        "mkdir: mkdir: can't create directory '/x': Operation not permitted",
        "privileges: NoNewPrivs:1",
        "limits: Max core file size 1234 2345 bytes",
        "first: docker-init",
        "gateway: 10.1.2.3",
        "below: /rmlab/",
        "port: 80/tcp -> 127.0.0.1:8080",
        "logs: 2, large: 0",
        "metrics: engine_daemon_engine_info",
    ];
    assert_eq!(seen(), set);
    for (usual, set) in usual.iter().zip(set) {
        assert_ne!(usual, set, "that is so by default");
    }
    lab.unset(&[
        "seccomp-profile",
        "no-new-privileges",
        "default-ulimits",
        "init",
        "host-gateway-ip",
        "cgroup-parent",
        "ip",
        "log-opts",
        "metrics-addr",
    ]);
    assert_eq!(seen(), usual, "all of it is back");
    lab.host.sh("rm /etc/docker/seccomp.json");
}

/// data-root and storage-driver: another place, kept in another way; what was there is not seen meanwhile, and found again.
fn where_they_live(lab: &Lab) {
    let lives = || lab.host.sh("docker info -f '{{.DockerRootDir}} {{.Driver}}'; docker images -q busybox");
    let usual = lives();
    assert_ne!(usual.lines().count(), 1, "there is an image: {usual}");
    let said = lab.engine("set", &["data-root=/srv/docker", "storage-driver=vfs"]);
    let note =
        "note: with another data-root, images, containers and volumes of now are not seen (nor removed)";
    assert!(said.stderr.contains(note), "{}", said.stderr);
    said.ok();
    assert_eq!(lives(), "/srv/docker vfs");
    assert!(lab.host.sh("ls /srv/docker").contains("image"));
    lab.unset(&["data-root", "storage-driver"]);
    assert_eq!(lives(), usual);
    lab.host.sh("rm -rf /srv/docker");
}

/// userns-remap: root in a container is nobody on the host.
fn whose_they_are(lab: &Lab) {
    let owner = || {
        lab.host.sh("docker run -d --name whose busybox busybox sleep 600 >/dev/null && \
             stat -c %u /proc/$(docker inspect -f '{{.State.Pid}}' whose) && docker exec whose busybox id -u && docker rm -f whose >/dev/null")
    };
    assert_eq!(owner(), "0\n0");
    lab.set(&["userns-remap=default"]);
    lab.host.import_busybox();
    let first = lab.host.sh("sed -n 's/^dockremap:\\([0-9]*\\):.*/\\1/p' /etc/subuid");
    assert_eq!(owner(), format!("{first}\n0"));
    assert!(first.parse::<u32>().is_ok_and(|id| id > 1000), "{first}");
    lab.unset(&["userns-remap"]);
    assert_eq!(owner(), "0\n0");
}

/// proxies: the engine's own, which it has in `daemon.json` from 23.0 on; seen without its password.
fn how_the_engine_goes_out(lab: &Lab) {
    let proxy = "proxies=http-proxy=http://ann:secret@127.0.0.1:3128";
    let told = || lab.host.sh("docker info -f '{{.HTTPProxy}}'");
    if lab.host.sh("dockerd --version").contains(" 20.10") {
        lab.engine("set", &[proxy])
            .fails(3, "option \"proxies\" came with engine 23.0, and this one is 20.10");
        return;
    }
    let said = lab.engine("set", &[proxy]);
    assert!(!format!("{}{}", said.stdout, said.stderr).contains("secret"), "{}", said.stderr);
    said.ok();
    assert!(told().ends_with("@127.0.0.1:3128"), "{}", told());
    assert_eq!(lab.host.sh("stat -c %a /etc/docker/daemon.json"), "600", "there is a password in it");
    lab.unset(&["proxies"]);
    assert_eq!(told(), "");
}
