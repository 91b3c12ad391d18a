//! Every place where rmachine has just had, or is about to have, an effect outside itself.
//!
//! The kill test loops over [`Checkpoint::ALL`]: SIGKILL at each, then `create` again, or `rm`. A new outside effect needs a
//! new checkpoint; `tests/tidy.rs` refuses one that no code reaches.

use std::{fmt, str::FromStr};

use crate::env::Env;

/// A place between two outside effects of `create`, of `swarm create`, or of a change of the CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Checkpoint {
    /// The name is ours, nothing is written.
    Reserved,
    /// The CA exists.
    CaMade,
    /// The client certificate exists.
    ClientCertificateMade,
    /// The machine's folder exists, the host does not.
    Recorded,
    /// The driver is about to make something outside.
    HostBegun,
    /// The driver has made something outside that the record does not show as finished.
    HostHalfMade,
    /// The host exists and the record says so.
    HostMade,
    /// SSH answers and its host key is pinned.
    Connected,
    /// The server certificate exists here.
    ServerCertificateMade,
    /// The plan is made, nothing is changed on the host.
    Planned,
    /// The record says that the host is about to be changed.
    ChangeRecorded,
    /// Apply has begun on the host.
    ApplyBegun,
    /// Apply has ended on the host.
    Applied,
    /// The engine answered to us over the final way.
    Verified,
    /// The env files are written.
    EnvFilesWritten,
    /// The record says that the machine is ready.
    Provisioned,
    /// It is written down who takes part in a swarm.
    SwarmPlanned,
    /// The machines of a swarm are there.
    SwarmMustered,
    /// The first manager runs, and the record does not say so.
    SwarmBegun,
    /// The record says that the first manager runs.
    SwarmRecorded,
    /// A node is in, and the managers may not see it yet.
    NodeJoined,
    /// Every node is as it was asked for, and the record does not say so.
    SwarmFinished,
    /// A new CA lies beside the one in use.
    NewCaMade,
    /// The store says that the CA is being changed.
    RotationBegun,
    /// The CA's file holds the new one, too.
    BothTrusted,
    /// The old CA is kept under another name.
    OldCaKept,
    /// The new CA signs.
    CaReplaced,
    /// The client's certificate is of the new CA.
    ClientReplaced,
    /// A machine's folder has the client's new certificate.
    ClientCopied,
    /// The old CA is no longer in the CA's file.
    OldCaDropped,
    /// The store says no longer that the CA is being changed.
    RotationEnded,
}

impl Checkpoint {
    /// All of them, in the order `create` meets them.
    pub const ALL: [Self; 16] = [
        Self::Reserved,
        Self::CaMade,
        Self::ClientCertificateMade,
        Self::Recorded,
        Self::HostBegun,
        Self::HostHalfMade,
        Self::HostMade,
        Self::Connected,
        Self::ServerCertificateMade,
        Self::Planned,
        Self::ChangeRecorded,
        Self::ApplyBegun,
        Self::Applied,
        Self::Verified,
        Self::EnvFilesWritten,
        Self::Provisioned,
    ];

    /// Those that `swarm create` meets beside them.
    pub const SWARM: [Self; 6] = [
        Self::SwarmPlanned,
        Self::SwarmMustered,
        Self::SwarmBegun,
        Self::SwarmRecorded,
        Self::NodeJoined,
        Self::SwarmFinished,
    ];

    /// All that a change of the CA meets, in about that order.
    pub const OF_ROTATION: [Self; 15] = [
        Self::Connected,
        Self::ServerCertificateMade,
        Self::Planned,
        Self::ApplyBegun,
        Self::Applied,
        Self::Verified,
        Self::NewCaMade,
        Self::RotationBegun,
        Self::BothTrusted,
        Self::OldCaKept,
        Self::CaReplaced,
        Self::ClientReplaced,
        Self::ClientCopied,
        Self::OldCaDropped,
        Self::RotationEnded,
    ];

    /// The name used to ask for a kill at this place.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::CaMade => "ca-made",
            Self::ClientCertificateMade => "client-certificate-made",
            Self::Recorded => "recorded",
            Self::HostBegun => "host-begun",
            Self::HostHalfMade => "host-half-made",
            Self::HostMade => "host-made",
            Self::Connected => "connected",
            Self::Planned => "planned",
            Self::ServerCertificateMade => "server-certificate-made",
            Self::ChangeRecorded => "change-recorded",
            Self::ApplyBegun => "apply-begun",
            Self::Applied => "applied",
            Self::Verified => "verified",
            Self::EnvFilesWritten => "env-files-written",
            Self::Provisioned => "provisioned",
            Self::SwarmPlanned => "swarm-planned",
            Self::SwarmMustered => "swarm-mustered",
            Self::SwarmBegun => "swarm-begun",
            Self::SwarmRecorded => "swarm-recorded",
            Self::NodeJoined => "node-joined",
            Self::SwarmFinished => "swarm-finished",
            Self::NewCaMade => "new-ca-made",
            Self::RotationBegun => "rotation-begun",
            Self::BothTrusted => "both-trusted",
            Self::OldCaKept => "old-ca-kept",
            Self::CaReplaced => "ca-replaced",
            Self::ClientReplaced => "client-replaced",
            Self::ClientCopied => "client-copied",
            Self::OldCaDropped => "old-ca-dropped",
            Self::RotationEnded => "rotation-ended",
        }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Checkpoint {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .chain(Self::SWARM)
            .chain(Self::OF_ROTATION)
            .find(|point| point.name() == name)
            .ok_or_else(|| format!("no checkpoint {name:?}"))
    }
}

/// The variable that names the checkpoint at which a debug build kills itself; release builds do not read it.
pub const KILL_AT: &str = "RMACHINE_KILL_AT";

/// Tells the kill test where we are. Outside of tests it does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checkpoints {
    kill_at: Option<Checkpoint>,
}

impl Checkpoints {
    /// Looks at [`KILL_AT`], in debug builds only.
    pub fn from_env(env: &Env) -> Self {
        let kill_at = cfg!(debug_assertions).then(|| env.var(KILL_AT)?.parse().ok()).flatten();
        Self { kill_at }
    }

    /// We are here. Under the kill test, the process may end here as if by `kill -9`.
    pub fn reach(&self, point: Checkpoint) {
        tracing::debug!(%point, "checkpoint");
        if self.kill_at == Some(point) {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_checkpoint_has_a_name_that_leads_back_to_it() {
        let all = Checkpoint::ALL.into_iter().chain(Checkpoint::SWARM).chain(Checkpoint::OF_ROTATION);
        for point in all {
            assert_eq!(point.name().parse(), Ok(point));
        }
    }

    #[test]
    fn the_order_of_the_list_is_the_order_of_the_story() {
        assert!(Checkpoint::ALL.is_sorted() && Checkpoint::SWARM.is_sorted());
    }
}
