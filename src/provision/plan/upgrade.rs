//! Another version of the engine that is there, by the way it came, and back: nothing else of the host changes.

use super::{
    Change, ConfigChange, Content, Fate, Packages, Plan, Source, Static, Supplied, daemon, fate, files,
    source,
};
use crate::{
    engine::versions,
    provision::{
        Materials, Wishes,
        facts::{Engine, Facts},
        os::Family,
        refusal::{self, Refusal},
        state::{STATE_PATH, State, Unpacked, sha256},
        survey::Survey,
    },
};

/// Room for packages that are kept for the way back and for the new ones, in bytes.
const ROOM_FOR_PACKAGES: u64 = 500 * 1024 * 1024;

/// Where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// A newer version, or the pinned one.
    Wished,
    /// The one before the last upgrade.
    Back,
}

/// An upgrade.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// The version that runs.
    pub from: String,
    /// The version that will.
    pub to: String,
    /// How; empty where they are the same.
    pub plan: Plan,
}

/// Plans it, or says why not.
pub fn upgrade(
    facts: &Facts,
    survey: &Survey,
    wishes: &Wishes,
    materials: &Materials<'_>,
    to: To,
) -> Result<Upgrade, Refusal> {
    refusal::judge(facts, false)?;
    let engine = facts.engine.as_ref().ok_or(Refusal::NoEngine)?;
    let state = facts.state.clone().unwrap_or_default();
    let step = match state.engine.clone() {
        Some(unpacked) => of_archive(facts, survey, wishes, materials, to, &unpacked, state)?,
        None => of_packages(facts, survey, wishes, to, engine)?,
    };
    let options = daemon::current(facts)?;
    let mut changes = step.changes;
    if !changes.is_empty() {
        let fate = fate_between(facts, &step.from, &step.to);
        changes.push(if engine.service.is_active {
            Change::Restart {
                because: vec![format!("version {}", versions::shown(&step.to))],
                containers: fate,
            }
        } else {
            Change::Start
        });
    }
    let plan = Plan {
        changes,
        listen: Vec::new(),
        notes: Vec::new(),
        by_activation: engine.our_socket.is_active,
        can_validate: versions::is_at_least_23(&step.to) && facts.config.is_some(),
        is_live: engine.running.as_ref().is_some_and(|running| running.live_restore),
        config: ConfigChange {
            path: facts.config_path.clone(),
            mode: facts.config.as_ref().map_or(0o644, |file| file.mode),
            expected: facts.config.as_ref().and_then(|file| file.bytes.as_deref()).map(sha256),
            before: options.clone(),
            after: options,
        },
    };
    Ok(Upgrade { from: step.from, to: step.to, plan })
}

struct Step {
    from: String,
    to: String,
    changes: Vec<Change>,
}

fn of_archive(
    facts: &Facts,
    survey: &Survey,
    wishes: &Wishes,
    materials: &Materials<'_>,
    to: To,
    unpacked: &Unpacked,
    state: State,
) -> Result<Step, Refusal> {
    let from = unpacked.version.clone();
    let chosen = match to {
        To::Back => {
            let version = unpacked.previous.clone().ok_or(Refusal::NoWayBack)?;
            if !survey.unpacked.contains(&version) {
                return Err(Refusal::NoWayBack);
            }
            Static { version, supplied: Supplied::There, brings_client: false, first: None }
        }
        To::Wished => {
            let facts = &Facts { offers: Some(survey.offers.clone()), ..facts.clone() };
            let chosen = source::archive(facts, wishes, materials.archive)?;
            if survey.unpacked.contains(&chosen.version) {
                Static { supplied: Supplied::There, ..chosen }
            } else {
                chosen
            }
        }
    };
    let to = chosen.version.clone();
    if to == from {
        return Ok(Step { from, to, changes: Vec::new() });
    }
    let engine = Some(Unpacked { version: to.clone(), previous: Some(from.clone()) });
    let note = files::note(&State { engine, ..state });
    let changes = vec![
        Change::Install(Source::Static(chosen)),
        files::current(&to),
        Change::Write {
            path: STATE_PATH.to_owned(),
            mode: 0o600,
            content: Content::Text(note),
            replaces: true,
            purpose: "our own notes".to_owned(),
        },
    ];
    Ok(Step { from, to, changes })
}

fn of_packages(
    facts: &Facts,
    survey: &Survey,
    wishes: &Wishes,
    to: To,
    engine: &Engine,
) -> Result<Step, Refusal> {
    let os = || facts.os.name().to_owned();
    if let (None, Some(family)) = (survey.tool, Family::of(&facts.os)) {
        return Err(Refusal::UpgradedThere { os: os(), command: family.upgrade_command(&engine.path) });
    }
    let (Some(tool), Some(owner)) = (survey.tool, &survey.owner) else {
        return Err(Refusal::NotUpgradable { os: os(), path: engine.path.clone() });
    };
    let version_in = |packages: &[(String, String)]| {
        packages.iter().find(|(name, _)| name == owner).map(|(_, version)| version.clone())
    };
    let from = version_in(&survey.packages).unwrap_or_default();
    let keep: Vec<String> = survey.packages.iter().map(|(name, _)| name.clone()).collect();
    let (to, source) = match to {
        To::Back => {
            let to = version_in(&survey.kept).ok_or(Refusal::NoWayBack)?;
            let names = survey.kept.iter().map(|(name, version)| format!("{name}={version}")).collect();
            (to, Source::Back(Packages { tool, names, repository: None, keep }))
        }
        To::Wished => {
            let offers = &Facts { offers: Some(survey.offers.clone()), ..facts.clone() };
            let to = source::on_offer(offers, wishes.version.as_deref().unwrap_or_default())?;
            let mut names = keep.clone();
            source::pin_names(&mut names, tool, owner, &to);
            (to, Source::Packages(Packages { tool, names, repository: None, keep }))
        }
    };
    if to == from {
        return Ok(Step { from, to, changes: Vec::new() });
    }
    refusal::judge_room_for(facts, 0, ROOM_FOR_PACKAGES)?;
    Ok(Step { from, to, changes: vec![Change::Install(source)] })
}

/// Live-restore carries containers over to the next patch; over to another series it is not promised by the vendor, so they end,
/// and that is said. <https://docs.docker.com/engine/daemon/live-restore/#live-restore-during-upgrade>
fn fate_between(facts: &Facts, from: &str, to: &str) -> Fate {
    let fate = without_tasks(fate(facts, &[]));
    if versions::are_near(from, to) {
        return fate;
    }
    match fate {
        Fate::GoOn { containers } | Fate::Held { containers } => Fate::Stop {
            containers,
            reason: format!(
                "live-restore is not promised from {} to {}",
                versions::upstream(from),
                versions::upstream(to)
            ),
        },
        fate @ (Fate::NoneRun | Fate::Stop { .. }) => fate,
    }
}

/// A swarm's own containers are elsewhere by then: its node is drained first.
fn without_tasks(fate: Fate) -> Fate {
    match fate {
        Fate::Stop { containers, reason } => {
            let containers: Vec<_> = containers.into_iter().filter(|container| !container.is_task).collect();
            if containers.is_empty() { Fate::NoneRun } else { Fate::Stop { containers, reason } }
        }
        fate @ (Fate::NoneRun | Fate::GoOn { .. } | Fate::Held { .. }) => fate,
    }
}
