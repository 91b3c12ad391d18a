//! `upgrade`: another engine on a host by the way the old one came, with the way back kept; in a swarm never so that its managers
//! lose their majority.

mod node;
mod swarm;

use std::time::Duration;

use super::{
    OpsError, World, connect,
    lifecycle::{Verb, lifecycle},
    ownership,
    provision::{must_run, stored_wishes},
};
use crate::{
    driver::{Driver, Origin},
    event::{Events, Phase},
    machine::{MachineName, State},
    provision::{self, ArchiveWish, Facts, Materials, ProvisionError, To, Upgrade, Wishes},
    retry::Deadline,
    secret::Secret,
    ssh::Session,
    store::{Lock, Record},
    tls::Identity,
};

pub use self::{node::UpkeepError, swarm::groups};

/// How long an upgrade may take in all.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// How long the engine may take to answer from here.
const ENGINE_WAIT: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The version, or the beginning of it; `None` is the newest.
    pub version: Option<String>,
    /// The archive, for engines that came out of one.
    pub archive: Option<ArchiveWish>,
    /// Forward, or back.
    pub to: To,
    /// Stop containers where there is no other way.
    pub may_stop_containers: bool,
    /// Say what would be done, do nothing.
    pub dry_run: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Another engine runs.
    Upgraded {
        /// The version before.
        from: String,
        /// The version now.
        to: String,
    },
    /// It is that version already.
    Already {
        /// The version.
        version: String,
    },
    /// The plan of a dry run.
    Planned(String),
}

/// Upgrades one machine. A host of ours that is down is started first.
pub async fn upgrade(world: &World, name: &MachineName, request: Request) -> Result<Outcome, OpsError> {
    let mut record = world.store.load(name)?;
    let driver = world.driver(&record)?;
    if !driver.profile().provisions {
        return Err(OpsError::NotProvisioned { driver: driver.name().to_owned() });
    }
    if driver.profile().origin == Origin::Made && !request.dry_run {
        Box::pin(start(world, driver.as_ref(), &mut record)).await?;
    }
    let lock = world.lock(name).await?;
    record = world.store.load(name)?;
    must_run(world, driver.as_ref(), &mut record).await?;
    let story = Story {
        world,
        driver: driver.as_ref(),
        events: world.events.of(name),
        deadline: Deadline::after(PATIENCE),
    };
    Box::pin(story.tell(&lock, record, &request)).await
}

/// A host of ours that is down is started, and told so.
async fn start(world: &World, driver: &dyn Driver, record: &mut Record) -> Result<(), OpsError> {
    let context = world.context(&record.name);
    if driver.state(&context, &mut record.config.driver).await? != State::Running {
        context.events.phase(Phase::StartingToUpgrade);
        lifecycle(world, &record.name, Verb::Start).await?;
    }
    Ok(())
}

struct Story<'a> {
    world: &'a World,
    driver: &'a dyn Driver,
    events: Events,
    deadline: Deadline,
}

