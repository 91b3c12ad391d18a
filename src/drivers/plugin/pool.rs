//! The running plugins: who may use which, how many there are, and that none is left.
//!
//! docker-machine starts one for each machine of a list. Here those who only ask share: there are as few as possible, at most
//! [`MOST_SHARED`] of a kind, and another one is started only when all that there are have been busy for a while. Who changes
//! a host has a plugin of his own.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value as Json;
use tokio::sync::Notify;

use super::{client::Client, error::PluginError, find::Program, lease::Lease, sharing};
use crate::{driver::Context, env::Env, event::Events, machine::MachineName, retry::Deadline};

/// How many processes of one plugin answer for all machines together.
const MOST_SHARED: usize = 5;
/// How long all of them must be busy before there is another one.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long it may take until one is free.
const FREE: Duration = Duration::from_secs(60);
/// How long those who are interrupted may take to end.
const GRACE: Duration = Duration::from_secs(3);

/// All running plugins of this program.
#[derive(Default)]
pub struct Pool {
    groups: Mutex<HashMap<Program, Group>>,
    freed: Notify,
    /// How many are in use.
    leases: Mutex<usize>,
    returned: Condvar,
}

/// The processes of one plugin.
#[derive(Default)]
struct Group {
    idle: Vec<Member>,
    /// How many are shared, the busy ones included.
    shared: usize,
    /// Why none can be started: the next one would not fare better.
    broken: Option<PluginError>,
}

/// A running plugin.
pub(super) struct Member {
    pub(super) client: Arc<Client>,
    is_shared: bool,
    pub(super) has: Option<Has>,
}

/// The state that a process has.
pub(super) struct Has {
    pub(super) machine: MachineName,
    pub(super) state: Json,
    /// Whether it has had another machine's: then something of that may have stayed.
    pub(super) is_mixed: bool,
}

/// What there is for one who asks.
enum Turn {
    Take(Member),
    Start,
    Wait,
}

/// Of this process: its children are its own, whoever in it asks for them.
static ALL: LazyLock<Arc<Pool>> = LazyLock::new(Arc::default);

impl Pool {
    /// The plugins of this process.
    pub fn of_all() -> Arc<Self> {
        Arc::clone(&ALL)
    }

    /// Ends them all. Work that was interrupted gets a moment to save what its plugin has made; one that is in use even then ends
    /// with this process, by its guard.
    pub fn close(&self) {
        let leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        // Whether they came back or not, there is no more to be done for them.
        drop(self.returned.wait_timeout_while(leases, GRACE, |leases| *leases > 0));
        let mut groups = self.lock();
        let members: Vec<Member> = groups.drain().flat_map(|(_, group)| group.idle).collect();
        drop(groups);
        // All say goodbye at once, so that many cost no more than the slowest.
        for member in &members {
            drop(member.client.say_goodbye());
        }
        for closing in members
            .into_iter()
            .map(|member| std::thread::spawn(move || member.client.close()))
            .collect::<Vec<_>>()
        {
            // A thread that panicked has closed nothing; the guard does.
            let _ = closing.join();
        }
    }

    /// A plugin that has no machine yet, or none but this one.
    pub fn own(
        self: &Arc<Self>,
        program: &Program,
        context: &Context,
        state: &Json,
    ) -> Result<Lease, PluginError> {
        let taken = {
            let mut groups = self.lock();
            let group = groups.entry(program.clone()).or_default();
            let is_ours = |member: &Member| match &member.has {
                None => !member.is_shared,
                Some(has) => {
                    has.machine == context.name && !has.is_mixed && sharing::replaces(&has.state, state)
                }
            };
            let place = group.idle.iter().position(|member| member.client.is_alive() && is_ours(member));
            place.map(|place| group.idle.swap_remove(place))
        };
        let member = match taken {
            Some(member) => member,
            None => Member {
                client: Arc::new(Client::start(program, &context.env, &context.events)?),
                is_shared: false,
                has: None,
            },
        };
        member.client.tells(&context.events);
        Ok(self.lease(program, member))
    }

