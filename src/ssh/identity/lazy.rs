//! A signer that asks for the passphrase only when the server has said that it would take the key.

use russh::{
    SendError, Signer,
    keys::{
        HashAlg, PrivateKey,
        agent::AgentIdentity,
        signature,
        ssh_encoding::{self, Encode},
        ssh_key::{self, Signature, private::KeypairData},
    },
};

use super::{KeyError, KeyFile};
use crate::prompt::Prompt;

/// A key file that is not unlocked yet.
pub(in crate::ssh) struct Lazy<'a> {
    /// The file.
    pub file: &'a KeyFile,
    /// Who to ask.
    pub prompt: &'a dyn Prompt,
}

/// Why the key could not sign.
#[derive(Debug, thiserror::Error)]
pub(in crate::ssh) enum LazyError {
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The connection ended.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The signature could not be made.
    #[error(transparent)]
    Sign(#[from] ssh_key::Error),
    /// The signature could not be written.
    #[error(transparent)]
    Encode(#[from] ssh_encoding::Error),
}

impl Signer for Lazy<'_> {
    type Error = LazyError;

    async fn auth_sign(
        &mut self,
        _key: &AgentIdentity,
        hash: Option<HashAlg>,
        mut to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, LazyError> {
        let key = self.file.unlock(self.prompt)?;
        let signature = sign(&key, hash, &to_sign)?;
        signature.encode_vec()?.encode(&mut to_sign)?;
        Ok(to_sign)
    }
}

fn sign(key: &PrivateKey, hash: Option<HashAlg>, data: &[u8]) -> Result<Signature, ssh_key::Error> {
    let signature = match key.key_data() {
        KeypairData::Rsa(pair) => signature::Signer::try_sign(&(pair, hash), data),
        pair => signature::Signer::try_sign(pair, data),
    };
    signature.map_err(Into::into)
}
