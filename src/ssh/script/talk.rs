//! One conversation with a root shell: script, ready mark, document, and every line until the channel is closed.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Pty, client};

use super::{
    Job,
    hearing::{Heard, Hearing, wrapped},
    way::Way,
};
use crate::{
    remote::{Exit, Line, RemoteError},
    retry::TimedOut,
    secret::Secret,
    ssh::{
        channel::{Ask, Ending, PtyRequest, Running},
        link::Link,
    },
};

/// How long output may still come after the exit status. A process that a script left behind may keep the channel open for
/// ever; a server that renews its keys may send the status before the last of the data.
const AFTER_EXIT: Duration = Duration::from_secs(2);

/// How long a script that was sent ahead may still take to arrive once the present one has ended.
const FOR_THE_NEXT: Duration = Duration::from_secs(2);

/// A terminal that changes nothing of what goes through it.
const RAW: [(Pty, u32); 11] = [
    (Pty::ICANON, 0),
    (Pty::ECHO, 0),
    (Pty::ECHONL, 0),
    (Pty::ISIG, 0),
    (Pty::IEXTEN, 0),
    (Pty::OPOST, 0),
    (Pty::ICRNL, 0),
    (Pty::INLCR, 0),
    (Pty::IXON, 0),
    (Pty::ISTRIP, 0),
    (Pty::CS8, 1),
];

/// How a conversation ended.
pub(super) enum End {
    /// The script ran and ended.
    Ended(Exit),
    /// sudo asked for the password again.
    WrongPassword,
    /// It ended before the script began.
    NeverBegan {
        /// What was said instead.
        said: String,
    },
}

/// One conversation, before it starts.
pub(super) struct Talk<'a> {
    pub job: &'a Job<'a>,
    pub way: Way,
    pub password: Option<&'a Secret>,
}

/// What is to be sent next.
enum Parcel {
    Bytes(Bytes),
    Eof,
}

/// What is sent, one parcel after the other, while the host is listened to.
struct Outbox<'w> {
    writer: &'w ChannelWriteHalf<client::Msg>,
    waiting: VecDeque<Parcel>,
    sending: Option<BoxFuture<'w, Result<(), russh::Error>>>,
}

impl<'w> Outbox<'w> {
    fn put(&mut self, parcel: Parcel) {
        self.waiting.push_back(parcel);
    }

    /// Sends a parcel; never ends when there is none, so that it can stand in a `select!`.
    async fn send_next(&mut self) -> Result<(), russh::Error> {
        let writer = self.writer;
        if self.sending.is_none() {
            self.sending = self.waiting.pop_front().map(|parcel| -> BoxFuture<'w, _> {
                match parcel {
                    Parcel::Bytes(bytes) => Box::pin(writer.data_bytes(bytes)),
                    Parcel::Eof => Box::pin(writer.eof()),
                }
            });
        }
        match &mut self.sending {
            None => std::future::pending().await,
            Some(sending) => {
                let sent = sending.await;
                self.sending = None;
                sent
            }
        }
    }
}

/// The state of a conversation.
struct Conversation<'a, 'w, 'j> {
    /// The connection it goes over.
    link: Arc<Link>,
    /// The next script on its way to the host.
    ahead: Option<BoxFuture<'j, ()>>,
    hearing: Hearing,
    outbox: Outbox<'w>,
    ending: Ending,
    /// How many requests the server has not answered yet.
    unanswered: usize,
    /// What the server would not do.
    refused: Option<&'static str>,
    /// How often sudo asked for the password.
    prompts: usize,
    on_line: &'a mut (dyn FnMut(Line) + Send),
}

/// Ends when the work does; never, when there is none.
async fn done(work: &mut Option<BoxFuture<'_, ()>>) {
    match work {
        None => std::future::pending().await,
        Some(running) => running.await,
    }
    *work = None;
}

/// Why listening stopped.
enum Stop {
    /// The channel is closed, or what was heard makes going on pointless.
    Heard,
    /// The connection ended.
    Lost,
    /// The deadline passed.
    Late(TimedOut),
}

impl<'j> Talk<'j> {
    /// Has the conversation.
    pub async fn run(&self, on_line: &mut (dyn FnMut(Line) + Send)) -> Result<End, RemoteError> {
        let job = self.job;
        let ahead = job.session.root.ahead.take(job.script, self.way);
        let is_there = ahead.is_some();
        let running = match ahead {
            Some(running) => running,
            None => self.start().await?,
        };
        let Running { link, channel, unanswered } = running;
        let (mut reader, writer) = channel.split();
        let mut state = Conversation {
            link,
            ahead: None,
            hearing: Hearing::default(),
            outbox: Outbox { writer: &writer, waiting: VecDeque::new(), sending: None },
            ending: Ending::default(),
            unanswered,
            refused: None,
            prompts: 0,
            on_line,
        };
        if !self.way.waits() && !is_there {
            self.put_script(&mut state.outbox);
        }
        // A root's login needs no proof that its way leads to root.
        if self.way == Way::Root {
            self.send_ahead(&mut state);
        }
        let stop = self.listen(&mut reader, &mut state).await;
        if let (Stop::Heard, Some(ahead)) = (&stop, state.ahead.take()) {
            // It is nearly there; beginning anew would take longer.
            let _ = job.deadline.at_most(FOR_THE_NEXT).bound("the next script", ahead).await;
        }
        drop(reader);
        let end = match stop {
            Stop::Heard => self.end(state),
            Stop::Late(late) => Err(self.late(late)),
            Stop::Lost => Err(job.lost(state.link.lost(&russh::Error::Disconnect))),
        };
        // Tells the host that nobody listens any more; on a connection that is gone there is nobody to tell.
        let _ = writer.close().await;
        end
    }

