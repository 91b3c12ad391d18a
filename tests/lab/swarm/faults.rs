//! What goes wrong while a swarm is formed, at a place that chance decides: rmachine is killed, an engine is killed, a host is cut off. The same
//! command then ends with exactly the swarm that was asked for.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use rmachine::checkpoint::Checkpoint;
use serde_json::Value;

use crate::{
    host,
    support::{Kind, Run, User, is_campaign, report, seed},
};

const CREATE: [&str; 7] = ["swarm", "create", "--managers", "n1", "--workers", "n2", "web"];
const MACHINES: [&str; 2] = ["n1", "n2"];
/// Checkpoints of this swarm that something still happens after.
const CHECKPOINTS: usize = Checkpoint::SWARM.len() - 1;
/// Chance adds up to so much to a place.
const LATER: Duration = Duration::from_millis(300);
/// How many faults `make campaign` plays.
const MANY: usize = 20;
/// How long an engine or a network may take to be there again.
const BACK_WITHIN: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    RmachineKilled,
    EngineKilled,
    NetworkCut,
}

impl Fault {
    const ALL: [Self; 3] = [Self::RmachineKilled, Self::EngineKilled, Self::NetworkCut];

    fn words(self) -> &'static str {
        match self {
            Self::RmachineKilled => "rmachine killed",
            Self::EngineKilled => "an engine killed",
            Self::NetworkCut => "a host cut off for 8 s",
        }
    }

    /// What a shell on the host does; the network comes back by itself.
    fn script(self) -> &'static str {
        match self {
            Self::RmachineKilled => "true",
            Self::EngineKilled => "kill -9 $(systemctl show -p MainPID --value docker)",
            Self::NetworkCut => {
                "systemd-run --quiet --collect /bin/sh -c 'for chain in INPUT OUTPUT; do iptables -w -I $chain ! -o lo -j DROP 2>/dev/null || \
                 iptables -w -I $chain ! -i lo -j DROP; done; sleep 8; for chain in INPUT OUTPUT; do iptables -w -D $chain 1; done'"
            }
        }
    }
}

/// When, where and what.
#[derive(Debug)]
struct Blow {
    fault: Fault,
    machine: &'static str,
    checkpoint: usize,
    later: Duration,
}

impl Blow {
    fn by_chance(number: usize, chance: &mut StdRng) -> Self {
        Self {
            fault: Fault::ALL[number % Fault::ALL.len()],
            machine: MACHINES[chance.random_range(0..MACHINES.len())],
            checkpoint: chance.random_range(1..=CHECKPOINTS),
            later: LATER.mul_f64(chance.random()),
        }
    }

    /// Forms the swarm and lets it happen meanwhile; whether it did.
    fn strike(&self, user: &User) -> bool {
        let mut armed = arm(user, self.machine, self.fault.script());
        let mut create = user.command(env!("CARGO_BIN_EXE_rmachine"));
        let mut create = create
            .arg("-D")
            .args(CREATE)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("it runs");
        let (mut met, mut struck) = (0, false);
        for line in BufReader::new(create.stderr.take().expect("stderr")).lines() {
            met += usize::from(is_checkpoint(&line.expect("a line")));
            if met == self.checkpoint && !struck {
                std::thread::sleep(self.later);
                match self.fault {
                    Fault::RmachineKilled => create.kill().expect("killed"),
                    Fault::EngineKilled | Fault::NetworkCut => {
                        armed.stdin.take().expect("stdin").write_all(b"now\n").expect("said");
                    }
                }
                struck = true;
            }
        }
        create.wait().expect("it ends");
        drop(armed.stdin.take());
        let _ = armed.kill();
        armed.wait().expect("ssh ends");
        struck
    }
}

/// Whether this is what -D says at a checkpoint of a swarm.
fn is_checkpoint(line: &str) -> bool {
    Checkpoint::SWARM.iter().any(|point| line.ends_with(&format!("checkpoint point={point}")))
}

