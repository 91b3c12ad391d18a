//! The protocol of our own for new drivers: JSON-RPC 2.0, a line each, over the program's stdin and stdout (docs/plugins.md).
//!
//! A program of this kind keeps no state: it gets a machine's with each request and hands back the new one. To the client it looks
//! like a plugin of docker-machine, whose questions are answered here from what the program said.

mod terms;

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use self::terms::{flag, number, part, plain, word, wrong_flag};
use super::{
    connection::{Answer, Fault, Line, Outcome},
    gob::{GobError, Type, Value},
    talk::Talk,
};
use crate::{driver::Base, event::Event};

/// The longest line.
const LONGEST: u64 = 4 << 20;

/// A program that speaks in lines.
pub struct Lines {
    stdin: Mutex<Option<File>>,
    inner: Mutex<Inner>,
    ended: Condvar,
    talk: Arc<Talk>,
}

#[derive(Default)]
struct Inner {
    driver: String,
    next: u64,
    waiting: HashMap<u64, (Want, Answer)>,
    over: Option<Fault>,
    /// The machine's state, as it was given or as the program handed it back.
    state: Json,
    /// Whether the state is known outside, but for what is at work.
    is_saved: bool,
    flags: Json,
    endpoint: Option<Json>,
}

/// What is made of an answer.
#[derive(Clone)]
enum Want {
    /// What the program is.
    Description,
    /// A new state, if there is one.
    State,
    /// What the host is doing.
    Status,
    /// A part of where the host answers, by its path.
    Endpoint(&'static str),
}

impl Lines {
    /// Reads answers from then on.
    pub fn open(driver: &str, stdin: File, stdout: impl Read + Send + 'static, talk: Arc<Talk>) -> Arc<Self> {
        let lines = Arc::new(Self {
            stdin: Mutex::new(Some(stdin)),
            inner: Mutex::new(Inner { driver: driver.to_owned(), ..Inner::default() }),
            ended: Condvar::new(),
            talk,
        });
        let reader = Arc::clone(&lines);
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            let mut bytes = Vec::new();
            let fault = loop {
                bytes.clear();
                match (&mut stdout).take(LONGEST).read_until(b'\n', &mut bytes) {
                    Ok(0) | Err(_) => break Fault::Over(Arc::new(GobError::Ended)),
                    Ok(_) => {}
                }
                if let Err(fault) = reader.heard(&bytes) {
                    break fault;
                }
            };
            reader.end(&fault);
        });
        lines
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, line: &Json) {
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stdin) = stdin.as_mut() {
            // Who cannot be written to is found out by reading.
            let _ = stdin.write_all(format!("{line}\n").as_bytes());
        }
    }

    fn ask(&self, method: &str, more: &Json, want: Want, answer: Answer) {
        let line = {
            let mut inner = self.lock();
            if let Some(fault) = inner.over.clone() {
                drop(inner);
                return answer(Err(fault));
            }
            let id = inner.next;
            inner.next += 1;
            inner.waiting.insert(id, (want, answer));
            let mut params = json!({});
            if inner.state.is_object() {
                let (machine, store) = (&inner.state["MachineName"], inner.state["StorePath"].as_str());
                let folder = Path::new(store.unwrap_or_default())
                    .join("machines")
                    .join(machine.as_str().unwrap_or_default());
                params = json!({ "machine": machine, "folder": folder, "state": inner.state });
            }
            if let (Json::Object(params), Json::Object(more)) = (&mut params, more) {
                params.extend(more.clone());
            }
            json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
        };
        self.send(&line);
    }

    /// A part of what was answered to `endpoint` a moment ago, or is now.
    fn part(&self, path: &'static str, answer: Answer) {
        let known = self.lock().endpoint.clone();
        match known {
            Some(known) => answer(Ok(part(&known, path))),
            None => self.ask("endpoint", &json!({}), Want::Endpoint(path), answer),
        }
    }

    /// An answer, or something that the program says by itself.
    fn heard(&self, bytes: &[u8]) -> Result<(), Fault> {
        let nonsense = || {
            let shown: String = String::from_utf8_lossy(bytes).trim_end().chars().take(80).collect();
            Fault::Nonsense(format!("the line {shown:?}, which is no JSON-RPC"))
        };
        let line: Json = serde_json::from_slice(bytes).map_err(|_| nonsense())?;
        if let Some(method) = line["method"].as_str() {
            self.told(method, &line["params"]);
            return Ok(());
        }
        let id = line["id"].as_u64().ok_or_else(nonsense)?;
        let (outcome, answer) = {
            let mut inner = self.lock();
            // Nobody waits for an answer twice.
            let Some((want, answer)) = inner.waiting.remove(&id) else { return Ok(()) };
            (inner.understood(&want, &line), answer)
        };
        answer(outcome);
        Ok(())
    }

    fn told(&self, method: &str, params: &Json) {
        let message = || params["message"].as_str().unwrap_or_default().replace(char::is_control, " ");
        match method {
            "progress" => self.talk.tell(Event::Told(message())),
            "log" => self.talk.tell(Event::Output(message())),
            "save" if params["state"].is_object() => {
                let mut inner = self.lock();
                (inner.state, inner.is_saved) = (params["state"].clone(), false);
            }
            // Later versions may say more.
            _ => {}
        }
    }

    fn end(&self, fault: &Fault) {
        let waiting = {
            let mut inner = self.lock();
            inner.over.get_or_insert_with(|| fault.clone());
            std::mem::take(&mut inner.waiting)
        };
        for (_, answer) in waiting.into_values() {
            answer(Err(fault.clone()));
        }
        self.ended.notify_all();
    }
}

