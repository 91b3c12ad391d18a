//! What is sent to begin a swarm and to join one.

use serde_json::{Value, json};

use super::types::Availability;
use crate::secret::Secret;

/// The prefix length of overlay networks' subnets where nobody says another, as docker's own client sends it.
const USUAL_SUBNET_SIZE: u32 = 24;

/// `POST /swarm/init`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitRequest {
    /// Where the manager listens, `ADDRESS:PORT`.
    pub listen: String,
    /// The address the others dial.
    pub advertise: String,
    /// The address of overlay traffic; empty is the advertised one.
    pub data_path: String,
    /// The UDP port of overlay networks; 0 is the usual one.
    pub data_path_port: u16,
    /// Where overlay networks get their subnets; empty is the engine's own.
    pub address_pool: Vec<String>,
    /// How large those are, as a prefix length; 0 is the usual size.
    pub subnet_size: u32,
    /// Whether managers start locked.
    pub autolock: bool,
    /// Whether this node gets tasks.
    pub availability: Availability,
}

impl InitRequest {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "ListenAddr": self.listen,
            "AdvertiseAddr": self.advertise,
            "DataPathAddr": self.data_path,
            "DataPathPort": self.data_path_port,
            "DefaultAddrPool": self.address_pool,
            // The engine takes a 0 as it is, and then has no subnet for any network: tasks stay "new".
            "SubnetSize": if self.subnet_size == 0 { USUAL_SUBNET_SIZE } else { self.subnet_size },
            "AutoLockManagers": self.autolock,
            "Availability": self.availability,
            "Spec": { "EncryptionConfig": { "AutoLockManagers": self.autolock } },
        })
    }
}

/// `POST /swarm/join`.
#[derive(Clone, Debug, Default)]
pub struct JoinRequest {
    /// Where this node listens once it is a manager, `ADDRESS:PORT`.
    pub listen: String,
    /// The address the others dial.
    pub advertise: String,
    /// The address of overlay traffic; empty is the advertised one.
    pub data_path: String,
    /// A manager, `ADDRESS:PORT`. The engine looks at the first one only, so there is one.
    pub manager: String,
    /// What lets it in.
    pub token: Secret,
    /// Whether this node gets tasks.
    pub availability: Availability,
}

impl JoinRequest {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "ListenAddr": self.listen,
            "AdvertiseAddr": self.advertise,
            "DataPathAddr": self.data_path,
            "RemoteAddrs": [self.manager],
            "JoinToken": self.token.expose(),
            "Availability": self.availability,
        })
    }
}
