//! Eight programs at once on one store, again and again, some of them killed: nothing is lost, nothing is left over, and `store check`
//! finds nothing broken. Real processes of the real binary; hosts are folders (the driver of debug builds).
//!
//! RMACHINE_SEED repeats the choice of operations, RMACHINE_ROUNDS their number.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use rmachine::checkpoint::{Checkpoint, KILL_AT};
use serde_json::Value;

/// How many programs are at work at once.
const AT_ONCE: usize = 8;
/// How often they are let loose.
const ROUNDS: usize = 200;
/// Few names, so that they meet.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// What no program may ever say: it saw something half written, or fell over.
const NEVER: [&str; 5] =
    ["cannot be understood", "is empty", "config.json is missing", "panicked", "from the future"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Create,
    Start,
    Stop,
    Rm,
    Ls,
}

/// How a program is ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kill {
    Never,
    After(Duration),
    At(Checkpoint),
}

/// One program of a round.
#[derive(Clone, Copy, Debug)]
struct Deed {
    verb: Verb,
    name: &'static str,
    kill: Kill,
}

/// The same with what came of it; no exit code where it was killed.
#[derive(Debug)]
struct Done {
    deed: Deed,
    code: Option<i32>,
    out: String,
    err: String,
}

impl Deed {
    fn thrown(chance: &mut StdRng) -> Self {
        fn one_of<T: Copy>(list: &[T], chance: &mut StdRng) -> T {
            *list.choose(chance).expect("no list is empty")
        }
        let verbs =
            [Verb::Create, Verb::Create, Verb::Create, Verb::Start, Verb::Stop, Verb::Rm, Verb::Rm, Verb::Ls];
        let verb = one_of(&verbs, chance);
        let kill = match (chance.random_range(0..4), verb) {
            (0, _) => Kill::After(Duration::from_micros(chance.random_range(0..60_000))),
            (1, Verb::Create) => Kill::At(one_of(&Checkpoint::ALL, chance)),
            _ => Kill::Never,
        };
        Self { verb, name: one_of(&NAMES, chance), kill }
    }
}

