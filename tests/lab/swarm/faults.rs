//! What goes wrong while a swarm is made, at a place that chance decides: rmachine is killed, an engine is killed, a host is cut off. The same
//! command then ends with exactly the swarm that was asked for. Every other time its machines are new, so that the place may be anywhere
//! between their making and their joining.

use std::{
    io::{BufRead, BufReader},
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

/// Chance adds up to so much to a place.
const LATER: Duration = Duration::from_millis(300);
/// How many faults `make campaign` plays.
const MANY: usize = 20;

/// What strikes inside of a host, from outside: a host that is being made lets nobody in yet. It is tried until there is something to strike
/// at; then the end of it is waited for. Given store, machine, what strikes, and what shows that it is over.
const STRIKE: &str = r#"
init() {
    for nspawn in $(pgrep -x systemd-nspawn); do
        case $(tr '\0' ' ' <"/proc/$nspawn/cmdline") in *"--hostname=$2 "*"$1/"*) pgrep -x systemd -P "$nspawn" ;; esac
    done | head -n 1
}
inside() { nsenter -t "$(init "$1" "$2")" -a /bin/sh -c "$3"; }
until inside "$1" "$2" "$3"; do sleep 0.1; done
until inside "$1" "$2" "$4"; do sleep 0.1; done
"#;

/// Of which machines the swarm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Machines {
    New,
    Existing,
}

impl Machines {
    const ALL: [Self; 2] = [Self::New, Self::Existing];

    fn words(self) -> &'static str {
        match self {
            Self::New => "swarm create with new machines",
            Self::Existing => "swarm create",
        }
    }

    /// A manager and a worker.
    fn names(self) -> [&'static str; 2] {
        match self {
            Self::New => ["web-m1", "web-w1"],
            Self::Existing => ["n1", "n2"],
        }
    }

    fn create(self) -> Vec<&'static str> {
        let members = match self {
            Self::New => ["--managers", "1", "--workers", "1", "-d", "nspawn"].as_slice(),
            Self::Existing => ["--managers", "n1", "--workers", "n2"].as_slice(),
        };
        [&["swarm", "create"], members, &["web"]].concat()
    }

    fn rm(self) -> &'static [&'static str] {
        match self {
            Self::New => &["swarm", "rm", "web", "-y", "--machines"],
            Self::Existing => &["swarm", "rm", "web", "-y"],
        }
    }

    /// Where something still happens after; the CA is there already.
    fn places(self) -> Vec<Checkpoint> {
        let of_swarm = Checkpoint::SWARM.into_iter().filter(|point| *point != Checkpoint::SwarmFinished);
        match self {
            Self::Existing => of_swarm.collect(),
            Self::New => {
                let of_all = |point: &Checkpoint| {
                    !matches!(point, Checkpoint::CaMade | Checkpoint::ClientCertificateMade)
                };
                Checkpoint::ALL.into_iter().filter(of_all).chain(of_swarm).collect()
            }
        }
    }
}

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

    /// What strikes on the host, and what shows that it is over.
    fn scripts(self) -> [&'static str; 2] {
        match self {
            Self::RmachineKilled => ["true", "true"],
            Self::EngineKilled => [
                "systemctl reset-failed docker && systemctl kill --kill-whom=main -s KILL docker.service",
                "systemctl is-active -q docker",
            ],
            Self::NetworkCut => [
                "command -v iptables >/dev/null && systemd-run --quiet --collect --unit=cut /bin/sh -c \
                 'for chain in INPUT OUTPUT; do iptables -w -I $chain ! -o lo -j DROP 2>/dev/null || \
                 iptables -w -I $chain ! -i lo -j DROP; done; sleep 8; for chain in INPUT OUTPUT; do iptables -w -D $chain 1; done'",
                "! systemctl is-active -q cut",
            ],
        }
    }

    fn strike(self, user: &User, machine: &str) -> Child {
        let [strikes, is_over] = self.scripts();
        let store = user.store();
        let mut timeout = user.command("timeout");
        timeout.args(["60", "sh", "-c", STRIKE, "sh"]).arg(store).args([machine, strikes, is_over]);
        timeout.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("timeout runs")
    }
}

/// When, where and what.
#[derive(Debug)]
struct Blow {
    fault: Fault,
    machines: Machines,
    machine: &'static str,
    place: Checkpoint,
    later: Duration,
}

