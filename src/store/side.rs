//! `rmachine.json`: what docker-machine's schema has no field for. Versioned; unknown fields are kept.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{json::Node, record::SIDE_VERSION};

/// How far `create` came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The record exists; the host may or may not.
    Recorded,
    /// The host exists.
    Created,
    /// The engine was ours to use. Also what a machine of docker-machine's counts as, which has no file of ours.
    #[default]
    Provisioned,
}

/// The file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Side {
    /// 1.
    pub version: u32,
    /// How far `create` came.
    pub stage: Stage,
    /// The engine's URL as last known: `tcp://...` or `ssh://...`.
    pub url: Option<String>,
    /// The host keys pinned for this machine, in `authorized_keys` form.
    pub host_keys: Vec<String>,
    /// What the user wished for when the machine was made, for `provision` to repeat: `provision::Wishes` without files.
    pub wishes: Value,
    /// When the machine was made, RFC 3339, UTC.
    pub created_at: Option<String>,
    /// The version of rmachine that made it.
    pub created_by: Option<String>,
    /// Whether docker gets a context of the machine's name; `None` where nobody was asked, as in docker-machine's voice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<bool>,
    /// Whether a change of the host was begun that is not known to be undone: then the record must stay.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_begun: bool,
    /// What later versions put there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Default for Side {
    fn default() -> Self {
        Self {
            version: SIDE_VERSION,
            stage: Stage::default(),
            url: None,
            host_keys: Vec::new(),
            wishes: Value::Null,
            created_at: None,
            created_by: None,
            context: None,
            is_begun: false,
            extra: Map::new(),
        }
    }
}

impl Side {
    /// The file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        Node::from(&super::record::to_value(self)).to_text().into_bytes()
    }
}
