//! A swarm called web and who looks at it.

use std::time::{Duration, Instant};

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
        nodes.iter().map(|node| format!("{} {}", word(node, "machine"), word(node, "role"))).collect()
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
            let machine = role.split(' ').next().expect("a name");
            let import = format!("( {BUSYBOX} ) | docker import -c 'ENV PATH=/bin' - busybox");
            self.user.in_env(machine, &import).ok();
        }
        std::fs::write(self.user.home().join("stack.yml"), STACK).expect("written");
        let words = ["swarm", "deploy", "web", "-c", "stack.yml", "--resolve-image", "never", "shop"];
        self.user.rmachine(&words).ok();
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
    fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
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