impl Story<'_> {
    async fn tell(&self, lock: &Lock, mut record: Record, request: &Request) -> Result<Outcome, OpsError> {
        let wishes = wishes(&record, request)?;
        let archive = self.world.archives.wanted(&wishes)?;
        self.events.phase(Phase::AwaitingLogin);
        self.events.step("connecting by ssh");
        let session = connect::session(self.world, self.driver, &record, self.deadline, true).await?;
        self.events.phase(Phase::Looking);
        let facts = provision::look(&session, &Wishes::default(), self.deadline, &self.events).await?;
        ownership::judge(self.world, self.driver, &record, &session, &facts)?;
        let survey = provision::survey(&session, &facts, &wishes, self.deadline, &self.events).await?;
        // Neither a certificate nor a new note is written.
        let server = Identity { certificate: String::new(), key: Secret::new("") };
        let materials = Materials {
            machine: record.name.as_str(),
            store: "",
            is_made: false,
            provider: &record.config.driver_name,
            reached: connect::reached(self.driver, &session),
            authority: "",
            server: &server,
            archive: archive.as_ref(),
            environment: wishes.installer_environment(),
        };
        let upgrade = provision::upgrade(&facts, &survey, &wishes, &materials, request.to)
            .map_err(ProvisionError::from)?;
        if request.dry_run {
            return Ok(Outcome::Planned(in_words(&upgrade)));
        }
        self.events.phase(Phase::Upgrading);
        if upgrade.plan.is_empty() {
            return Ok(Outcome::Already { version: upgrade.to });
        }
        self.permit(&record, &facts, &upgrade, request).await?;
        self.events.note(format!("engine {} will become {}", upgrade.from, upgrade.to));
        self.apply(session, &record, &facts, &upgrade, &materials).await?;
        record.side.wishes = remembered(&record, request, &upgrade)?;
        self.world.store.save(lock, &mut record)?;
        Ok(Outcome::Upgraded { from: upgrade.from, to: upgrade.to })
    }

    /// Refuses what would stop containers that may not stop, or cost a swarm its majority. In a swarm the node is drained first,
    /// so that only what is not the swarm's can stop.
    async fn permit(
        &self,
        record: &Record,
        facts: &Facts,
        upgrade: &Upgrade,
        request: &Request,
    ) -> Result<(), OpsError> {
        upgrade.plan.permit(request.may_stop_containers).map_err(ProvisionError::from)?;
        if is_in_swarm(facts) {
            swarm::permit(self.world, record, request.may_stop_containers).await
        } else {
            Ok(())
        }
    }

    async fn apply(
        &self,
        session: Session,
        record: &Record,
        facts: &Facts,
        upgrade: &Upgrade,
        materials: &Materials<'_>,
    ) -> Result<(), OpsError> {
        if !is_in_swarm(facts) {
            provision::apply(&session, &upgrade.plan, materials, self.deadline, &self.events).await?;
            session.close().await;
            return self.verify(record).await;
        }
        let node = swarm::Drained::take_out(self.world, record, self.deadline, &self.events).await?;
        let applied = provision::apply(&session, &upgrade.plan, materials, self.deadline, &self.events).await;
        session.close().await;
        // Put back to work whatever came of it: an upgrade that failed has undone itself.
        let back = node.put_back(self.world, self.deadline, &self.events).await;
        applied?;
        back?;
        self.verify(record).await
    }

    async fn verify(&self, record: &Record) -> Result<(), OpsError> {
        let deadline = self.deadline.at_most(ENGINE_WAIT);
        self.events.step("checking the engine from here");
        connect::engine(self.world, self.driver, record, deadline)
            .await?
            .wait(deadline, &self.events)
            .await?;
        Ok(())
    }
}

fn is_in_swarm(facts: &Facts) -> bool {
    let running = facts.engine.as_ref().and_then(|engine| engine.running.as_ref());
    running.is_some_and(|running| running.is_in_swarm)
}

/// The stored wishes with what is asked for now. A file that was given once is not meant for ever, and a checksum is that of one
/// archive, not of what else is in its folder.
fn wishes(record: &Record, request: &Request) -> Result<Wishes, OpsError> {
    let mut wishes = stored_wishes(record)?;
    wishes.version.clone_from(&request.version);
    forget_checksum(&mut wishes);
    if request.archive.is_some() || wishes.archive_file().is_some() {
        wishes.archive.clone_from(&request.archive);
    }
    if request.to == To::Back {
        wishes.archive = None;
    }
    Ok(wishes)
}

/// What the record wishes from now on, so that `provision` does not think of the old version.
fn remembered(record: &Record, request: &Request, upgrade: &Upgrade) -> Result<serde_json::Value, OpsError> {
    let mut wishes = stored_wishes(record)?;
    if wishes.version.is_some() {
        wishes.version = request.version.clone().or_else(|| Some(upgrade.to.clone()));
    }
    forget_checksum(&mut wishes);
    if request.archive.is_some() {
        wishes.archive.clone_from(&request.archive);
    }
    Ok(serde_json::to_value(wishes).unwrap_or_default())
}

fn forget_checksum(wishes: &mut Wishes) {
    if let Some(archive) = &mut wishes.archive {
        archive.sha256 = None;
    }
}

fn in_words(upgrade: &Upgrade) -> String {
    if upgrade.plan.is_empty() {
        return format!("engine {}: nothing to change\n", upgrade.to);
    }
    format!("engine {} will become {}\n{}", upgrade.from, upgrade.to, upgrade.plan.render())
}
