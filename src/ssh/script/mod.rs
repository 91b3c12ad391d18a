//! Running a script as root: the way to root is found once per session, and then remembered.

mod ahead;
mod hearing;
mod lines;
mod talk;
mod way;

use std::sync::{Mutex, PoisonError};

pub(super) use self::ahead::Ahead;
use self::{
    talk::{End, Talk},
    way::{Next, Way},
};
use super::{Session, SshError, ask::ask};
use crate::{
    remote::{Document, Exit, Line, NotRoot, RemoteError, Script},
    retry::Deadline,
    secret::Secret,
};

/// What a session learned about becoming root.
pub(super) struct Root {
    way: Mutex<Option<Way>>,
    password: Mutex<Option<Secret>>,
    pub ahead: Ahead,
}

impl Root {
    pub fn new(password: Option<Secret>) -> Self {
        Self { way: Mutex::new(None), password: Mutex::new(password), ahead: Ahead::default() }
    }

    fn way(&self) -> Option<Way> {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, way: Way) {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = Some(way);
    }
}

/// A script to run and everything that belongs to it.
pub(super) struct Job<'a> {
    pub session: &'a Session,
    pub script: Script,
    pub document: &'a Document,
    pub deadline: Deadline,
}

impl Job<'_> {
    /// Runs the script, by the known way or by whichever leads to root.
    pub async fn run(&self, on_line: &mut (dyn FnMut(Line) + Send)) -> Result<Exit, RemoteError> {
        let root = &self.session.root;
        let mut way = root.way().unwrap_or_else(|| Way::first(self.session.user()));
        loop {
            let password = if way.waits() { Some(self.password()?) } else { None };
            let talk = Talk { job: self, way, password: password.as_ref() };
            match talk.run(on_line).await? {
                End::Ended(exit) => {
                    root.remember(way);
                    return Ok(exit);
                }
                End::WrongPassword => return Err(self.not_root(NotRoot::WrongPassword)),
                End::NeverBegan { said } => match way.after(&said) {
                    Next::Try(next) => way = next,
                    Next::Give(reason) => return Err(self.not_root(reason)),
                    Next::NoShell => return Err(self.no_shell(said)),
                },
            }
        }
    }

    /// sudo's password: given beforehand, or asked for, once.
    fn password(&self) -> Result<Secret, RemoteError> {
        let session = self.session;
        let question = format!("sudo password of {}@{}: ", session.user(), session.met.host);
        let mut password = session.root.password.lock().unwrap_or_else(PoisonError::into_inner);
        if password.is_none() {
            *password = ask(|| session.prompt.secret(&question));
        }
        password.clone().ok_or_else(|| self.not_root(NotRoot::NoPassword))
    }

    fn not_root(&self, reason: NotRoot) -> RemoteError {
        let session = self.session;
        RemoteError::NotRoot { host: session.met.host.clone(), user: session.user().to_owned(), reason }
    }

    fn no_shell(&self, said: String) -> RemoteError {
        let session = self.session;
        RemoteError::NoShell { host: session.met.host.clone(), user: session.user().to_owned(), said }
    }

    fn lost(&self, error: SshError) -> RemoteError {
        let host = self.session.met.host.clone();
        RemoteError::Lost { host, script: self.script.name, source: Box::new(error) }
    }
}
