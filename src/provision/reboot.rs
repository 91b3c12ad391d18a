//! Boots a host anew, for drivers that can only reach it by SSH; which boot it is tells whether it has happened.

use super::ProvisionError;
use crate::{
    remote::{Document, Exit, Line, Remote, RemoteError, Script},
    retry::Deadline,
};

const BOOT: Script =
    Script { name: "reboot.sh", text: concat!(include_str!("../../templates/reboot.sh"), "boot\n") };

const REBOOT: Script =
    Script { name: "reboot.sh", text: concat!(include_str!("../../templates/reboot.sh"), "reboot_host\n") };

/// A boot of a host, as its kernel names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot(String);

/// Which boot of the host this is.
pub async fn boot(remote: &dyn Remote, deadline: Deadline) -> Result<Boot, ProvisionError> {
    ask(remote, BOOT, deadline).await
}

/// Has the host boot anew. Says which boot ends.
pub async fn reboot(remote: &dyn Remote, deadline: Deadline) -> Result<Boot, ProvisionError> {
    ask(remote, REBOOT, deadline).await
}

/// The first line of the answer. A host that goes down may end the connection, or what runs there, before it has ended by itself.
async fn ask(remote: &dyn Remote, script: Script, deadline: Deadline) -> Result<Boot, ProvisionError> {
    let (mut boot, mut complaint) = (None, "it does not say which boot this is".to_owned());
    let outcome = {
        let mut take = |line: Line| match line {
            Line::Out(line) => boot = boot.take().or(Some(Boot(line))),
            Line::Err(line) => complaint = line,
        };
        remote.run(script, &Document::new(), deadline, &mut take).await
    };
    match (boot, outcome) {
        (Some(boot), Ok(Exit::Status(0) | Exit::Signal(_)) | Err(RemoteError::Lost { .. })) => Ok(boot),
        (_, Err(error)) => Err(error.into()),
        (_, Ok(_)) => Err(ProvisionError::Answer { host: remote.host().to_owned(), reason: complaint }),
    }
}