impl Blow {
    fn by_chance(number: usize, chance: &mut StdRng) -> Self {
        let machines = Machines::ALL[number % Machines::ALL.len()];
        let places = machines.places();
        Self {
            fault: Fault::ALL[number % Fault::ALL.len()],
            machines,
            machine: machines.names()[chance.random_range(0..2)],
            place: places[chance.random_range(0..places.len())],
            later: LATER.mul_f64(chance.random()),
        }
    }

    /// Forms the swarm and lets it happen meanwhile; whether it did.
    fn strike(&self, user: &User) -> bool {
        let mut create = user.command(env!("CARGO_BIN_EXE_rmachine"));
        let mut create = create
            .arg("-D")
            .args(self.machines.create())
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("it runs");
        let mut striker = None;
        let mut is_struck = false;
        for line in BufReader::new(create.stderr.take().expect("stderr")).lines() {
            let is_there = line.expect("a line").ends_with(&format!("checkpoint point={}", self.place));
            if is_there && !is_struck {
                is_struck = true;
                std::thread::sleep(self.later);
                match self.fault {
                    Fault::RmachineKilled => create.kill().expect("killed"),
                    Fault::EngineKilled | Fault::NetworkCut => {
                        striker = Some(self.fault.strike(user, self.machine));
                    }
                }
            }
        }
        create.wait().expect("it ends");
        is_struck && striker.is_none_or(|mut striker| striker.wait().expect("it ends").success())
    }

    /// The asked swarm and nothing else, or what there is instead.
    fn is_as_asked(&self, user: &User) -> Result<(), String> {
        let Run { status, stdout, stderr } = user.rmachine(&["swarm", "status", "--json", "web"]);
        let shown: Value = serde_json::from_str(&stdout).map_err(|error| format!("{error}: {stderr}"))?;
        let nodes = shown["nodes"].as_array().ok_or("no nodes")?;
        let roles: Vec<String> =
            nodes.iter().map(|node| format!("{} {}", node["machine"], node["role"])).collect();
        let [manager, worker] = self.machines.names();
        let asked = [format!("\"{manager}\" \"manager\""), format!("\"{worker}\" \"worker\"")];
        if status == 0 && roles == asked { Ok(()) } else { Err(format!("{status}, {shown}")) }
    }
}

#[test]
fn whatever_goes_wrong_while_a_swarm_is_made_the_same_command_ends_with_exactly_that_swarm() {
    drop(host!(Kind::Debian12Engine));
    let user = User::new();
    user.rmachine(&["create", "-d", "nspawn", "n1", "n2"]).ok();
    let mut chance = StdRng::seed_from_u64(seed() as u64);
    let count = if is_campaign() { MANY } else { Fault::ALL.len() };
    let mut wrong = Vec::new();
    let kinds = Machines::ALL.into_iter().flat_map(|machines| Fault::ALL.map(|fault| (machines, fault)));
    let mut tallies: Vec<_> = kinds.map(|kind| (kind, 0, 0, Duration::ZERO)).collect();
    for number in 0..count {
        let blow = Blow::by_chance(number, &mut chance);
        let began = Instant::now();
        let struck = blow.strike(&user);
        let again = user.rmachine(&blow.machines.create());
        let ended = match again.status {
            _ if !struck => Err("nothing went wrong".to_owned()),
            0 => blow.is_as_asked(&user),
            status => Err(format!("the second create: {status}, {}", again.stderr)),
        };
        println!("{blow:?}: {ended:?} ({:.1} s)", began.elapsed().as_secs_f32());
        user.rmachine(blow.machines.rm()).ok();
        assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "n1\nn2");
        let kind = (blow.machines, blow.fault);
        let tally = tallies.iter_mut().find(|tally| tally.0 == kind).expect("one of all");
        *tally = (kind, tally.1 + 1, tally.2 + usize::from(ended.is_ok()), tally.3 + began.elapsed());
        wrong.extend(ended.err().map(|what| format!("{blow:?}: {what}")));
    }
    for ((machines, fault), count, right, took) in tallies.into_iter().filter(|tally| tally.1 > 0) {
        let what = format!("{} at a random place of {}, then again", fault.words(), machines.words());
        report(&what, count, right, took);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
