//! Getting hosts into a healthy swarm, and keeping it so, on the engine's own swarm mode.
//!
//! Nothing of the consensus or of the scheduling is ours. This room decides (topology, addresses, what may be taken away) and knows what the
//! Engine API needs in which order; the verbs in `ops/swarm` bring machines and store to it.

pub mod addresses;
pub mod check;
pub mod discovery;
pub mod formation;
pub mod host;
pub mod quorum;
pub mod reach;
pub mod record;
pub mod standing;
pub mod topology;
