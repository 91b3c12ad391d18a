//! A plugin in use: what it is asked, and which machine's state it has.

use std::{sync::Arc, time::Duration};

use serde_json::Value as Json;

use super::{
    client::Client,
    error::PluginError,
    find::Program,
    gob::{Type, Value},
    pool::{Has, Member, Pool},
    protocol,
};
use crate::{machine::MachineName, retry::Deadline};

/// How long a plugin may take to say what it knows.
pub const ANSWER: Duration = Duration::from_secs(60);

/// A plugin in use. It goes back when this is dropped; one that still has a question to answer then is ended.
pub struct Lease {
    pool: Arc<Pool>,
    program: Program,
    member: Option<Member>,
    is_asking: bool,
}

impl Lease {
    /// Of a plugin that nobody else has.
    pub(super) fn new(pool: Arc<Pool>, program: Program, member: Member) -> Self {
        Self { pool, program, member: Some(member), is_asking: false }
    }

    fn member(&mut self) -> &mut Member {
        self.member.as_mut().expect("it is there until it is dropped")
    }

    /// The plugin itself.
    pub fn client(&mut self) -> Arc<Client> {
        Arc::clone(&self.member().client)
    }

    /// Asks, with a deadline that suits the question.
    pub async fn ask(&mut self, method: &str, at_most: Duration) -> Result<Value, PluginError> {
        self.ask_with(method, &Value::EMPTY, protocol::NOTHING, at_most).await
    }

    async fn ask_with(
        &mut self,
        method: &str,
        argument: &Value,
        of: Type,
        at_most: Duration,
    ) -> Result<Value, PluginError> {
        self.is_asking = true;
        let outcome = self.client().await_with(method, argument, of, Deadline::after(at_most)).await;
        self.is_asking = matches!(outcome, Err(PluginError::Late { .. }));
        outcome
    }

    /// The same for who cannot wait but only block.
    pub fn ask_now(&mut self, method: &str, argument: &Value, of: Type) -> Result<Value, PluginError> {
        self.is_asking = true;
        let outcome = self.client().ask_with(method, argument, of, Deadline::after(ANSWER));
        self.is_asking = matches!(outcome, Err(PluginError::Late { .. }));
        outcome
    }

    /// A text that the plugin knows; nothing where it does not, as of a host that is down.
    pub async fn text(&mut self, method: &str) -> Result<Option<String>, PluginError> {
        match self.ask(method, ANSWER).await {
            Ok(Value::Text(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Ok(_) => Err(self.client().unexpected(method, "a text")),
            Err(PluginError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A number that the plugin knows.
    pub async fn number(&mut self, method: &str) -> Result<Option<i64>, PluginError> {
        match self.ask(method, ANSWER).await {
            Ok(value) => value.int().map(Some).ok_or_else(|| self.client().unexpected(method, "a number")),
            Err(PluginError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The plugin's state.
    pub async fn state(&mut self) -> Result<Json, PluginError> {
        let answer = self.ask("GetConfigRaw", ANSWER).await?;
        self.understood(&answer)
    }

    /// The same for who cannot wait but only block.
    pub fn state_now(&mut self) -> Result<Json, PluginError> {
        let answer = self.ask_now("GetConfigRaw", &Value::EMPTY, protocol::NOTHING)?;
        self.understood(&answer)
    }

    fn understood(&mut self, answer: &Value) -> Result<Json, PluginError> {
        let json = match answer {
            Value::Bytes(bytes) => serde_json::from_slice(bytes).ok().filter(Json::is_object),
            _ => None,
        };
        json.ok_or_else(|| self.client().unexpected("GetConfigRaw", "a JSON object"))
    }

    /// Gives the plugin a machine's state, unless it has that.
    ///
    /// What differs is laid over what the plugin has by now: it may have learnt something since that it did not tell.
    pub async fn give(&mut self, machine: &MachineName, state: &Json) -> Result<(), PluginError> {
        let sent = match &self.member().has {
            Some(has) if has.machine == *machine && has.state == *state => return Ok(()),
            Some(has) if has.machine == *machine && !has.is_mixed => {
                let known = has.state.clone();
                let mut now = self.state().await?;
                lay_over(&mut now, &known, state);
                now
            }
            _ => state.clone(),
        };
        let bytes = Value::Bytes(sent.to_string().into_bytes());
        let given = self.ask_with("SetConfigRaw", &bytes, protocol::STATE, ANSWER).await;
        if let Err(PluginError::Refused { message }) = given {
            // Nobody knows what it has now.
            self.is_of_no_use();
            return Err(PluginError::BadState { driver: self.program.driver.clone(), reason: message });
        }
        given?;
        self.has(machine, state);
        Ok(())
    }

    /// Notes which state the plugin has now.
    pub fn has(&mut self, machine: &MachineName, state: &Json) {
        let before = self.member().has.take();
        let is_mixed = before.is_some_and(|has| has.is_mixed || has.machine != *machine);
        self.member().has = Some(Has { machine: machine.clone(), state: state.clone(), is_mixed });
    }

    /// The state within a time, while another question may be open.
    pub fn state_within(&mut self, at_most: Duration) -> Result<Json, PluginError> {
        let answer = self.client().ask("GetConfigRaw", Deadline::after(at_most))?;
        self.understood(&answer)
    }

    /// Whatever it does now, nobody waits for it: it will not be given back.
    pub fn is_of_no_use(&mut self) {
        self.is_asking = true;
    }

    /// Ends the plugin instead of giving it back.
    pub fn spend(mut self) {
        self.is_of_no_use();
    }
}

fn lay_over(now: &mut Json, known: &Json, state: &Json) {
    if let (Json::Object(now), Json::Object(state)) = (now, state) {
        for (name, value) in state.iter().filter(|(name, value)| known.get(name) != Some(value)) {
            now.insert(name.clone(), value.clone());
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(member) = self.member.take() {
            self.pool.give_back(&self.program, member, self.is_asking);
        }
    }
}
