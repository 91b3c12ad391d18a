//! What an engine takes off and puts on before it becomes a node, and back again once it has left: live-restore, which swarm mode refuses,
//! and networks that are encrypted unless they say otherwise.
//!
//! The second is an option of each engine, not of the swarm: a node lays its own defaults over a network when a task there needs it. So
//! every node gets it before it joins, or the nodes would not understand each other.

use std::sync::Arc;

use serde_json::Value;

use super::{
    SwarmError,
    form::Results,
    muster::{self, Present},
};
use crate::{
    engine::options::Options,
    machine::MachineName,
    ops::{
        OpsError, World,
        engine::{
            change::{Request, When, change},
            edit::Edit,
            show::show,
        },
        fan_out::{AT_ONCE, fan_out},
        provision::stored_wishes,
    },
    store::Lock,
    swarm::{
        check::LiveRestore,
        record::{Before, Record},
        standing::Seen,
    },
};

const NETWORK_OPTIONS: &str = "default-network-opts";
const DRIVER: &str = "overlay";
const ENCRYPTED: &str = "encrypted";
const LIVE_RESTORE: &str = "live-restore";

/// Makes engines ready that are in no swarm yet. Answers the hosts that can be used, and what became of those that cannot.
pub async fn ready(
    world: &World,
    lock: &Lock,
    record: &mut Record,
    present: Vec<Arc<Present>>,
) -> Result<(Vec<Arc<Present>>, Results), OpsError> {
    let encrypt = record.settings.encrypt;
    let is_due = |one: &Present| {
        matches!(one.seen(), Seen::Outside | Seen::Failed(_))
            && (encrypt || one.live_restore() == LiveRestore::Ours)
    };
    let due: Vec<MachineName> =
        present.iter().filter(|one| is_due(one)).map(|one| one.machine.clone()).collect();
    // What was there before is written down before it is changed.
    for machine in &due {
        let wishes = stored_wishes(&world.store.load(machine)?)?.daemon;
        if let Some(node) = record.node_mut(machine)
            && node.before.is_none()
        {
            node.before = Some(Before {
                live_restore: wishes.get(LIVE_RESTORE) == Some(&true.into()),
                network_options: encrypt.then(|| object(wishes.get(NETWORK_OPTIONS))),
            });
        }
    }
    world.store.save_swarm(lock, record)?;
    let done = fan_out(due.clone(), AT_ONCE, |machine| {
        let world = world.clone();
        async move { ready_one(&world, &machine, encrypt).await }
    })
    .await;
    let (mut usable, mut failed) =
        (present.into_iter().filter(|one| !due.contains(&one.machine)).collect::<Vec<_>>(), Results::new());
    for (machine, outcome) in done {
        match outcome {
            Ok(one) => usable.push(one),
            Err(error) => failed.push((machine, Err(error))),
        }
    }
    Ok((usable, failed))
}

async fn ready_one(world: &World, machine: &MachineName, encrypt: bool) -> Result<Arc<Present>, OpsError> {
    let wishes = stored_wishes(&world.store.load(machine)?)?.daemon;
    let mut edit = Edit::default();
    if wishes.get(LIVE_RESTORE) == Some(&true.into()) {
        world
            .events
            .of(machine)
            .note("live-restore goes off, which swarm mode refuses; it comes back when the node leaves");
        edit.unset.push(LIVE_RESTORE.to_owned());
    }
    if encrypt {
        // The host's own defaults stay beside it.
        let shown = show(world, machine, false).await?;
        let there = shown.options.iter().find(|row| row.option == NETWORK_OPTIONS);
        let mut options = object(there.map(|row| &row.value));
        let mut overlay = object(options.get(DRIVER));
        overlay.insert(ENCRYPTED.to_owned(), "".into());
        options.insert(DRIVER.to_owned(), Value::Object(overlay));
        edit.set.insert(NETWORK_OPTIONS.to_owned(), Value::Object(options));
    }
    apply(world, machine, edit).await?;
    let one = muster::enter_one(world, machine.clone()).await?;
    match one.live_restore() {
        LiveRestore::Off => Ok(Arc::new(one)),
        // The host's own daemon.json has it, too.
        LiveRestore::Ours | LiveRestore::Theirs => {
            let problems = vec![crate::swarm::check::Problem::LiveRestore { machine: machine.clone() }];
            Err(SwarmError::Problems { problems, after_making: true }.into())
        }
    }
}

async fn apply(world: &World, machine: &MachineName, edit: Edit) -> Result<(), OpsError> {
    let request = Request { edit, when: When::Now, may_stop_containers: false };
    // Boxed: all of a transaction is in it.
    Box::pin(change(world, machine, &request)).await.map(drop)
}

fn object(value: Option<&Value>) -> Options {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Gives the engine of a machine that has left what it had before. The node is gone whatever comes of it.
pub async fn put_back(world: &World, machine: &MachineName, before: Option<&Before>) {
    let Some(before) = before else { return };
    let events = world.events.of(machine);
    events.step("putting the engine's options back");
    let outcome = async {
        let wishes = stored_wishes(&world.store.load(machine)?)?.daemon;
        apply(world, machine, back(before, &wishes)).await
    };
    if let Err(error) = outcome.await {
        events.note(format!("the engine's options stay as they were in the swarm: {error}"));
    }
}

/// The change back, given what is wished for now.
fn back(before: &Before, wishes: &Options) -> Edit {
    let mut edit = Edit::default();
    if before.live_restore && !wishes.contains_key(LIVE_RESTORE) {
        edit.set.insert(LIVE_RESTORE.to_owned(), true.into());
    }
    if let (Some(before), Some(now)) = (&before.network_options, wishes.get(NETWORK_OPTIONS)) {
        match before.get(DRIVER) {
            _ if before.is_empty() => edit.unset.push(NETWORK_OPTIONS.to_owned()),
            Some(overlay) => {
                let options = Options::from_iter([(DRIVER.to_owned(), overlay.clone())]);
                edit.set.insert(NETWORK_OPTIONS.to_owned(), Value::Object(options));
            }
            None if now.get(DRIVER).is_some() => edit.unset.push(format!("{NETWORK_OPTIONS}={DRIVER}")),
            None => {}
        }
    }
    edit
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_engine_gets_back_what_it_had_before() {
        let options = |value: Value| object(Some(&value));
        let encrypted = options(json!({"default-network-opts": {"overlay": {"encrypted": ""}}}));
        let edit = |live_restore, before: Option<Value>, now: &Options| {
            let before = Before { live_restore, network_options: before.map(options) };
            let edit = back(&before, now);
            (Value::Object(edit.set), edit.unset.join(" "))
        };
        assert_eq!(edit(true, None, &Options::new()), (json!({"live-restore": true}), String::new()));
        assert_eq!(edit(false, Some(json!({})), &encrypted), (json!({}), "default-network-opts".to_owned()));
        assert_eq!(edit(false, Some(json!({})), &Options::new()), (json!({}), String::new()));
        let mtu = json!({"overlay": {"mtu": "1400"}});
        let set = json!({"default-network-opts": {"overlay": {"mtu": "1400"}}});
        assert_eq!(edit(false, Some(mtu), &encrypted), (set, String::new()));
        let bridge = json!({"bridge": {"mtu": "1400"}});
        assert_eq!(edit(false, Some(bridge), &encrypted).1, "default-network-opts=overlay");
    }
}
