//! What goes wrong while a host is being changed: at every step of the change the network is cut, the engine is killed, the disk
//! is filled or `daemon.json` is broken. Afterwards the host is as it was before, or the machine works.

mod fault;
mod scene;

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use rand::{SeedableRng, seq::SliceRandom};

use self::{
    fault::Fault,
    scene::{Ending, Scene},
};
use crate::{
    host,
    support::{Host, Kind, SmallDisk, User, is_campaign, report, seed, skip},
};

/// The steps of adopting or releasing this host, as its own transactions name them, and `undo`, which comes when one of them fails.
fn steps(host: &Host, of_release: bool) -> Vec<String> {
    host.sh("mkdir -p /run/rmachine && printf '#!/bin/sh\\necho \"$1\" >>/run/rmachine/steps\\n' >/run/rmachine/at-step");
    host.sh("chmod 755 /run/rmachine/at-step");
    let user = User::new();
    user.adopt(host, "n1", &[]).ok();
    let of_adoption = host.sh("cat /run/rmachine/steps; rm /run/rmachine/steps");
    user.rmachine(&["release", "n1", "-y"]).ok();
    let at_release = host.sh("cat /run/rmachine/steps; rm -r /run/rmachine");
    let steps = if of_release { at_release } else { of_adoption };
    let steps: Vec<String> = steps.lines().map(str::to_owned).collect();
    for known in ["begin", "hold", "swap", "restart", "commit"] {
        assert!(steps.iter().any(|step| step == known), "{known} is not among {steps:?}");
    }
    steps.into_iter().chain(["undo".to_owned()]).collect()
}

/// The client hears nothing for longer than it is patient; the host goes on without it.
#[test]
fn a_lost_connection_is_told_and_the_next_create_takes_it_up() {
    let host = host!(Kind::Debian12Engine);
    let scene = Scene::set(&host);
    let (user, container, began) = (User::new(), scene.container(), Instant::now());
    Fault::NetworkSilent.arm_for(&host, "swap", 75);
    let lost = user.adopt(&host, "n1", &[]).fails(1, "was lost while it was being changed");
    assert!(lost.stderr.contains("run the same command again"), "{}", lost.stderr);
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "n1", "the record stays");
    scene.wait_until_ended().expect("an end");
    user.adopt(&host, "n1", &[]).ok();
    assert_eq!(user.docker("n1", "ps --format '{{.Names}}'").ok(), "keep");
    assert_eq!(scene.container(), container);
    report("network silent until the client gave up, then create", 1, 1, began.elapsed());
}

/// What systemd was once seen to do while it read its units: the engine is up, and the socket that it was started with is not its own.
#[test]
fn an_engine_that_came_up_without_its_new_socket_is_given_it() {
    let host = host!(Kind::Debian12Engine);
    host.sh("mkdir -m 755 /run/rmachine");
    host.put(
        "/run/rmachine/at-step.new",
        b"#!/bin/sh\n[ \"$1\" = health ] || exit 0\nsystemctl stop rmachine-docker.socket\n\
          systemctl restart --job-mode=ignore-dependencies docker.service\nss -Hltn >/run/rmachine/listened\n",
    );
    host.sh("cd /run/rmachine && chmod 755 at-step.new && mv at-step.new at-step");
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    assert!(!host.sh("cat /run/rmachine/listened").contains(":2376"), "the port was closed");
    user.docker("n1", "version").ok();
}

/// All pairs in an order that the seed decides, or one fault for each step, which it decides, too.
fn pairs(steps: &[String], seed: usize) -> Vec<(String, Fault)> {
    let count = Fault::ALL.len();
    let pair = |step: usize, fault: usize| (steps[step].clone(), Fault::ALL[fault % count]);
    if !is_campaign() {
        return (0..steps.len()).map(|step| pair(step, step + seed)).collect();
    }
    let mut all: Vec<_> = (0..steps.len() * count).map(|number| pair(number / count, number)).collect();
    let mut chance = rand::rngs::StdRng::seed_from_u64(seed as u64);
    all.shuffle(&mut chance);
    all
}