    async fn start(&self) -> Result<Running, RemoteError> {
        let ask = self.ask();
        let started = self.job.session.wire.start(&ask);
        let bound = self.job.deadline.bound("a channel", Box::pin(started)).await;
        bound.map_err(|late| self.late(late))?.map_err(|error| self.job.lost(error))
    }

    async fn listen(&self, reader: &mut ChannelReadHalf, state: &mut Conversation<'_, '_, 'j>) -> Stop {
        loop {
            let step = match state.ending.exit {
                None => self.job.deadline,
                Some(_) => self.job.deadline.at_most(AFTER_EXIT),
            };
            let next = async {
                tokio::select! {
                    message = reader.wait() => Some(message),
                    // A host that takes no more has said why on the other side, or will.
                    _ = state.outbox.send_next() => None,
                    () = done(&mut state.ahead) => None,
                }
            };
            match step.bound("its end", next).await {
                Ok(None) => {}
                Ok(Some(Some(ChannelMsg::Close))) => return Stop::Heard,
                Ok(Some(Some(message))) => self.take(message, state),
                Ok(Some(None)) => return Stop::Lost,
                Err(_late) if state.ending.exit.is_some() => return Stop::Heard,
                Err(late) => return Stop::Late(late),
            }
            if state.prompts > 1 || state.refused.is_some() {
                return Stop::Heard;
            }
        }
    }

    fn ask(&self) -> Ask<'static> {
        let pty = PtyRequest { term: "dumb", columns: 200, rows: 50, modes: &RAW };
        Ask { command: Some(self.way.command()), pty: self.way.on_pty().then_some(pty) }
    }

    fn put_script(&self, outbox: &mut Outbox<'_>) {
        outbox.put(Parcel::Bytes(wrapped(self.job.script.text, self.way.on_pty()).into()));
        if self.job.document.is_empty() {
            self.put_eof(outbox);
        }
    }

    /// A raw terminal knows no end of input; there the script ends by itself.
    fn put_eof(&self, outbox: &mut Outbox<'_>) {
        if !self.way.on_pty() {
            outbox.put(Parcel::Eof);
        }
    }

    fn take(&self, message: ChannelMsg, state: &mut Conversation<'_, '_, 'j>) {
        let heard = match message {
            ChannelMsg::Data { data } => state.hearing.out(&data),
            ChannelMsg::ExtendedData { data, .. } => state.hearing.err(&data),
            ChannelMsg::Success => {
                state.unanswered = state.unanswered.saturating_sub(1);
                return;
            }
            ChannelMsg::Failure => {
                state.refused = Some(if state.unanswered > 1 { "a terminal" } else { "to run a command" });
                return;
            }
            other => return state.ending.take(&other),
        };
        for heard in heard {
            self.answer(heard, state);
        }
    }

    fn answer(&self, heard: Heard, state: &mut Conversation<'_, '_, 'j>) {
        match heard {
            Heard::Password => {
                state.prompts += 1;
                if let (1, Some(password)) = (state.prompts, self.password) {
                    state.outbox.put(Parcel::Bytes(format!("{}\n", password.expose()).into()));
                }
            }
            Heard::Root if self.way.waits() => self.put_script(&mut state.outbox),
            Heard::Root => {}
            Heard::Begin => self.send_ahead(state),
            Heard::Ready => {
                if !self.job.document.is_empty() {
                    for part in self.job.document.to_wire() {
                        state.outbox.put(Parcel::Bytes(part));
                    }
                    self.put_eof(&mut state.outbox);
                }
            }
            Heard::Said(line) => (state.on_line)(line),
        }
    }

    /// This script runs, so its way leads to root for the next one, too.
    fn send_ahead(&self, state: &mut Conversation<'_, '_, 'j>) {
        let (session, way) = (self.job.session, self.way);
        if let (None, Some(script)) = (&state.ahead, session.root.ahead.wanted(way)) {
            let link = Arc::clone(&state.link);
            state.ahead = Some(Box::pin(session.root.ahead.send(link, way, script)));
        }
    }

    fn end(&self, mut state: Conversation<'_, '_, '_>) -> Result<End, RemoteError> {
        if state.prompts > 1 {
            return Ok(End::WrongPassword);
        }
        if let Some(what) = state.refused {
            return Err(self.job.lost(state.link.forbidden(what)));
        }
        for heard in state.hearing.finish() {
            if let Heard::Said(line) = heard {
                (state.on_line)(line);
            }
        }
        if !state.hearing.has_begun() {
            return Ok(End::NeverBegan { said: state.hearing.noise().to_owned() });
        }
        let no_exit = || self.job.lost(state.link.lost(&russh::Error::RecvError));
        state.ending.exit.map(End::Ended).ok_or_else(no_exit)
    }

    fn late(&self, source: TimedOut) -> RemoteError {
        let host = self.job.session.met.host.clone();
        RemoteError::TimedOut { host, script: self.job.script.name, source }
    }
}
