//! The local terminal: its size, its modes, its keys.

use std::{
    fs::File,
    io::{self, Stdin},
    os::unix::fs::OpenOptionsExt,
};

use russh::Pty;
use rustix::{
    fs::OFlags,
    termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr, ttyname},
};
use tokio::net::unix::pipe::Receiver;

use super::modes;

/// The terminal at stdin.
pub(super) struct LocalTerminal {
    stdin: Stdin,
    before: Termios,
}

impl LocalTerminal {
    /// Takes it; an error when stdin is none.
    pub fn open() -> io::Result<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin)?;
        Ok(Self { stdin, before })
    }

    /// Columns and rows.
    pub fn size(&self) -> (u32, u32) {
        size(&self.stdin)
    }

    /// Its modes, as the host's terminal should have them.
    pub fn modes(&self) -> Vec<(Pty, u32)> {
        modes::of(&self.before)
    }

    /// Hands every key on as it is.
    pub fn make_raw(self) -> io::Result<Raw> {
        let mut raw = self.before.clone();
        raw.make_raw();
        tcsetattr(&self.stdin, OptionalActions::Drain, &raw)?;
        Ok(Raw(self))
    }
}

/// The terminal while it is transparent; dropping this puts it back as it was.
pub(super) struct Raw(LocalTerminal);

impl Raw {
    /// Columns and rows.
    pub fn size(&self) -> (u32, u32) {
        self.0.size()
    }

    /// The keys. The terminal is opened once more for them, because making stdin itself non-blocking would do so for every
    /// process that shares it, ours or not. tokio reads it as it reads a pipe: by readiness, so that nothing is left
    /// waiting for one more key when the session ends.
    pub fn keys(&self) -> io::Result<Receiver> {
        let name = ttyname(&self.0.stdin, Vec::new())?;
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
        let path = name.to_string_lossy().into_owned();
        let file = File::options().read(true).custom_flags(flags).open(path)?;
        Receiver::from_file_unchecked(file)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that is gone needs no more care.
        let _ = tcsetattr(&self.0.stdin, OptionalActions::Drain, &self.0.before);
    }
}

fn size(terminal: &Stdin) -> (u32, u32) {
    match tcgetwinsize(terminal) {
        Ok(size) if size.ws_col > 0 => (u32::from(size.ws_col), u32::from(size.ws_row)),
        // A terminal that does not know its size, such as a serial line.
        _ => (80, 24),
    }
}
