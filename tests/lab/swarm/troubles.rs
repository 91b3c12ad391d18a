//! What goes wrong with one node: each trouble is told with the line that helps, and the line helps.

use std::{
    io::{BufRead, BufReader, Write},
    process::Stdio,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rmachine::tls;
use serde_json::Value;

use crate::{
    host,
    support::{Kind, User, run},
};

const CREATE: [&str; 7] = ["swarm", "create", "--managers", "n1", "--workers", "n2", "web"];
const DAY: i64 = 24 * 3600;
/// How long anything of a small swarm may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// n1 and, where it is a node, n2.
struct Pair {
    user: User,
}

impl Pair {
    fn new() -> Self {
        let user = User::new();
        user.rmachine(&["create", "-d", "nspawn", "n1", "n2"]).ok();
        Self { user }
    }

    /// On n2.
    fn sh(&self, script: &str) -> String {
        self.user.rmachine(&["ssh", "n2", "--", script]).ok()
    }

    /// What a host says that it is.
    fn state(&self, machine: &str) -> String {
        self.user.docker(machine, "info --format '{{.Swarm.LocalNodeState}}'").ok()
    }

    /// A manager, a worker, and nothing else.
    #[track_caller]
    fn is_as_asked(&self) {
        let shown = self.user.rmachine(&["swarm", "status", "--json", "web"]).ok();
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        let nodes = shown["nodes"].as_array().expect("nodes").iter();
        let roles: Vec<String> = nodes.map(|node| format!("{} {}", node["machine"], node["role"])).collect();
        assert_eq!(roles, [r#""n1" "manager""#, r#""n2" "worker""#], "{shown}");
    }

    /// Waits until `swarm status` says this, and that something is wrong.
    fn until_told(&self, words: &str) -> String {
        let began = Instant::now();
        loop {
            let shown = self.user.rmachine(&["swarm", "status", "web"]);
            if shown.status == 4 && shown.stdout.contains(words) {
                return shown.stdout;
            }
            assert!(began.elapsed() < PATIENCE, "{words:?} is not in {shown:?}");
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// What a hint said is typed into a shell.
    fn type_in(&self, line: &str) {
        run(self.user.command("sh").args(["-c", line])).ok();
    }
}

#[test]
fn a_node_that_fails_undoes_no_other_and_one_that_is_lost_comes_back_by_what_is_said() {
    drop(host!(Kind::Debian12Engine));
    let pair = Pair::new();
    one_that_fails_undoes_no_other(&pair);
    one_that_joined_again_by_hand_shows_once_after_the_same_command(&pair);
    one_whose_certificate_ended_joins_anew(&pair);
    one_whose_address_went_is_told_with_the_way_out(&pair);
}

#[test]
fn a_node_whose_host_is_gone_is_forgotten_and_a_manager_that_is_not_reached_is_taken_back() {
    drop(host!(Kind::Debian12Engine));
    let pair = Pair::new();
    pair.user.rmachine(&CREATE).ok();
    one_that_is_gone_is_forgotten_while_the_swarm_believes_it_ready(&pair);
    pair.user.rmachine(&["swarm", "rm", "web", "-y"]).ok();
    a_manager_that_the_first_does_not_reach_is_taken_back(&pair);
}

/// What a host says of itself does not show that it cannot keep a node's files: only its join fails.
fn one_that_fails_undoes_no_other(pair: &Pair) {
    let user = &pair.user;
    pair.sh("rm -rf /var/lib/docker/swarm && echo >/var/lib/docker/swarm");
    let create = ["swarm", "create", "--managers", "n1", "--workers", "n2,1", "-d", "nspawn", "web"];
    let partly = user.rmachine(&create);
    let partly = partly.fails(4, "2 of 3 hosts are in swarm web; to go on: rmachine swarm create web");
    partly.fails(4, "the engine of n2 did not join");
    let status = user.rmachine(&["swarm", "status", "web"]);
    assert_eq!(status.status, 4, "{status:?}");
    assert!(status.stdout.contains("hint: bring n2 in: rmachine swarm create web"), "{status:?}");
    user.rmachine(&["swarm", "promote", "web", "n2"]).fails(1, "bring it in: rmachine swarm create web");

    // Taken back: what was made is gone, what was there before is as it was.
    user.rmachine(&["swarm", "create", "--rollback", "web"]).ok();
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "n1\nn2");
    assert_eq!(pair.state("n1"), "inactive");
    assert_eq!(user.rmachine(&["swarm", "ls", "-q"]).ok(), "");

    // Or gone on with, once what was wrong is mended; then nothing is left to take back.
    user.rmachine(&CREATE).fails(4, "1 of 2 hosts are in swarm web");
    pair.sh("rm /var/lib/docker/swarm");
    user.rmachine(&["swarm", "create", "web"]).ok();
    pair.is_as_asked();
    user.rmachine(&["swarm", "create", "--rollback", "web"]).fails(3, "is finished");
}

fn one_that_joined_again_by_hand_shows_once_after_the_same_command(pair: &Pair) {
    let user = &pair.user;
    let token = user.docker("n1", "swarm join-token -q worker").ok();
    let n1 = user.rmachine(&["ip", "n1"]).ok();
    user.docker("n2", "swarm leave").ok();
    user.docker("n2", &format!("swarm join --token {token} {n1}:2377")).ok();
    let told = pair.until_told("n2 shows twice: it joined again, as ");
    assert!(told.contains("hint: bring n2 in: rmachine swarm create web\n"), "{told}");
    let again = user.rmachine(&["swarm", "create", "web"]);
    assert!(!again.stderr.contains("already as it should be"), "{again:?}");
    again.ok();
    pair.is_as_asked();
}

/// A certificate that ended long ago, as on a host that was off for too long.
fn one_whose_certificate_ended_joins_anew(pair: &Pair) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let long_ago = i64::try_from(now).expect("soon enough") - 1090 * DAY;
    let ended = tls::make_client(&tls::make_authority("x", long_ago).unwrap(), "x", long_ago).unwrap();
    for (file, text) in [("crt", ended.certificate.as_str()), ("key", ended.key.expose())] {
        let path = format!("/var/lib/docker/swarm/certificates/swarm-node.{file}");
        pair.sh(&format!("echo {} | base64 -d >{path}", STANDARD.encode(text)));
    }
    pair.sh("systemctl restart docker");
    let error = pair.user.docker("n2", "info --format '{{.Swarm.LocalNodeState}}: {{.Swarm.Error}}'").ok();
    assert!(error.starts_with("error: ") && error.contains("certificate has expired"), "{error}");
    let told = pair.until_told("bring n2 in: rmachine swarm create web");
    assert!(told.contains("its certificate ended 10 days ago"), "{told}");
    pair.user.rmachine(&["swarm", "create", "web"]).ok();
    pair.is_as_asked();
}

fn one_whose_address_went_is_told_with_the_way_out(pair: &Pair) {
    let user = &pair.user;
    user.rmachine(&["swarm", "rm-node", "web", "n2", "-y"]).ok();
    let net = pair.sh(
        "ip -o -4 addr show dev host0 | sed -n 's/.* inet \\([0-9.]*\\)\\.[0-9]*\\/.*/\\1/p' | head -n 1",
    );
    pair.sh(&format!("ip addr add {net}.251/32 dev host0"));
    user.rmachine(&["swarm", "add", "--workers", "n2", "--advertise", &format!("n2={net}.251"), "web"]).ok();
    pair.sh(&format!("ip addr del {net}.251/32 dev host0"));
    let moved = pair.until_told(&format!("the others dial it at {net}.251, and its address is {net}."));
    let out = "rmachine swarm rm-node --force web n2 && rmachine swarm add --workers n2 web";
    assert!(moved.contains(out), "{moved}");
    pair.type_in(&out.replace("--force", "-y --force"));
    pair.is_as_asked();
}

/// For some heartbeats the managers still see it ready; its engine, when it is there again, was not told.
fn one_that_is_gone_is_forgotten_while_the_swarm_believes_it_ready(pair: &Pair) {
    let user = &pair.user;
    user.rmachine(&["kill", "n2"]).ok();
    let began = Instant::now();
    user.rmachine(&["swarm", "rm-node", "web", "n2", "-y"]).fails(3, "n2 does not answer to the swarm");
    user.rmachine(&["swarm", "rm-node", "--force", "web", "n2", "-y"]).ok();
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    let shown = user.rmachine(&["swarm", "status", "web"]);
    assert!(shown.status == 0 && !shown.stdout.contains("n2"), "{shown:?}");

    user.rmachine(&["start", "n2"]).ok();
    let out = "docker $(rmachine config n2) swarm leave --force";
    let added = user.rmachine(&["swarm", "add", "--workers", "n2", "web"]);
    added.fails(4, "was taken out of this one").fails(4, out);
    pair.type_in(out);
    user.rmachine(&["swarm", "create", "web"]).ok();
    pair.is_as_asked();
}

/// The way is closed once it was tried: the first manager calls the second one back in vain.
fn a_manager_that_the_first_does_not_reach_is_taken_back(pair: &Pair) {
    let user = &pair.user;
    let closed = "INPUT -p tcp --dport 2377 -j REJECT --reject-with tcp-reset";
    let mut armed = user.command(env!("CARGO_BIN_EXE_rmachine"));
    let armed = armed.args(["ssh", "n2", "--", &format!("echo armed; read word && iptables -w -I {closed}")]);
    let mut armed = armed.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut said = String::new();
    BufReader::new(armed.stdout.take().expect("stdout")).read_line(&mut said).expect("a line");
    assert_eq!(said, "armed\n");

    let mut create = user.command(env!("CARGO_BIN_EXE_rmachine"));
    let create = create.args(["swarm", "create", "--managers", "n1,n2", "--force", "web"]);
    let mut create = create.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it runs");
    let mut told = String::new();
    for line in BufReader::new(create.stderr.take().expect("stderr")).lines() {
        let line = line.expect("a line");
        if line.ends_with("n1: beginning the swarm") {
            armed.stdin.take().expect("stdin").write_all(b"now\n").expect("said");
        }
        told = told + &line + "\n";
    }
    assert!(armed.wait().expect("ssh ends").success());
    assert_eq!(create.wait().expect("it ends").code(), Some(4), "{told}");
    let n2 = user.rmachine(&["ip", "n2"]).ok();
    for words in [
        format!("the swarm's managers do not reach n2 at {n2}:2377"),
        format!("open {n2}:2377/tcp towards it, from every manager"),
        "1 of 2 hosts are in swarm web; to go on: rmachine swarm create web".to_owned(),
    ] {
        assert!(told.contains(&words), "{words}: {told}");
    }
    assert_eq!(pair.state("n2"), "inactive");
    pair.sh(&format!("iptables -w -D {closed}"));
    user.rmachine(&["swarm", "create", "web"]).ok();
    let shown = user.rmachine(&["swarm", "status", "web"]).ok();
    assert!(shown.contains("2 of 2 managers answer"), "{shown}");
}
