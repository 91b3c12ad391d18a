//! What is wrong with a host as such: its login, its init system, its room, its engine's unit.

use super::Refusal;
use crate::provision::facts::{Disk, Facts, Init};

/// Room that an installation needs below /var/lib, in KiB: the packages, their files and the engine's first data.
const ROOM_TO_INSTALL: u64 = 700 * 1024;
/// Room that a change of configuration needs, in KiB.
const ROOM_TO_CONFIGURE: u64 = 1024;
/// Room beside the engine itself, in KiB.
const ROOM_TO_SPARE: u64 = 50 * 1024;
/// Where engines out of archives live; nothing else of ours does.
const OF_ENGINES: &str = "/opt";

/// What is wrong with the host as such, whatever is wished for.
pub(in crate::provision) fn judge(facts: &Facts, installs: bool) -> Result<(), Refusal> {
    let os = || facts.os.name().to_owned();
    if !facts.is_root {
        return Err(Refusal::NotRoot);
    }
    if let Some(unfinished) = &facts.unfinished {
        return Err(Refusal::Unfinished { step: unfinished.step.clone() });
    }
    if facts.init == Init::Other {
        return Err(Refusal::NoInit { os: os() });
    }
    if facts.has_snap_docker {
        return Err(Refusal::SnapDocker);
    }
    if let Some(path) = facts.read_only.first() {
        return Err(Refusal::ReadOnly { path: path.clone() });
    }
    if let Some(pid) = facts.leftover {
        return Err(Refusal::Leftover { pid });
    }
    judge_room(facts, installs)?;
    judge_engine(facts)
}

fn judge_room(facts: &Facts, installs: bool) -> Result<(), Refusal> {
    let needed = if installs { ROOM_TO_INSTALL } else { ROOM_TO_CONFIGURE };
    match facts.disks.iter().find(|disk| disk.path != OF_ENGINES && disk.free_kib < needed) {
        None => Ok(()),
        Some(disk) => Err(full(disk, needed)),
    }
}

/// Whether there is room for one more engine out of an archive: its files, and what is sent until they are unpacked.
pub(in crate::provision) fn judge_room_for(facts: &Facts, unpacked: u64, sent: u64) -> Result<(), Refusal> {
    let disk = |path: &str| facts.disks.iter().find(|disk| disk.path == path);
    let needs = [
        (disk(OF_ENGINES).or_else(|| disk("/")), unpacked / 1024 + ROOM_TO_SPARE),
        (disk("/var/lib"), sent / 1024 + ROOM_TO_SPARE),
    ];
    match needs
        .into_iter()
        .find_map(|(disk, needed)| Some((disk.filter(|disk| disk.free_kib < needed)?, needed)))
    {
        None => Ok(()),
        Some((disk, needed)) => Err(full(disk, needed)),
    }
}

fn full(disk: &Disk, needed_kib: u64) -> Refusal {
    Refusal::DiskFull {
        path: disk.path.clone(),
        free_mib: disk.free_kib / 1024,
        needed_mib: needed_kib.div_ceil(1024),
    }
}

fn judge_engine(facts: &Facts) -> Result<(), Refusal> {
    let Some(engine) = &facts.engine else { return Ok(()) };
    if engine.service.load == "masked" {
        return Err(Refusal::Masked);
    }
    let Some(command) = &engine.command else {
        return Err(Refusal::NoUnit { path: engine.path.clone() });
    };
    let other = engine.flags.iter().find(|flag| flag.name == "config-file");
    match other.filter(|flag| flag.value != "/etc/docker/daemon.json") {
        None => Ok(()),
        Some(flag) => Err(Refusal::OtherConfig { unit: command.path.clone(), path: flag.value.clone() }),
    }
}
