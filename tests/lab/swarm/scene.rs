//! A swarm called web and who looks at it.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{BUSYBOX, Run, User, run};

/// How long anything of a small swarm may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// Two services, whose tasks call each other by name; the kernel of the lab has no virtual addresses, hence dnsrr.
const STACK: &str = r#"
version: "3.8"
services:
  call:
    image: busybox
    command: sh -c "while :; do busybox sleep 1; done"
    deploy: { mode: global, endpoint_mode: dnsrr }
  answer:
    image: busybox
    command: sh -c "echo hello from answer > index.html && busybox httpd -f -p 80"
    ports: [{ target: 80, published: 8080, mode: host }]
    deploy: { replicas: 3, endpoint_mode: dnsrr }
"#;

/// The swarm.
pub struct Scene {
    /// Whose it is.
    pub user: User,
}

impl User {
    /// A script for bash in which `eval $(rmachine env --swarm web)` has been done.
    pub fn in_env_of_swarm(&self, script: &str) -> Run {
        let script = format!("set -e; vars=$(rmachine env --swarm web); eval \"$vars\"; {script}");
        run(self.command("bash").args(["-c", &script]))
    }
}

impl User {
    /// docker by its current context.
    pub fn through_context(&self, words: &str) -> Run {
        run(self.command("docker").args(words.split(' ')))
    }
}

impl Scene {
    /// So many new machines as a swarm.
    pub fn new(managers: &str, workers: &str) -> Self {
        let user = User::new();
        user.rmachine(&[
            "swarm",
            "create",
            "--managers",
            managers,
            "--workers",
            workers,
            "-d",
            "nspawn",
            "web",
        ])
        .ok();
        Self { user }
    }

    /// What `swarm status` says, however it ends.
    pub fn status(&self) -> Value {
        let status = self.user.rmachine(&["swarm", "status", "--json", "web"]);
        serde_json::from_str(&status.stdout).unwrap_or_else(|error| panic!("{error}: {status:?}"))
    }

    /// Machines and roles.
    pub fn roles(&self) -> Vec<String> {
        let status = self.status();
        let word = |node: &Value, key: &str| node[key].as_str().unwrap_or_default().to_owned();
        let nodes = status["nodes"].as_array().expect("nodes");
        let mut roles: Vec<String> =
            nodes.iter().map(|node| format!("{} {}", word(node, "machine"), word(node, "role"))).collect();
        roles.sort();
        roles
    }

    /// What `swarm status` says of a machine's node.
    pub fn node(&self, machine: &str) -> Value {
        let status = self.status();
        let mut nodes = status["nodes"].as_array().expect("nodes").iter();
        nodes.find(|node| node["machine"] == machine).expect("a node").clone()
    }

    /// The machine that leads.
    pub fn leader(&self) -> String {
        self.until("a leader", || {
            let status = self.status();
            let nodes = status["nodes"].as_array()?.clone();
            let leads = |node: &&Value| node["leader"] == true && node["reachability"] == "reachable";
            nodes.iter().find(leads).and_then(|node| Some(node["machine"].as_str()?.to_owned()))
        })
    }

    /// Deploys [`STACK`] after its image is on every node, since none can be pulled.
    pub fn deploy(&self) {
        for role in self.roles() {
            self.import(role.split(' ').next().expect("a name"));
        }
        std::fs::write(self.user.home().join("stack.yml"), STACK).expect("written");
        let words = ["swarm", "deploy", "web", "-c", "stack.yml", "--resolve-image", "never", "shop"];
        self.user.rmachine(&words).ok();
    }

    /// Brings the services' image to a node.
    pub fn import(&self, machine: &str) {
        let import = format!("( {BUSYBOX} ) | docker import -c 'ENV PATH=/bin' - busybox");
        self.user.in_env(machine, &import).ok();
    }

    /// The leader, once a task of `answer` runs there: of four nodes one has none.
    pub fn answering_leader(&self) -> String {
        let leader = self.leader();
        if !self.answering().contains(&leader) {
            let spare = self.answering().into_iter().next().expect("a node");
            self.user.rmachine(&["swarm", "drain", "web", &spare]).ok();
            self.until("a replica on the leader", || self.answering().contains(&leader).then_some(()));
            self.user.rmachine(&["swarm", "activate", "web", &spare]).ok();
        }
        self.until_running(3);
        leader
    }

    /// Where `answer` is served, apart from this machine.
    pub fn addresses_but(&self, machine: &str) -> Vec<IpAddr> {
        let others = self.answering().into_iter().filter(|other| other != machine);
        others.map(|other| self.ip(&other)).collect()
    }

    /// Takes a node out, and looks meanwhile whether it was ever gone while fewer than three replicas ran.
    pub fn watch_going(&self, machine: &str) -> (Run, bool) {
        std::thread::scope(|scope| {
            let going = scope.spawn(|| self.user.rmachine(&["swarm", "rm-node", "web", machine, "-y"]));
            let mut was_short = false;
            while !going.is_finished() {
                let is_gone = !self.user.through_context("node ls").stdout.contains(machine);
                was_short |= is_gone && self.answering().len() < 3;
            }
            (going.join().expect("rm-node ends"), was_short)
        })
    }

    /// The machines on which a task of `answer` runs.
    pub fn answering(&self) -> Vec<String> {
        let shown = self.user.rmachine(&["swarm", "ps", "--json", "web"]).ok();
        let nodes: Value = serde_json::from_str(&shown).expect("JSON");
        let runs = |task: &Value| {
            task["state"] == "running"
                && task["name"].as_str().is_some_and(|name| name.starts_with("shop_answer."))
        };
        let has_one = |node: &&Value| node["tasks"].as_array().is_some_and(|tasks| tasks.iter().any(runs));
        let nodes = nodes.as_array().expect("nodes").iter().filter(has_one);
        nodes.filter_map(|node| Some(node["node"].as_str()?.to_owned())).collect()
    }

    /// A machine's own address.
    pub fn ip(&self, machine: &str) -> IpAddr {
        self.user.rmachine(&["ip", machine]).ok().parse().expect("an address")
    }

    /// Waits until so many tasks of `answer` run.
    pub fn until_running(&self, count: usize) {
        self.until("tasks that run", || {
            let shown = self.user.rmachine(&["swarm", "ps", "web"]).ok();
            let running =
                shown.lines().filter(|line| line.contains("shop_answer.") && line.ends_with(" running"));
            (running.count() == count).then_some(())
        });
    }

    /// A task on each node that is up fetches a page of each task of `answer`.
    pub fn tasks_find_each_other(&self) {
        let status = self.status();
        let up = status["nodes"].as_array().expect("nodes").iter().filter(|node| node["state"] == "ready");
        for machine in up.filter_map(|node| node["machine"].as_str()) {
            // busybox's own wget crashes where it is linked statically.
            let fetch = "docker exec $(docker ps -qf name=shop_call) \
                         sh -c \"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 5 answer 80\"";
            self.until("a page by name", || {
                let page = self.user.in_env(machine, fetch);
                page.stdout.ends_with("hello from answer\n").then_some(())
            });
        }
    }

    /// Waits until every node is well.
    pub fn until_healthy(&self) {
        self.until("a healthy swarm", || {
            (self.user.rmachine(&["swarm", "status", "web"]).status == 0).then_some(())
        });
    }

    #[allow(clippy::unused_self, reason = "it reads as a question about the swarm")]
    pub fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "no {what} after {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(300));
        }
    }
}
