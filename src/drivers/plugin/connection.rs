//! net/rpc over one TCP connection: calls go out in order, answers come back in any.

use std::{
    collections::HashMap,
    io::{BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value as Json;

use super::{
    gob::{Decoder, Encoder, GobError, Type, Value},
    protocol,
};
use crate::retry::Deadline;

/// What a client of net/rpc says first; no carriage returns, as Go does it.
const HELLO: &[u8] = b"CONNECT /_goRPC_ HTTP/1.0\n\n";
/// What is answered, in the first line.
const WELCOME: &str = "200 Connected to Go RPC";
/// The longest answer to it.
const LONGEST_WELCOME: usize = 4096;
/// How long a request may take to be taken by the system's buffers.
const SENDING: Duration = Duration::from_secs(10);

/// What came of a call: the answer, what the other side said no with, or the end of the connection.
pub type Outcome = Result<Value, Fault>;

/// Why a call has no answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The other side said no.
    Refused(String),
    /// The connection is over.
    Over(Arc<GobError>),
    /// The other side said what cannot be understood, such as `the line "hello"`.
    Nonsense(String),
}

/// Who hears what came of a call.
pub type Answer = Box<dyn FnOnce(Outcome) + Send>;

/// A way to talk with a plugin.
pub trait Line: Send + Sync {
    /// Sends a request; what comes of it is handed to `answer`, by another thread, or at once where nothing can come any more.
    fn call(&self, method: &str, argument: &Value, of: Type, answer: Answer);
    /// What the other side calls a method, for messages.
    fn word(&self, method: &str) -> String {
        method.to_owned()
    }
    /// Hangs up.
    fn hang_up(&self);
    /// Whether nothing can be asked any more.
    fn is_over(&self) -> bool;
    /// A state that the other side says in the middle of its work must be saved; each is told once.
    fn unsaved(&self) -> Option<Json> {
        None
    }
    /// Asks for the end of what is at work, and waits for it for a while, where the protocol has a word for that.
    fn cancel(&self, _grace: Duration) {}
}

/// A connection; shared by the thread that reads it.
pub struct Connection {
    sending: Mutex<Sending>,
    waiting: Mutex<Waiting>,
    /// The same stream, to hang up while somebody sends.
    line: TcpStream,
}

struct Sending {
    stream: TcpStream,
    encoder: Encoder,
    next: u64,
}

/// Who waits for which answer.
enum Waiting {
    Open(HashMap<u64, Answer>),
    Over(Arc<GobError>),
}

impl Connection {
    /// Connects, says hello, and reads answers from then on. The reason is told in words.
    pub fn open(address: SocketAddr, deadline: Deadline) -> Result<Arc<Self>, String> {
        let mut stream =
            TcpStream::connect_timeout(&address, deadline.remaining().max(Duration::from_millis(1)))
                .map_err(|error| error.to_string())?;
        let io = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
                format!("no answer within {}", crate::retry::seconds(deadline.total()))
            }
            std::io::ErrorKind::UnexpectedEof => "it hung up".to_owned(),
            _ => error.to_string(),
        };
        stream.set_nodelay(true).map_err(io)?;
        stream.set_write_timeout(Some(SENDING)).map_err(io)?;
        stream.write_all(HELLO).map_err(io)?;
        let welcome = welcome(&mut stream, deadline).map_err(io)?;
        if welcome.split_once(' ').map(|(_, status)| status.trim_end()) != Some(WELCOME) {
            return Err(format!("it answered {welcome:?}"));
        }
        stream.set_read_timeout(None).map_err(io)?;
        let (reading, line) = (stream.try_clone().map_err(io)?, stream.try_clone().map_err(io)?);
        let connection = Arc::new(Self {
            sending: Mutex::new(Sending { stream, encoder: Encoder::new(), next: 0 }),
            waiting: Mutex::new(Waiting::Open(HashMap::new())),
            line,
        });
        let reader = Arc::clone(&connection);
        std::thread::spawn(move || {
            let mut decoder = Decoder::new(BufReader::new(reading));
            let error = loop {
                if let Err(error) = reader.answer(&mut decoder) {
                    break error;
                }
            };
            reader.end(&Arc::new(error));
        });
        Ok(connection)
    }
}