/// A store, and the hosts that its machines have outside of it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("hosts")).unwrap();
        Self { folder }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn hosts(&self) -> PathBuf {
        self.folder.path().join("hosts")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rmachine"));
        command.args(words).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.folder.path());
        command.env("MACHINE_STORAGE_PATH", self.store()).env("RUST_BACKTRACE", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn begin(&self, deed: Deed) -> Child {
        let hosts = self.hosts();
        let create = ["create", "-d", "rehearsal", "--rehearsal-folder", hosts.to_str().unwrap(), deed.name];
        let mut command = match deed.verb {
            Verb::Create => self.command(&create),
            Verb::Start => self.command(&["start", deed.name]),
            Verb::Stop => self.command(&["stop", deed.name]),
            Verb::Rm => self.command(&["rm", "-y", deed.name]),
            Verb::Ls => self.command(&["ls", "--json"]),
        };
        if let Kill::At(point) = deed.kill {
            command.env(KILL_AT, point.name());
        }
        command.spawn().unwrap()
    }

    /// Lets programs loose at once and waits for all of them.
    fn round(&self, deeds: &[Deed]) -> Vec<Done> {
        thread::scope(|scope| {
            let all: Vec<_> =
                deeds.iter().map(|deed| scope.spawn(|| ended(self.begin(*deed), *deed))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        })
    }

    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let output = self.command(words).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn seen(&self) -> Seen {
        let dirs = |path: &Path| -> BTreeSet<String> {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
        };
        let machines = dirs(&self.store().join("machines"));
        let stage = |name: &String| {
            let side = fs::read(self.store().join("machines").join(name).join("rmachine.json")).unwrap();
            let side: Value = serde_json::from_slice(&side).unwrap();
            (name.clone(), side["stage"].as_str().unwrap().to_owned())
        };
        let hosts = dirs(&self.hosts());
        let is_up = |name: &String| (name.clone(), self.hosts().join(name).join("up").exists());
        Seen { machines: machines.iter().map(stage).collect(), hosts: hosts.iter().map(is_up).collect() }
    }
}

/// What there is while nobody is at work.
#[derive(Debug)]
struct Seen {
    /// Machines with how far create came.
    machines: BTreeMap<String, String>,
    /// Hosts with whether they run.
    hosts: BTreeMap<String, bool>,
}

fn ended(mut child: Child, deed: Deed) -> Done {
    if let Kill::After(time) = deed.kill {
        thread::sleep(time);
        // It may have ended already.
        let _ = child.kill();
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Done { deed, code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// What must be so after a round, whatever the order in which the programs came to work.
fn judge(before: &Seen, done: &[Done], after: &Seen) -> Result<(), String> {
    for one in done {
        said_nothing_wrong(one)?;
    }
    for name in after.hosts.keys() {
        if !after.machines.contains_key(name) {
            return Err(format!("the host {name} has no machine any more"));
        }
    }
    for name in NAMES {
        let of = |verb: Verb| done.iter().filter(move |one| one.deed.verb == verb && one.deed.name == name);
        let worked = |verb: Verb| of(verb).filter(|one| one.code == Some(0)).count();
        let tried = |verb: Verb| of(verb).count();
        let (is_there, was_there) = (after.machines.contains_key(name), before.machines.contains_key(name));
        let is_ready = after.machines.get(name).is_some_and(|stage| stage == "provisioned");
        let is_up = after.hosts.get(name).copied();
        let rules = [
            (tried(Verb::Rm) == 0 && was_there && !is_there, "went without rm"),
            (
                tried(Verb::Rm) == 0 && worked(Verb::Create) > 0 && !(is_ready && is_up.is_some()),
                "was created and is not",
            ),
            (tried(Verb::Rm) == 0 && worked(Verb::Create) > 1, "was created twice"),
            (
                tried(Verb::Create) == 0 && worked(Verb::Rm) > 0 && (is_there || is_up.is_some()),
                "was removed and is there",
            ),
            (tried(Verb::Create) == 0 && !was_there && is_there, "came without create"),
            (
                tried(Verb::Rm) == 0 && is_ready && is_up.is_none() && before.hosts.contains_key(name),
                "lost its host",
            ),
            (
                worked(Verb::Stop) > 0
                    && tried(Verb::Start) + tried(Verb::Create) + tried(Verb::Rm) == 0
                    && is_up == Some(true),
                "was stopped and runs",
            ),
            (
                worked(Verb::Start) > 0
                    && tried(Verb::Stop) + tried(Verb::Create) + tried(Verb::Rm) == 0
                    && is_up != Some(true),
                "was started and does not run",
            ),
        ];
        if let Some((_, what)) = rules.iter().find(|(is_broken, _)| *is_broken) {
            return Err(format!("{name} {what}"));
        }
    }
    Ok(())
}

fn said_nothing_wrong(one: &Done) -> Result<(), String> {
    if let Some(word) = NEVER.iter().find(|word| one.err.contains(**word) || one.out.contains(**word)) {
        return Err(format!("{word:?} in {one:#?}"));
    }
    let fine: &[i32] = match one.deed.verb {
        Verb::Create => &[0, 3],
        Verb::Start | Verb::Stop | Verb::Rm => &[0, 1],
        Verb::Ls => &[0],
    };
    match one.code {
        Some(code) if !fine.contains(&code) => Err(format!("{one:#?}")),
        None if one.deed.kill == Kill::Never => Err(format!("it died by itself: {one:#?}")),
        _ => Ok(()),
    }
}

/// The campaign collects how a long test went.
fn report(rounds: usize, took: Duration) {
    if let Some(path) = variable::<PathBuf>("RMACHINE_RESULTS_FILE") {
        let mut file = fs::File::options().create(true).append(true).open(path).unwrap();
        writeln!(
            file,
            "| eight programs at once on one store | {rounds} | {rounds} | {:.0} s |",
            took.as_secs_f32()
        )
        .unwrap();
    }
}

fn variable<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    variable("RMACHINE_SEED").unwrap_or(now)
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "its driver is part of debug builds only")]
fn eight_programs_at_once_lose_nothing_though_some_are_killed() {
    let (seed, rounds) = (seed(), variable("RMACHINE_ROUNDS").unwrap_or(ROUNDS));
    println!("RMACHINE_SEED={seed} RMACHINE_ROUNDS={rounds}");
    let (mut chance, place, began) = (StdRng::seed_from_u64(seed), Place::new(), Instant::now());
    let (mut killed, mut worked) = (0, 0);
    let mut before = place.seen();
    for round in 0..rounds {
        let deeds: Vec<Deed> = (0..AT_ONCE).map(|_| Deed::thrown(&mut chance)).collect();
        let done = place.round(&deeds);
        let after = place.seen();
        if let Err(what) = judge(&before, &done, &after) {
            panic!("seed {seed}, round {round}: {what}\nbefore: {before:?}\nafter: {after:?}\n{done:#?}");
        }
        killed += done.iter().filter(|one| one.code.is_none()).count();
        worked += done.iter().filter(|one| one.code == Some(0)).count();
        let (code, out, err) = place.run(&["store", "check"]);
        assert_eq!(code, 0, "seed {seed}, round {round}: {out}{err}\n{done:#?}");
        before = after;
    }
    println!(
        "{rounds} rounds of {AT_ONCE} programs in {:?}: {worked} worked, {killed} were killed",
        began.elapsed()
    );
    report(rounds, began.elapsed());
    assert!(worked > rounds && killed > rounds / 4, "{worked} worked, {killed} were killed");
    every_machine_goes_on(&place);
}

/// A half-made machine is completed by its create, all are removed, and nothing is left in the store or outside of it.
fn every_machine_goes_on(place: &Place) {
    let (code, out, err) = place.run(&["store", "check", "--repair"]);
    assert_eq!(code, 0, "{out}{err}");
    for (name, stage) in place.seen().machines {
        if stage != "provisioned" {
            let hosts = place.hosts();
            let words = ["create", "-d", "rehearsal", "--rehearsal-folder", hosts.to_str().unwrap(), &name];
            let (code, _, err) = place.run(&words);
            assert_eq!(code, 0, "{err}");
        }
    }
    let (code, out, err) = place.run(&["store", "check"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    for name in place.seen().machines.keys() {
        let (code, _, err) = place.run(&["rm", "-y", name]);
        assert_eq!(code, 0, "{err}");
    }
    let seen = place.seen();
    assert!(seen.machines.is_empty() && seen.hosts.is_empty(), "{seen:?}");
    for left in ["locks", "staging"] {
        let entries = fs::read_dir(place.store().join(".rmachine").join(left)).unwrap();
        let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        assert!(names.is_empty(), "{left}: {names:?}");
    }
}

#[test]
fn twenty_first_creates_at_once_share_one_ca() {
    let place = Place::new();
    let names: Vec<String> = (0..20).map(|number| format!("n{number}")).collect();
    let children: Vec<Child> = names
        .iter()
        .map(|name| {
            place.command(&["create", "-d", "none", "--url", "tcp://127.0.0.1:1", name]).spawn().unwrap()
        })
        .collect();
    let mut makers = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        makers += said.matches("making a CA").count();
    }
    assert_eq!(makers, 1);
    let (code, out, err) = place.run(&["store", "check"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert_eq!(place.run(&["ls", "-q"]).1.lines().count(), 20);
}

/// Fills the store's own file system, has every verb fail on it, makes room, and goes on.
const FULL: &str = r#"
set -eu
mount -t tmpfs -o size=512k,mode=700 full "$MACHINE_STORAGE_PATH"
rmachine create -d none --url tcp://127.0.0.1:1 old
before=$(find "$MACHINE_STORAGE_PATH/machines" "$MACHINE_STORAGE_PATH/certs" -type f -exec sha256sum {} + | sort)
dd if=/dev/zero of="$MACHINE_STORAGE_PATH/fill" bs=4k 2>/dev/null || true
for words in "create -d none --url tcp://127.0.0.1:2 new" "create -d generic --ip 192.0.2.5 new2"; do
    status=0
    rmachine $words 2>"$HOME/err" || status=$?
    [ "$status" = 1 ] || { echo "exit $status"; cat "$HOME/err"; exit 1; }
    grep -q 'No space left on device' "$HOME/err" || { cat "$HOME/err"; exit 1; }
done
rmachine url old
rmachine rm -y old2 2>/dev/null && exit 1
after=$(find "$MACHINE_STORAGE_PATH/machines" "$MACHINE_STORAGE_PATH/certs" -type f -exec sha256sum {} + | sort)
[ "$before" = "$after" ] || { echo "something changed: $after"; exit 1; }
rm "$MACHINE_STORAGE_PATH/fill"
rmachine create -d none --url tcp://127.0.0.1:2 new
rmachine store check
rmachine rm -y old new
"#;

#[test]
fn a_full_disk_under_the_store_loses_nothing() {
    let place = Place::new();
    fs::create_dir(place.store()).unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_rmachine")).parent().unwrap();
    // A mount namespace of its own: whatever happens, no mount is left behind.
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", FULL]).env_clear();
    command.env("PATH", format!("{}:/usr/bin:/bin:/usr/sbin:/sbin", bin.display()));
    command.env("HOME", place.folder.path()).env("MACHINE_STORAGE_PATH", place.store());
    let output = command.output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if said.contains("unshare failed") || said.contains("unshare: ") {
        println!("SKIPPED: no namespaces of one's own here: {said}");
        return;
    }
    assert!(output.status.success(), "{said}");
}
