//! Whether an adopted host is up, cheaply.
//!
//! The engine's port is asked first, since a bare connect there costs the host nothing. Only where it does not answer is sshd asked,
//! and then its banner is read: OpenSSH 9.8 and later counts connections that come without a login against their source, so a
//! status that is asked for every second must not be made of them. A host that SSH reaches only through a jump host
//! does not resolve or answer here; then the driver cannot know, and says so with [`State::None`] or `Stopped`.

use std::time::Duration;

use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::{machine::State, retry::Deadline};

/// How long the engine's port may take before sshd is asked.
const ENGINE_AT_MOST: Duration = Duration::from_millis(1500);
/// How long sshd may take until its banner is there.
const SSH_AT_MOST: Duration = Duration::from_secs(5);

/// Running where either answers, stopped where neither does, none where the name does not resolve.
pub(super) async fn state(host: &str, engine_port: u16, ssh_port: u16) -> State {
    match tokio::net::lookup_host((host, engine_port)).await {
        Ok(mut addresses) => {
            if addresses.next().is_none() {
                return State::None;
            }
        }
        Err(_) => return State::None,
    }
    if accepts(host, engine_port).await || shows_banner(host, ssh_port).await {
        State::Running
    } else {
        State::Stopped
    }
}

async fn accepts(host: &str, port: u16) -> bool {
    let connect = TcpStream::connect((host, port));
    matches!(Deadline::after(ENGINE_AT_MOST).bound("the engine's port", connect).await, Ok(Ok(_)))
}

async fn shows_banner(host: &str, port: u16) -> bool {
    let read = async {
        let mut banner = [0; 4];
        let mut stream = TcpStream::connect((host, port)).await?;
        stream.read_exact(&mut banner).await?;
        std::io::Result::Ok(&banner == b"SSH-")
    };
    matches!(Deadline::after(SSH_AT_MOST).bound("the banner of sshd", read).await, Ok(Ok(true)))
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncWriteExt, net::TcpListener};

    use super::*;

    async fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    async fn closed_port() -> u16 {
        listener().await.1
    }

    #[tokio::test]
    async fn a_host_whose_engine_answers_runs_and_sshd_is_left_alone() {
        let (_engine, engine_port) = listener().await;
        let (sshd, ssh_port) = listener().await;
        assert_eq!(state("127.0.0.1", engine_port, ssh_port).await, State::Running);
        let knock = Deadline::after(Duration::from_millis(50)).bound("a knock", sshd.accept()).await;
        assert!(knock.is_err(), "sshd was asked although the engine had answered");
    }

    #[tokio::test]
    async fn a_host_without_an_engine_runs_where_sshd_greets() {
        let (sshd, ssh_port) = listener().await;
        let greeting = tokio::spawn(async move {
            let (mut stream, _) = sshd.accept().await.unwrap();
            stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await.unwrap();
        });
        assert_eq!(state("127.0.0.1", closed_port().await, ssh_port).await, State::Running);
        greeting.await.unwrap();
    }

    #[tokio::test]
    async fn a_host_where_nothing_answers_is_stopped() {
        assert_eq!(state("127.0.0.1", closed_port().await, closed_port().await).await, State::Stopped);
    }

    #[tokio::test]
    async fn an_alias_that_only_ssh_knows_has_no_state() {
        assert_eq!(state("no-such-host.invalid", 2376, 22).await, State::None);
    }
}