    /// One that may have answered for other machines; waits for its turn.
    pub async fn shared(
        self: &Arc<Self>,
        program: &Program,
        context: &Context,
        state: &Json,
    ) -> Result<Lease, PluginError> {
        let (deadline, began) = (Deadline::after(FREE), Instant::now());
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            let member = match self.turn(program, context, state, began)? {
                Turn::Take(member) => member,
                Turn::Start => self.start_shared(program, context).await?,
                Turn::Wait => {
                    // Either end of the wait is a reason to look again.
                    let _ = deadline.at_most(PATIENCE).bound("a free plugin", freed).await;
                    if deadline.is_over() {
                        let (program, method) = (program.file_name(), "others".to_owned());
                        return Err(PluginError::Late { program, method, after: FREE });
                    }
                    continue;
                }
            };
            member.client.tells(&context.events);
            return Ok(self.lease(program, member));
        }
    }

    fn turn(
        &self,
        program: &Program,
        context: &Context,
        state: &Json,
        began: Instant,
    ) -> Result<Turn, PluginError> {
        let mut groups = self.lock();
        let group = groups.entry(program.clone()).or_default();
        if let Some(broken) = &group.broken {
            return Err(broken.clone());
        }
        let fits = |member: &Member| {
            member.client.is_alive()
                && match &member.has {
                    None => true,
                    Some(has) if has.machine == context.name && !has.is_mixed => {
                        sharing::replaces(&has.state, state)
                    }
                    Some(has) => member.is_shared && sharing::may_follow(&has.state, state),
                }
        };
        if let Some(place) = group.idle.iter().position(fits) {
            let mut member = group.idle.swap_remove(place);
            if !member.is_shared && group.shared < MOST_SHARED && member.has.is_none() {
                // It was started to show its flags, and may now serve all.
                member.is_shared = true;
                group.shared += 1;
            }
            return Ok(Turn::Take(member));
        }
        let idle = group.idle.iter().filter(|member| member.is_shared).count();
        let all_are_busy = idle < group.shared;
        if all_are_busy && began.elapsed() < PATIENCE {
            return Ok(Turn::Wait);
        }
        if group.shared >= MOST_SHARED {
            let Some(place) = group.idle.iter().position(|member| member.is_shared) else {
                return Ok(Turn::Wait);
            };
            close(vec![group.idle.swap_remove(place)]);
            group.shared -= 1;
        }
        group.shared += 1;
        Ok(Turn::Start)
    }

    async fn start_shared(&self, program: &Program, context: &Context) -> Result<Member, PluginError> {
        // Given up on the way, it is counted no more.
        let counted = Counted { pool: self, program, is_kept: false };
        let (which, env, events) = (program.clone(), context.env.clone(), context.events.clone());
        let started = in_thread(move || Client::start(&which, &env, &events)).await;
        match started {
            Ok(client) => {
                counted.keep();
                Ok(Member { client: Arc::new(client), is_shared: true, has: None })
            }
            Err(error) => {
                self.lock().entry(program.clone()).or_default().broken = Some(error.clone());
                Err(error)
            }
        }
    }

    /// A plugin that has no machine, to be asked what it is.
    pub fn fresh(self: &Arc<Self>, program: &Program, env: &Env) -> Result<Lease, PluginError> {
        let taken = {
            let mut groups = self.lock();
            let group = groups.entry(program.clone()).or_default();
            let is_fresh =
                |member: &Member| member.has.is_none() && !member.is_shared && member.client.is_alive();
            group.idle.iter().position(is_fresh).map(|place| group.idle.swap_remove(place))
        };
        let start = || {
            let client = Arc::new(Client::start(program, env, &Events::silent())?);
            Ok(Member { client, is_shared: false, has: None })
        };
        Ok(self.lease(program, taken.map_or_else(start, Ok)?))
    }

    fn lease(self: &Arc<Self>, program: &Program, member: Member) -> Lease {
        *self.leases.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Lease::new(Arc::clone(self), program.clone(), member)
    }

    pub(super) fn give_back(&self, program: &Program, member: Member, is_asking: bool) {
        // Whoever listened is gone; what he shows at his end must not wait for a plugin.
        member.client.tells(&Events::silent());
        let is_spent = is_asking || !member.client.is_alive();
        let spent = {
            let mut groups = self.lock();
            let group = groups.entry(program.clone()).or_default();
            if is_spent {
                group.shared -= usize::from(member.is_shared);
                Some(member)
            } else {
                group.idle.push(member);
                None
            }
        };
        self.freed.notify_waiters();
        if let Some(member) = spent {
            // It may hang, and we have no more time for it.
            std::thread::spawn(move || member.client.end());
        }
        *self.leases.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.returned.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Program, Group>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends plugins that are not needed any more, without waiting for it.
fn close(members: Vec<Member>) {
    std::thread::spawn(move || drop(members));
}

/// Work that blocks, off the threads that wait for much else.
pub async fn in_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PluginError> + Send + 'static,
) -> Result<T, PluginError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// A shared process that is counted and is not there yet.
struct Counted<'a> {
    pool: &'a Pool,
    program: &'a Program,
    is_kept: bool,
}

impl Counted<'_> {
    fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            self.pool.lock().entry(self.program.clone()).or_default().shared -= 1;
            self.pool.freed.notify_waiters();
        }
    }
}
