//! Logging in: keys first, then what a person can answer, until the server is content or has refused everything.

use std::path::PathBuf;

use russh::{
    MethodKind, MethodSet,
    client::{AuthResult, Handle, KeyboardInteractiveAuthResponse},
    keys::{Certificate, HashAlg, PrivateKeyWithHashAlg, PublicKey},
};

use super::{
    SshError,
    ask::Person,
    handshake::{Client, Parting},
    identity::{Agent, Candidate, Candidates, KeyError, KeyFile, Lazy, LazyError},
};

/// More rounds of questions than any server asks.
const MOST_ROUNDS: usize = 10;

/// One login under way.
pub(super) struct Login<'a> {
    pub handle: &'a mut Handle<Client>,
    pub host: &'a str,
    pub user: &'a str,
    pub person: &'a Person<'a>,
    pub parting: &'a Parting,
    pub agent: Option<Agent>,
    /// What was tried, for the error.
    pub tried: Vec<String>,
    /// What the server would take; `None` until it has said so.
    pub methods: Option<MethodSet>,
}

impl Login<'_> {
    /// Tries everything in order. Returns the key file that was accepted, if it was one.
    pub async fn run(&mut self, candidates: Candidates) -> Result<Option<PathBuf>, SshError> {
        let mut identity = None;
        let is_alone = candidates.keys.len() == 1;
        for candidate in &candidates.keys {
            if !self.may(MethodKind::PublicKey) {
                break;
            }
            let Some(result) = self.offer(candidate, is_alone).await? else { continue };
            let file = candidate.path().cloned();
            match self.settle(result)? {
                Settled::Done => return Ok(file),
                Settled::More => identity = file,
                Settled::Refused => {}
            }
        }
        self.tried.extend(candidates.skipped);
        if self.methods.is_none() && self.none().await? {
            return Ok(None);
        }
        if self.questions().await? { Ok(identity) } else { Err(self.refused()) }
    }

    fn may(&self, method: MethodKind) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.contains(&method))
    }

    /// Offers a key; `None` when it came to nothing without the server knowing.
    async fn offer(&mut self, candidate: &Candidate, is_alone: bool) -> Result<Option<AuthResult>, SshError> {
        let public = match self.public(candidate) {
            Ok(public) => public,
            Err(error) => return self.pass_over(error),
        };
        self.tried.push(candidate.describe(&public));
        let mut last = None;
        for hash in self.hashes(&public, is_alone).await? {
            let result = match candidate {
                Candidate::Agent(_, _) => self.by_agent(&public, hash).await?,
                Candidate::File(file) => match self.by_file(file, &public, hash).await {
                    Ok(result) => Some(result),
                    Err(SshError::Key(error)) => return self.pass_over(error),
                    Err(error) => return Err(error),
                },
            };
            let is_refused = matches!(result, Some(AuthResult::Failure { partial_success: false, .. }));
            last = result;
            if !is_refused || self.handle.is_closed() {
                break;
            }
        }
        Ok(last)
    }

    /// The key that was asked for was unlocked before the connection; without another one the rest may do.
    fn pass_over(&mut self, error: KeyError) -> Result<Option<AuthResult>, SshError> {
        match error {
            KeyError::NoPassphrase { path } => {
                self.tried.push(format!("{} is encrypted and nobody can be asked", path.display()));
                Ok(None)
            }
            error => Err(error.into()),
        }
    }

    fn public(&self, candidate: &Candidate) -> Result<PublicKey, KeyError> {
        match candidate {
            Candidate::Agent(key, _) => Ok(key.public.clone()),
            Candidate::File(file) => match file.public() {
                Some(public) => Ok(public.clone()),
                None => Ok(file.unlock(self.person.prompt())?.public_key().clone()),
            },
        }
    }

    async fn by_agent(
        &mut self,
        public: &PublicKey,
        hash: Option<HashAlg>,
    ) -> Result<Option<AuthResult>, SshError> {
        let Some(agent) = &mut self.agent else { return Ok(None) };
        let offered = self.handle.authenticate_publickey_with(self.user, public.clone(), hash, agent).await;
        match offered {
            Ok(result) => Ok(Some(result)),
            Err(error) => {
                // Such as a key that must be confirmed and was not: the next one may do.
                self.tried.push(format!("the agent did not sign: {error}"));
                Ok(None)
            }
        }
    }

    async fn by_file(
        &mut self,
        file: &KeyFile,
        public: &PublicKey,
        hash: Option<HashAlg>,
    ) -> Result<AuthResult, SshError> {
        if let Some(certificate) = file.certificate() {
            let result = self.by_certificate(file, certificate, hash).await?;
            if result.success() || self.handle.is_closed() {
                return Ok(result);
            }
        }
        if !file.is_locked() {
            let key = PrivateKeyWithHashAlg::new(file.unlock(self.person.prompt())?, hash);
            let result = self.handle.authenticate_publickey(self.user, key).await;
            return result.map_err(|error| self.lost(&error));
        }
        let mut signer = Lazy { file, prompt: self.person.prompt() };
        match self.handle.authenticate_publickey_with(self.user, public.clone(), hash, &mut signer).await {
            Ok(result) => Ok(result),
            Err(LazyError::Key(error)) => Err(error.into()),
            Err(error) => Err(self.lost(&error)),
        }
    }

    async fn by_certificate(
        &mut self,
        file: &KeyFile,
        certificate: Certificate,
        hash: Option<HashAlg>,
    ) -> Result<AuthResult, SshError> {
        self.tried.push(format!("its certificate {:?}", certificate.key_id()));
        let mut signer = Lazy { file, prompt: self.person.prompt() };
        match self.handle.authenticate_certificate_with(self.user, certificate, hash, &mut signer).await {
            Ok(result) => Ok(result),
            Err(LazyError::Key(error)) => Err(error.into()),
            Err(error) => Err(self.lost(&error)),
        }
    }

    /// The hashes for RSA signatures, in the order of trying; other keys have one of their own, which is `None` here.
    ///
    /// OpenSSH before 9.3 announces every hash it knows, also those its configuration refuses. A second offer counts as a
    /// second try there, so it is made only for a key that has no other behind it.
    async fn hashes(&self, key: &PublicKey, is_alone: bool) -> Result<Vec<Option<HashAlg>>, SshError> {
        if !key.algorithm().is_rsa() {
            return Ok(vec![None]);
        }
        let announced = self.handle.best_supported_rsa_hash().await.map_err(|error| self.lost(&error))?;
        let best = announced.unwrap_or(Some(HashAlg::Sha512));
        let other = if best == Some(HashAlg::Sha512) { HashAlg::Sha256 } else { HashAlg::Sha512 };
        Ok(if is_alone { vec![best, Some(other)] } else { vec![best] })
    }

    /// Asks what the server would take, which is all that can be done without a key.
    async fn none(&mut self) -> Result<bool, SshError> {
        let result = self.handle.authenticate_none(self.user).await.map_err(|error| self.lost(&error))?;
        Ok(matches!(self.settle(result)?, Settled::Done))
    }

    /// What a person can answer. A server may want several things, one after the other.
    async fn questions(&mut self) -> Result<bool, SshError> {
        for _ in 0..MOST_ROUNDS {
            let settled = if self.may(MethodKind::KeyboardInteractive) {
                self.interactive().await?
            } else {
                Settled::Refused
            };
            let settled = match settled {
                Settled::Refused if self.may(MethodKind::Password) => self.password().await?,
                settled => settled,
            };
            match settled {
                Settled::Done => return Ok(true),
                Settled::More => {}
                Settled::Refused => return Ok(false),
            }
        }
        Ok(false)
    }

    async fn password(&mut self) -> Result<Settled, SshError> {
        let question = format!("Password of {}@{}: ", self.user, self.host);
        let Some(password) = self.person.secret(0, &question) else { return Ok(Settled::Refused) };
        self.tried.push("password".to_owned());
        let result = self.handle.authenticate_password(self.user, password.expose()).await;
        let result = result.map_err(|error| self.lost(&error))?;
        self.settle(result)
    }

    async fn interactive(&mut self) -> Result<Settled, SshError> {
        let started = self.handle.authenticate_keyboard_interactive_start(self.user, None).await;
        let mut response = started.map_err(|error| self.lost(&error))?;
        for round in 0..MOST_ROUNDS {
            let (instructions, prompts) = match response {
                KeyboardInteractiveAuthResponse::Success => return Ok(Settled::Done),
                KeyboardInteractiveAuthResponse::Failure { remaining_methods, partial_success } => {
                    return self.settle(AuthResult::Failure { remaining_methods, partial_success });
                }
                KeyboardInteractiveAuthResponse::InfoRequest { instructions, prompts, .. } => {
                    (instructions, prompts)
                }
            };
            // A round without questions (PAM sends one at the end) is answered with no answers.
            let Some(answers) = self.answers(round, &instructions, &prompts) else {
                return Ok(Settled::Refused);
            };
            let answered = self.handle.authenticate_keyboard_interactive_respond(answers).await;
            response = answered.map_err(|error| self.lost(&error))?;
        }
        Ok(Settled::Refused)
    }

    fn answers(
        &mut self,
        round: usize,
        instructions: &str,
        prompts: &[russh::client::Prompt],
    ) -> Option<Vec<String>> {
        let mut answers = Vec::new();
        for prompt in prompts {
            let asked = prompt.prompt.trim();
            let question = format!("{}@{}: {instructions} {asked} ", self.user, self.host).replace("  ", " ");
            answers.push(self.person.secret(round + 1, &question)?.expose().to_owned());
        }
        if !prompts.is_empty() {
            self.tried.push("keyboard-interactive".to_owned());
        }
        Some(answers)
    }

    /// Takes note of what the server said.
    fn settle(&mut self, result: AuthResult) -> Result<Settled, SshError> {
        match result {
            AuthResult::Success => Ok(Settled::Done),
            AuthResult::Failure { partial_success, remaining_methods } => {
                // russh says so too when the connection ended.
                if self.handle.is_closed() {
                    return Err(self.refused());
                }
                self.methods = Some(remaining_methods);
                Ok(if partial_success { Settled::More } else { Settled::Refused })
            }
        }
    }

    fn refused(&self) -> SshError {
        let methods = self.methods.as_ref().map(|methods| methods.iter().map(String::from).collect());
        SshError::KeysRefused {
            host: self.host.to_owned(),
            user: self.user.to_owned(),
            tried: self.tried.clone(),
            methods: methods.unwrap_or_default(),
            said: self.parting.words(),
        }
    }

    fn lost(&self, error: &dyn std::error::Error) -> SshError {
        let reason = self.parting.words().unwrap_or_else(|| error.to_string());
        SshError::Lost { host: self.host.to_owned(), reason }
    }
}

/// What a try came to.
enum Settled {
    /// Logged in.
    Done,
    /// Accepted, and something else is wanted beside it.
    More,
    /// Not accepted.
    Refused,
}
