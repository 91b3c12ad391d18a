//! One session after another: every server lets a connection have a session, and some no more than that.
//!
//! OpenSSH with `MaxSessions 1` takes the next one when the one before has ended, which it may notice a moment after us.
//! tinyssh ends the connection with its only session. A connection that has carried a session before and takes no further one
//! is made anew: same address, same keys, and nothing but the host key that was verified the first time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    Connect, SshError,
    ask::{Memory, Person},
    channel::{Ask, Running},
    link::{Attempt, Link},
};
use crate::{
    env::Env,
    event::Events,
    machine::SshEndpoint,
    retry::{self, Backoff, Deadline, Try},
};

/// How long a server may take to notice that a session has ended.
const TO_NOTICE: Duration = Duration::from_millis(500);
/// How long to rest between asking it for the next one.
const BETWEEN_ASKING: Backoff =
    Backoff { first: Duration::from_millis(10), most: Duration::from_millis(100) };
/// How long a further login may take.
const LOGIN: Duration = Duration::from_secs(60);

/// The connection as it is now, and what it takes to make it anew.
pub(super) struct Wire {
    link: Mutex<Arc<Link>>,
    endpoint: SshEndpoint,
    env: Env,
    memory: Memory,
    events: Events,
}

impl Wire {
    pub fn new(link: Link, endpoint: &SshEndpoint, connect: &Connect<'_>, memory: Memory) -> Self {
        Self {
            link: Mutex::new(Arc::new(link)),
            endpoint: endpoint.clone(),
            env: connect.env.clone(),
            memory,
            events: connect.events.clone(),
        }
    }

    /// The connection as it is now.
    pub fn link(&self) -> Arc<Link> {
        Arc::clone(&self.link.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts something in a session of its own, over this connection or a new one.
    pub async fn start(&self, ask: &Ask<'_>) -> Result<Running, SshError> {
        let link = self.link();
        match Running::start(Arc::clone(&link), ask).await {
            Err(SshError::NoSession { .. } | SshError::Lost { .. }) if link.has_had_session() => {}
            started => return started,
        }
        if let Some(running) = once_noticed(&link, ask).await {
            return Ok(running);
        }
        Running::start(self.login().await?, ask).await
    }

    /// A connection that stands: this one, or a new one where it has ended with its session.
    pub async fn standing(&self) -> Result<Arc<Link>, SshError> {
        let link = self.link();
        if link.handle.is_closed() && link.has_had_session() { self.login().await } else { Ok(link) }
    }

    async fn login(&self) -> Result<Arc<Link>, SshError> {
        let before = self.link();
        tracing::debug!(host = before.met.host, "this connection takes no further session: logging in anew");
        let memory = self.memory.again();
        let pinned = [before.met.host_key.to_openssh().unwrap_or_default()];
        let connect = Connect {
            env: &self.env,
            prompt: Arc::new(memory),
            events: &self.events,
            pinned: &pinned,
            sudo_password: None,
            deadline: Deadline::after(LOGIN),
        };
        let person = Person::new(connect.prompt.as_ref(), connect.events);
        let attempt = Attempt { connect: &connect, person: &person, is_patient: false };
        let link = connect.deadline.bound("the login", Box::pin(attempt.link(&self.endpoint))).await;
        let link =
            link.map_err(|source| SshError::GaveUp { host: before.met.host.clone(), source, last: None })??;
        let link = Arc::new(link);
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&link);
        Ok(link)
    }
}

/// The next session over the same connection, once the server has noticed that the one before has ended.
async fn once_noticed(link: &Arc<Link>, ask: &Ask<'_>) -> Option<Running> {
    let (deadline, silent) = (Deadline::after(TO_NOTICE), Events::silent());
    let next = retry::poll("its next session", deadline, BETWEEN_ASKING, &silent, || async {
        match Running::start(Arc::clone(link), ask).await {
            Ok(running) => Try::Done(running),
            Err(error @ SshError::NoSession { .. }) if !link.handle.is_closed() => {
                Try::Again(error.to_string())
            }
            Err(error) => Try::Fail(error),
        }
    });
    next.await.ok()
}
