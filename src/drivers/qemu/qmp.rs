//! QEMU's machine protocol: JSON lines over a unix socket in the machine's folder. What a guest is doing is asked there, never remembered.
//!
//! QEMU serves one client at a time and lets others wait, so a connection is made for a question and closed after it.

use std::{io, path::Path, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::retry::{Deadline, TimedOut};

/// How long an answer may take; another client may be before us.
const ANSWER_AT_MOST: Duration = Duration::from_secs(20);
/// The longest line that is read, in bytes: QEMU's answers to what we ask have some thousand.
const LONGEST_LINE: usize = 4 << 20;

/// A connection.
#[derive(Debug)]
pub(super) struct Qmp {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

/// What went wrong in a conversation with QEMU.
#[derive(Debug, thiserror::Error)]
pub(super) enum QmpError {
    /// The connection broke.
    #[error("the connection to qemu broke")]
    Io(#[from] io::Error),
    /// It did not answer in time.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// It refused a command.
    #[error("qemu refused {command}: {reason}")]
    Refused {
        /// The command.
        command: String,
        /// Its own words.
        reason: String,
    },
    /// What it said is none of QMP.
    #[error("qemu said something that is no QMP: {0}")]
    Strange(String),
}

impl Qmp {
    /// Connects; `None` when no QEMU listens there.
    pub(super) async fn connect(socket: &Path) -> Result<Option<Self>, QmpError> {
        let stream = match UnixStream::connect(socket).await {
            Ok(stream) => stream,
            Err(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let (reader, writer) = stream.into_split();
        let mut qmp = Self { reader: BufReader::new(reader), writer };
        let deadline = Deadline::after(ANSWER_AT_MOST);
        match deadline.bound("qemu's greeting", qmp.line()).await? {
            // It was about to end and closed the socket instead of greeting.
            Err(QmpError::Io(error)) if is_end(&error) => return Ok(None),
            Err(error) => return Err(error),
            Ok(greeting) if greeting.get("QMP").is_none() => {
                return Err(QmpError::Strange(greeting.to_string()));
            }
            Ok(_) => {}
        }
        qmp.execute("qmp_capabilities", json!({})).await?;
        Ok(Some(qmp))
    }

    /// Gives a command and its answer; events that come between are not of interest.
    pub(super) async fn execute(&mut self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        let what = format!("qemu's answer to {command}");
        Deadline::after(ANSWER_AT_MOST).bound(&what, self.exchange(command, arguments)).await?
    }

    async fn exchange(&mut self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        let mut line = json!({ "execute": command, "arguments": arguments }).to_string();
        line.push('\n');
        self.writer.write_all(line.as_bytes()).await?;
        loop {
            let mut answer = self.line().await?;
            if let Some(value) = answer.get_mut("return") {
                return Ok(value.take());
            }
            if let Some(error) = answer.get("error") {
                let reason = error.get("desc").and_then(Value::as_str).unwrap_or("it gave no reason");
                return Err(QmpError::Refused { command: command.to_owned(), reason: reason.to_owned() });
            }
        }
    }

    async fn line(&mut self) -> Result<Value, QmpError> {
        let mut line = Vec::new();
        loop {
            let chunk = self.reader.fill_buf().await?;
            if chunk.is_empty() {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(chunk.len(), |end| end + 1);
            line.extend_from_slice(&chunk[..taken]);
            self.reader.consume(taken);
            if line.len() > LONGEST_LINE {
                return Err(QmpError::Strange("a line without an end".to_owned()));
            }
            if end.is_some() {
                break;
            }
        }
        serde_json::from_slice(&line).map_err(|error| QmpError::Strange(error.to_string()))
    }
}

/// Whether the other side went away, which ending programs do.
pub(super) fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    /// A QEMU that says these lines, one after each line it hears, the first at once.
    fn says(folder: &Path, lines: &'static [&'static str]) -> std::path::PathBuf {
        let socket = folder.join("qmp.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (reader, mut writer) = stream.into_split();
            let mut heard = BufReader::new(reader).lines();
            for line in lines {
                writer.write_all(format!("{line}\n").as_bytes()).await.unwrap();
                if heard.next_line().await.unwrap().is_none() {
                    break;
                }
            }
        });
        socket
    }

    #[tokio::test]
    async fn an_answer_is_told_from_events_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let socket = says(
            folder.path(),
            &[
                r#"{"QMP":{"version":{}}}"#,
                r#"{"return":{}}"#,
                "{\"event\":\"RTC_CHANGE\"}\n{\"return\":{\"status\":\"running\"}}",
            ],
        );
        let mut qmp = Qmp::connect(&socket).await.unwrap().unwrap();
        let status = qmp.execute("query-status", json!({})).await.unwrap();
        assert_eq!(status["status"], "running");
        let end = qmp.execute("quit", json!({})).await.unwrap_err();
        assert!(matches!(&end, QmpError::Io(error) if is_end(error)), "{end:?}");
    }

    #[tokio::test]
    async fn a_refusal_gives_qemus_own_words() {
        let folder = tempfile::tempdir().unwrap();
        let socket = says(
            folder.path(),
            &[
                r#"{"QMP":{}}"#,
                r#"{"return":{}}"#,
                r#"{"error":{"class":"CommandNotFound","desc":"no such thing"}}"#,
            ],
        );
        let mut qmp = Qmp::connect(&socket).await.unwrap().unwrap();
        let refused = qmp.execute("frobnicate", json!({})).await.unwrap_err();
        assert_eq!(refused.to_string(), "qemu refused frobnicate: no such thing");
    }

    #[tokio::test]
    async fn a_socket_that_nobody_serves_is_no_error_and_nonsense_is_one() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Qmp::connect(&folder.path().join("none")).await.unwrap().is_none());
        let dead = folder.path().join("dead");
        drop(UnixListener::bind(&dead).unwrap());
        assert!(Qmp::connect(&dead).await.unwrap().is_none());
        let socket = says(folder.path(), &["SSH-2.0-none"]);
        assert!(matches!(Qmp::connect(&socket).await, Err(QmpError::Strange(_))));
    }
}