impl Line for Connection {
    fn call(&self, method: &str, argument: &Value, of: Type, answer: Answer) {
        let mut sending = lock(&self.sending);
        let number = sending.next;
        sending.next += 1;
        {
            let mut waiting = lock(&self.waiting);
            match &mut *waiting {
                Waiting::Open(answers) => drop(answers.insert(number, answer)),
                Waiting::Over(error) => {
                    let error = Arc::clone(error);
                    drop(waiting);
                    return answer(Err(Fault::Over(error)));
                }
            }
        }
        let request = Value::Struct(vec![
            ("ServiceMethod".to_owned(), Value::Text(method.to_owned())),
            ("Seq".to_owned(), Value::Uint(number)),
        ]);
        let mut bytes = sending.encoder.encode(&request, protocol::REQUEST);
        bytes.extend(sending.encoder.encode(argument, of));
        if let Err(error) = sending.stream.write_all(&bytes) {
            drop(sending);
            self.end(&Arc::new(GobError::Io(error)));
        }
    }

    fn hang_up(&self) {
        // It may be gone already.
        let _ = self.line.shutdown(Shutdown::Both);
    }

    fn is_over(&self) -> bool {
        matches!(*lock(&self.waiting), Waiting::Over(_))
    }
}

impl Connection {
    /// Reads one answer and hands it over.
    fn answer(&self, decoder: &mut Decoder<impl Read>) -> Result<(), GobError> {
        let response = decoder.decode()?;
        let value = match decoder.decode() {
            Err(GobError::Ended) => return Err(GobError::Io(std::io::ErrorKind::UnexpectedEof.into())),
            value => value?,
        };
        if !matches!(response, Value::Struct(_)) {
            return Err(GobError::BadValue("an answer does not begin with its number"));
        }
        // Number 0 is not sent, as no zero is.
        let number = response.field("Seq").map_or(Some(0), Value::int);
        let number = number.and_then(|number| u64::try_from(number).ok());
        let error = response.field("Error").and_then(Value::text).unwrap_or_default();
        let outcome = if error.is_empty() { Ok(value) } else { Err(Fault::Refused(error.to_owned())) };
        let answer = match &mut *lock(&self.waiting) {
            Waiting::Open(answers) => number.and_then(|number| answers.remove(&number)),
            Waiting::Over(_) => None,
        };
        // Nobody asked, or whoever asked has been told that the connection is over.
        if let Some(answer) = answer {
            answer(outcome);
        }
        Ok(())
    }

    fn end(&self, error: &Arc<GobError>) {
        let before = {
            let mut waiting = lock(&self.waiting);
            match &*waiting {
                Waiting::Over(_) => return,
                Waiting::Open(_) => std::mem::replace(&mut *waiting, Waiting::Over(Arc::clone(error))),
            }
        };
        // Only now: who sends meanwhile would find a broken line, and that would be told as the reason.
        self.hang_up();
        if let Waiting::Open(answers) = before {
            for answer in answers.into_values() {
                answer(Err(Fault::Over(Arc::clone(error))));
            }
        }
    }
}

/// The first line of the answer; what follows it up to an empty line is read, too, and no byte more: gob comes next.
fn welcome(stream: &mut TcpStream, deadline: Deadline) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\n\n") && !bytes.ends_with(b"\r\n\r\n") {
        let left = deadline.remaining();
        if left.is_zero() {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        if bytes.len() > LONGEST_WELCOME {
            break;
        }
        stream.set_read_timeout(Some(left))?;
        stream.read_exact(&mut byte)?;
        bytes.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().next().unwrap_or_default().chars().take(80).collect())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