/// A shell on the host that waits for a word.
fn arm(user: &User, machine: &str, script: &str) -> Child {
    let mut ssh = user.command(env!("CARGO_BIN_EXE_rmachine"));
    let script = format!("systemctl reset-failed docker; echo armed; read word && {script}");
    let ssh = ssh.args(["ssh", machine, "--", &script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = ssh.stderr(Stdio::null()).spawn().expect("ssh runs");
    let mut said = String::new();
    BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut said).expect("a line");
    assert_eq!(said, "armed\n");
    child
}

/// Every engine answers.
fn until_back(user: &User) {
    let began = Instant::now();
    for machine in MACHINES {
        while user.docker(machine, "version").status != 0 {
            assert!(began.elapsed() < BACK_WITHIN, "{machine} did not come back");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// The asked swarm and nothing else, or what there is instead.
fn is_as_asked(user: &User) -> Result<(), String> {
    let Run { status, stdout, stderr } = user.rmachine(&["swarm", "status", "--json", "web"]);
    let shown: Value = serde_json::from_str(&stdout).map_err(|error| format!("{error}: {stderr}"))?;
    let nodes = shown["nodes"].as_array().ok_or("no nodes")?;
    let roles: Vec<String> =
        nodes.iter().map(|node| format!("{} {}", node["machine"], node["role"])).collect();
    let asked = [r#""n1" "manager""#, r#""n2" "worker""#];
    if status == 0 && roles == asked { Ok(()) } else { Err(format!("{status}, {shown}")) }
}

/// What a host says of itself does not show that it cannot keep a node's files: only its join fails.
fn one_that_fails_undoes_no_other(user: &User) {
    let sh = |script: &str| user.rmachine(&["ssh", "n2", "--", script]).ok();
    sh("rm -rf /var/lib/docker/swarm && echo >/var/lib/docker/swarm");
    let create = ["swarm", "create", "--managers", "n1", "--workers", "n2,1", "-d", "nspawn", "web"];
    let partly = user.rmachine(&create);
    let partly = partly.fails(4, "2 of 3 hosts are in swarm web; to go on: rmachine swarm create web");
    partly.fails(4, "the engine of n2 did not join");
    let status = user.rmachine(&["swarm", "status", "web"]);
    assert_eq!(status.status, 4, "{status:?}");
    assert!(status.stdout.contains("hint: bring n2 in: rmachine swarm create web"), "{status:?}");

    // Taken back: what was made is gone, what was there before is as it was.
    user.rmachine(&["swarm", "create", "--rollback", "web"]).ok();
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "n1\nn2");
    assert_eq!(user.docker("n1", "info --format '{{.Swarm.LocalNodeState}}'").ok(), "inactive");
    assert_eq!(user.rmachine(&["swarm", "ls", "-q"]).ok(), "");

    // Or gone on with, once what was wrong is mended; then nothing is left to take back.
    user.rmachine(&CREATE).fails(4, "1 of 2 hosts are in swarm web");
    sh("rm /var/lib/docker/swarm");
    user.rmachine(&["swarm", "create", "web"]).ok();
    is_as_asked(user).expect("the asked swarm");
    user.rmachine(&["swarm", "create", "--rollback", "web"]).fails(3, "is finished");

    // Its address goes: what happens is said, with the way out.
    user.rmachine(&["swarm", "rm-node", "web", "n2", "-y"]).ok();
    let net =
        sh("ip -o -4 addr show dev host0 | sed -n 's/.* inet \\([0-9.]*\\)\\.[0-9]*\\/.*/\\1/p' | head -n 1");
    sh(&format!("ip addr add {net}.251/32 dev host0"));
    user.rmachine(&["swarm", "add", "--workers", "n2", "--advertise", &format!("n2={net}.251"), "web"]).ok();
    sh(&format!("ip addr del {net}.251/32 dev host0"));
    let moved = user.rmachine(&["swarm", "status", "web"]);
    let told = format!("the others dial it at {net}.251, and its address is {net}.");
    assert!(moved.status == 4 && moved.stdout.contains(&told), "{moved:?}");
    let out = "rmachine swarm rm-node --force web n2 && rmachine swarm add --workers n2 web";
    assert!(moved.stdout.contains(out), "{moved:?}");
    let way_out =
        user.command("sh").args(["-c", &out.replace("--force", "-y --force")]).output().expect("sh runs");
    assert!(way_out.status.success(), "{}", String::from_utf8_lossy(&way_out.stderr));
    is_as_asked(user).expect("the asked swarm");
    user.rmachine(&["swarm", "rm", "web", "-y"]).ok();
}

#[test]
fn whatever_goes_wrong_while_a_swarm_is_formed_the_same_command_ends_with_exactly_that_swarm() {
    drop(host!(Kind::Debian12Engine));
    let user = User::new();
    user.rmachine(&["create", "-d", "nspawn", "n1", "n2"]).ok();
    one_that_fails_undoes_no_other(&user);
    let mut chance = StdRng::seed_from_u64(seed() as u64);
    let count = if is_campaign() { MANY } else { Fault::ALL.len() };
    let mut wrong = Vec::new();
    let mut tallies = Fault::ALL.map(|fault| (fault, 0, 0, Duration::ZERO));
    for number in 0..count {
        let blow = Blow::by_chance(number, &mut chance);
        let began = Instant::now();
        let struck = blow.strike(&user);
        until_back(&user);
        let again = user.rmachine(&CREATE);
        let ended = match again.status {
            _ if !struck => Err("nothing went wrong".to_owned()),
            0 => is_as_asked(&user),
            status => Err(format!("the second create: {status}, {}", again.stderr)),
        };
        println!("{blow:?}: {ended:?} ({:.1} s)", began.elapsed().as_secs_f32());
        user.rmachine(&["swarm", "rm", "web", "-y"]).ok();
        let tally = tallies.iter_mut().find(|tally| tally.0 == blow.fault).expect("one of all");
        *tally = (tally.0, tally.1 + 1, tally.2 + usize::from(ended.is_ok()), tally.3 + began.elapsed());
        wrong.extend(ended.err().map(|what| format!("{blow:?}: {what}")));
    }
    for (fault, count, right, took) in tallies {
        report(
            &format!("{} at a random place of swarm create, then again", fault.words()),
            count,
            right,
            took,
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