impl Inner {
    fn understood(&mut self, want: &Want, line: &Json) -> Outcome {
        if let Some(error) = line.get("error").filter(|error| !error.is_null()) {
            return Err(Fault::Refused(
                error["message"].as_str().unwrap_or("it failed and did not say why").to_owned(),
            ));
        }
        let result = &line["result"];
        Ok(match want {
            Want::Description => {
                if let Some(wrong) = wrong_flag(&self.driver, &result["flags"]) {
                    return Err(Fault::Nonsense(wrong));
                }
                self.flags = result["flags"].clone();
                Value::Int(result["protocol"].as_i64().unwrap_or_default())
            }
            Want::State => {
                if result["state"].is_object() {
                    self.state = result["state"].clone();
                }
                Value::EMPTY
            }
            Want::Status => Value::Int(number(result["status"].as_str().unwrap_or_default())),
            Want::Endpoint(path) => {
                self.endpoint = Some(result.clone());
                part(result, path)
            }
        })
    }
}

impl Line for Lines {
    fn word(&self, method: &str) -> String {
        word(method)
    }

    fn call(&self, method: &str, argument: &Value, _of: Type, answer: Answer) {
        let method = method.rsplit('.').next().unwrap_or(method);
        let nothing = json!({});
        match method {
            "GetVersion" => self.ask("describe", &nothing, Want::Description, answer),
            "GetCreateFlags" => {
                let flags = self.lock().flags.clone();
                answer(Ok(Value::List(flags.as_array().into_iter().flatten().map(flag).collect())));
            }
            "Heartbeat" => answer(Ok(Value::EMPTY)),
            "Close" => {
                self.lock().waiting.insert(u64::MAX, (Want::State, answer));
                drop(self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take());
            }
            "SetConfigRaw" => {
                let state = match argument {
                    Value::Bytes(bytes) => serde_json::from_slice(bytes).unwrap_or_default(),
                    _ => Json::Null,
                };
                // Its programs may count on docker-machine's own fields.
                if let Err(error) = Base::deserialize(&state) {
                    return answer(Err(Fault::Refused(error.to_string())));
                }
                let mut inner = self.lock();
                (inner.state, inner.endpoint) = (state, None);
                drop(inner);
                answer(Ok(Value::EMPTY));
            }
            "GetConfigRaw" => {
                let state = self.lock().state.to_string().into_bytes();
                answer(Ok(Value::Bytes(state)));
            }
            "SetConfigFromFlags" => {
                self.ask("configure", &json!({ "flags": plain(argument) }), Want::State, answer);
            }
            "PreCreateCheck" => self.ask("check", &nothing, Want::State, answer),
            "GetState" => self.ask("status", &nothing, Want::Status, answer),
            "GetURL" => self.ask("endpoint", &nothing, Want::Endpoint("/url"), answer),
            "GetIP" => self.part("/ip", answer),
            "GetSSHHostname" => self.part("/ssh/host", answer),
            "GetSSHPort" => self.part("/ssh/port", answer),
            "GetSSHUsername" => self.part("/ssh/user", answer),
            "GetSSHKeyPath" => self.part("/ssh/key", answer),
            verb => {
                self.lock().endpoint = None;
                self.ask(&verb.to_lowercase(), &nothing, Want::State, answer);
            }
        }
    }

    fn hang_up(&self) {
        drop(self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.end(&Fault::Over(Arc::new(GobError::Ended)));
    }

    fn is_over(&self) -> bool {
        self.lock().over.is_some()
    }

    fn unsaved(&self) -> Option<Json> {
        let mut inner = self.lock();
        let is_saved = std::mem::replace(&mut inner.is_saved, true);
        (!is_saved && inner.state.is_object()).then(|| inner.state.clone())
    }

    fn cancel(&self, grace: Duration) {
        self.send(&json!({ "jsonrpc": "2.0", "method": "cancel" }));
        let inner = self.lock();
        // Whether it came to an end or not, what it has made so far is known by now.
        drop(self.ended.wait_timeout_while(inner, grace, |inner| {
            inner.over.is_none() && inner.waiting.keys().any(|id| *id != u64::MAX)
        }));
    }
}
