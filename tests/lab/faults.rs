//! What goes wrong while a host is being changed: at every step of the change the network is cut, the engine is killed, the disk
//! is filled or `daemon.json` is broken. Afterwards the host is as it was before, or the machine works.

mod fault;
mod scene;

use std::{fmt::Write as _, time::Instant};

use self::{
    fault::Fault,
    scene::{Ending, Scene},
};
use crate::{
    host,
    support::{Host, Kind, SmallDisk, User, is_campaign, skip},
};

/// Which fault comes at which step where not all of them do; printed, so that a failure can be repeated.
const SEED: usize = 12;

/// The steps of adopting this host, as its own transaction names them, and `undo`, which comes when one of them fails.
fn steps(host: &Host) -> Vec<String> {
    host.sh("mkdir -p /run/rmachine && printf '#!/bin/sh\\necho \"$1\" >>/run/rmachine/steps\\n' >/run/rmachine/at-step");
    host.sh("chmod 755 /run/rmachine/at-step");
    let user = User::new();
    user.adopt(host, "n1", &[]).ok();
    let steps = host.sh("cat /run/rmachine/steps; rm -r /run/rmachine");
    user.rmachine(&["release", "n1", "-y"]).ok();
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
    let (user, container) = (User::new(), scene.container());
    Fault::NetworkSilent.arm_for(&host, "swap", 90);
    let lost = user.adopt(&host, "n1", &[]).fails(1, "was lost while it was being changed");
    assert!(lost.stderr.contains("run the same command again"), "{}", lost.stderr);
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "n1", "the record stays");
    user.adopt(&host, "n1", &[]).ok();
    assert_eq!(user.docker("n1", "ps --format '{{.Names}}'").ok(), "keep");
    assert_eq!(scene.container(), container);
}

/// All pairs, or one fault for each step in turn.
fn pairs(steps: &[String]) -> Vec<(String, Fault)> {
    let all = steps.iter().enumerate().flat_map(|(number, step)| {
        Fault::ALL.into_iter().enumerate().map(move |(which, fault)| (number, which, step.clone(), fault))
    });
    all.filter(|(number, which, ..)| is_campaign() || (number + SEED) % Fault::ALL.len() == *which)
        .map(|(.., step, fault)| (step, fault))
        .collect()
}

#[test]
fn whatever_happens_at_any_step_the_host_is_as_before_or_the_machine_works() {
    let disk = match SmallDisk::mount() {
        Ok(disk) => disk,
        Err(why) => return skip("whatever_happens_at_any_step", &why),
    };
    let host = host!(Kind::Debian12Engine, disk.place());
    let scene = Scene::set(&host);
    let pairs = pairs(&steps(&host));
    println!("seed {SEED}, {} faults", pairs.len());
    let (mut worked, mut wrong) = (0, String::new());
    for (step, fault) in &pairs {
        let began = Instant::now();
        let ending = scene.play(step, *fault);
        println!("{fault:?} at {step}: {ending} ({:.1} s)", began.elapsed().as_secs_f32());
        match ending {
            Ending::Works => worked += 1,
            Ending::AsBefore => {}
            Ending::Third(what) => writeln!(wrong, "{fault:?} at {step}: {what}").expect("a text"),
        }
    }
    assert!(wrong.is_empty(), "neither as before nor working:\n{wrong}");
    println!("{} faults: {worked} worked all the same, {} as before", pairs.len(), pairs.len() - worked);
}
