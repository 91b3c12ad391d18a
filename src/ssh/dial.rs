//! The stream under SSH when nothing is in between: names, addresses, TCP.

use std::{
    io,
    net::SocketAddr,
    os::fd::OwnedFd,
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::{TcpStream, UnixStream, lookup_host},
    process::{Child, ChildStderr, Command},
};

use super::{Connect, SshError, target::Target};
use crate::retry::{self, Backoff, Deadline, PollError, Try};

/// How long to rest between TCP connections that are refused: no server hears of them.
const BETWEEN_DIALS: Backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(1) };

/// Connects by TCP; a patient caller waits until somebody listens.
pub(super) async fn tcp(
    target: &Target,
    connect: &Connect<'_>,
    is_patient: bool,
) -> Result<TcpStream, SshError> {
    if !is_patient {
        return any_address(target, connect.deadline).await;
    }
    let what = format!("{} port {}", target.host, target.port);
    let last = Mutex::new(None);
    let polled = retry::poll(&what, connect.deadline, BETWEEN_DIALS, connect.events, || async {
        match any_address(target, connect.deadline).await {
            Ok(stream) => Try::Done(stream),
            Err(error) if error.is_before_server() => Try::Again(keep(&last, error, connect.deadline)),
            Err(error) => Try::Fail(error),
        }
    });
    polled.await.map_err(|error| match error {
        PollError::Failed(error) => error,
        PollError::TimedOut(source) => {
            SshError::GaveUp { host: target.shown.clone(), source, last: kept(last) }
        }
    })
}

/// Keeps how a try ended, should it be the last one, and says it in one line. A try that was only cut by the deadline says less
/// than the one before.
pub(super) fn keep(last: &Mutex<Option<SshError>>, error: SshError, deadline: Deadline) -> String {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    match last.as_ref().filter(|_| deadline.is_over()) {
        Some(before) => before.in_one_line(),
        None => last.insert(error).in_one_line(),
    }
}

/// What was kept.
pub(super) fn kept(last: Mutex<Option<SshError>>) -> Option<Box<SshError>> {
    last.into_inner().unwrap_or_else(PoisonError::into_inner).map(Box::new)
}

/// Each address of the name in turn; the first failure is the one that is told.
async fn any_address(target: &Target, deadline: Deadline) -> Result<TcpStream, SshError> {
    let mut failure = None;
    for address in resolve(target, deadline).await? {
        match tcp_to(address, target, deadline).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    Err(failure.unwrap_or_else(|| unknown(target, io::ErrorKind::NotFound.into())))
}

async fn resolve(target: &Target, deadline: Deadline) -> Result<Vec<SocketAddr>, SshError> {
    let lookup = lookup_host((target.host.as_str(), target.port));
    match deadline.bound("the resolver", lookup).await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(error)) => Err(unknown(target, error)),
        Err(_late) => Err(unknown(target, io::ErrorKind::TimedOut.into())),
    }
}

fn unknown(target: &Target, source: io::Error) -> SshError {
    SshError::NameNotResolved { host: target.host.clone(), source }
}

async fn tcp_to(address: SocketAddr, target: &Target, deadline: Deadline) -> Result<TcpStream, SshError> {
    let (host, port) = (target.host.clone(), target.port);
    let step = deadline.at_most(target.connect_timeout);
    let Ok(connected) = step.bound("a connection", TcpStream::connect(address)).await else {
        return Err(SshError::ConnectTimedOut { host, port });
    };
    let stream = connected.map_err(|source| match source.kind() {
        io::ErrorKind::ConnectionRefused => SshError::Refused { host: host.clone(), port },
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            SshError::NoRoute { host: host.clone(), source }
        }
        io::ErrorKind::TimedOut => SshError::ConnectTimedOut { host: host.clone(), port },
        _ => SshError::Network { host: host.clone(), port, source },
    })?;
    // Small packets in dialogue are all that goes over it at first.
    stream.set_nodelay(true).map_err(|source| SshError::Network { host, port, source })?;
    Ok(stream)
}

/// Starts the user's `ProxyCommand`, one socket being both its stdin and its stdout. The command is the user's own
/// shell text; what was put into it was checked when it was expanded.
pub(super) fn proxy_command(target: &Target, command: &str) -> Result<(UnixStream, Child), SshError> {
    let start = || {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut child = Command::new("/bin/sh")
            .args(["-c", &format!("exec {command}")])
            .stdin(Stdio::from(OwnedFd::from(theirs.try_clone()?)))
            .stdout(Stdio::from(OwnedFd::from(theirs)))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(complaints) = child.stderr.take() {
            tokio::spawn(log(complaints));
        }
        Ok((UnixStream::from_std(ours)?, child))
    };
    start().map_err(|source| SshError::ProxyCommand {
        host: target.shown.clone(),
        command: command.to_owned(),
        source,
    })
}

/// What the command complains about goes to the log.
async fn log(complaints: ChildStderr) {
    let mut lines = BufReader::new(complaints).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::debug!(line, "the ProxyCommand says");
    }
}