#[test]
fn whatever_happens_at_any_step_the_host_is_as_before_or_the_machine_works() {
    // A disk of its own, since one of the faults is a full one.
    let disk = match SmallDisk::mount() {
        Ok(disk) => disk,
        Err(why) => return skip("whatever_happens_at_any_step", &why),
    };
    let host = host!(Kind::Debian12Engine, disk.place());
    let scene = Scene::set(&host);
    let pairs = pairs(&steps(&host, false), seed());
    play_all("adoption", &pairs, |step, fault| scene.play(step, fault));
}

/// An engine of 23.0 or later validates its settings itself, which is a step of its own.
#[test]
fn whatever_happens_while_the_engine_validates_its_settings_nothing_is_lost() {
    let disk = match SmallDisk::mount() {
        Ok(disk) => disk,
        Err(why) => return skip("whatever_happens_while_the_engine_validates", &why),
    };
    let host = host!(Kind::Debian13Engine, disk.place());
    let scene = Scene::set(&host);
    let pairs = pairs(&["validate".to_owned()], seed());
    play_all("adoption (validate)", &pairs, |step, fault| scene.play(step, fault));
}

#[test]
fn whatever_happens_while_a_host_is_released_it_is_as_before_or_the_machine_works() {
    let disk = match SmallDisk::mount() {
        Ok(disk) => disk,
        Err(why) => return skip("whatever_happens_while_a_host_is_released", &why),
    };
    let host = host!(Kind::Debian12Engine, disk.place());
    let scene = Scene::set(&host);
    let pairs = pairs(&steps(&host, true), seed());
    play_all("release", &pairs, |step, fault| scene.play_release(step, fault));
}

/// The steps that only a host without an engine needs. Each fault gets a new host: what was installed stays.
#[test]
fn whatever_happens_while_an_engine_is_installed_the_next_create_makes_the_machine() {
    let steps = ["wait", "install", "start"].map(str::to_owned);
    let mut pairs = pairs(&steps, seed());
    pairs.retain(|(step, fault)| fault.can_happen(step));
    // Said before the first one, so that a skip is a skip.
    drop(host!(Kind::Debian12));
    play_all("installation", &pairs, |step, fault| {
        // Room for the packages.
        let disk = SmallDisk::mount_with(1200).expect("a disk");
        let host = Host::boot_in(Kind::Debian12, disk.place()).expect("a host");
        scene::install(&host, step, fault)
    });
}

/// Plays every pair, says how each ended, and reports by the kinds of faults.
fn play_all(what: &str, pairs: &[(String, Fault)], mut play: impl FnMut(&str, Fault) -> Ending) {
    println!("seed {}, {} faults of {what}", seed(), pairs.len());
    let mut tallies = Fault::ALL.map(|fault| (fault, Tally::default()));
    let mut wrong = String::new();
    for (step, fault) in pairs {
        let began = Instant::now();
        let ending = play(step, *fault);
        println!("{fault:?} at {step} of {what}: {ending} ({:.1} s)", began.elapsed().as_secs_f32());
        if let Ending::Third(what) = &ending {
            writeln!(wrong, "{fault:?} at {step}: {what}").expect("a text");
        }
        let tally = tallies.iter_mut().find(|tally| tally.0 == *fault).expect("one of all");
        tally.1.add(&ending, began.elapsed());
    }
    for (fault, tally) in tallies {
        tally.report(fault, what);
    }
    assert!(wrong.is_empty(), "neither as before nor working:\n{wrong}");
}

/// How one kind of fault went.
#[derive(Default)]
struct Tally {
    works: usize,
    as_before: usize,
    third: usize,
    took: Duration,
}

impl Tally {
    fn add(&mut self, ending: &Ending, took: Duration) {
        match ending {
            Ending::Works => self.works += 1,
            Ending::AsBefore => self.as_before += 1,
            Ending::Third(_) => self.third += 1,
        }
        self.took += took;
    }

    fn report(&self, fault: Fault, what: &str) {
        let right = self.works + self.as_before;
        if right + self.third == 0 {
            return;
        }
        let words = fault.words();
        let what =
            format!("{words} at a step of {what} ({} worked, {} as before)", self.works, self.as_before);
        report(&what, right + self.third, right, self.took);
    }
}
