//! Ports of this computer's loopback, by which machines are reached.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    time::Duration,
};

use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::retry::Deadline;

/// Where ports are looked for: above those of services, below those that the kernel gives to connections.
const RANGE: std::ops::Range<u16> = 20_000..32_000;
/// How many are tried.
const TRIES: usize = 200;
/// How long sshd may take to say its name once it is connected to.
const BANNER_AT_MOST: Duration = Duration::from_secs(5);

/// Free ports that differ from each other and from those that are taken.
pub(in crate::drivers) fn free<const N: usize>(taken: &[u16]) -> io::Result<[u16; N]> {
    let mut found = Vec::with_capacity(N);
    for _ in 0..TRIES {
        if let Ok(ports) = <[u16; N]>::try_from(found.as_slice()) {
            return Ok(ports);
        }
        let port = rand::random_range(RANGE);
        if !taken.contains(&port) && !found.contains(&port) && is_free(port) {
            found.push(port);
        }
    }
    Err(io::Error::other(format!("of {TRIES} ports from {} to {} none was free", RANGE.start, RANGE.end)))
}

/// Whether nobody listens on it.
pub(in crate::drivers) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Whether an SSH server says its name. Who forwards a port takes every connection, so that connecting alone means nothing.
pub(in crate::drivers) async fn says_ssh(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let hear = async {
        let mut stream = TcpStream::connect(address).await?;
        let mut said = [0; 4];
        stream.read_exact(&mut said).await.map(|_| said)
    };
    let heard = Deadline::after(BANNER_AT_MOST).bound("sshd's name", hear).await;
    matches!(heard, Ok(Ok(said)) if said == *b"SSH-")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn who_listens_and_says_nothing_is_no_ssh_server() {
        for (words, is_ssh) in [("SSH-2.0-x\r\n", true), ("HTTP/1.1", false), ("", false)] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            assert!(!is_free(port));
            let answer = std::thread::spawn(move || listener.accept().unwrap().0.write_all(words.as_bytes()));
            assert_eq!(says_ssh(port).await, is_ssh, "{words:?}");
            answer.join().unwrap().unwrap();
        }
        let [one, two] = free(&[]).unwrap();
        assert_ne!(one, two);
    }
}
