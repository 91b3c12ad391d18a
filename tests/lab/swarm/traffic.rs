//! Requests to a service from outside, at an even pace, while something happens to its swarm.

use std::{
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Requests a second, to all addresses together.
pub const RATE: u32 = 100;
/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Whatever happens, it ends.
const AT_MOST: Duration = Duration::from_secs(120);

/// What came of the requests.
#[derive(Debug, Default)]
pub struct Traffic {
    /// How many there were.
    pub sent: u32,
    /// Those that failed, and when.
    pub failed: Vec<String>,
    /// How long it went on.
    pub took: Duration,
}

/// Sends requests to the service on these hosts while `work` is done.
pub fn while_doing<T>(hosts: &[IpAddr], port: u16, work: impl FnOnce() -> T) -> (T, Traffic) {
    let (ended, began) = (AtomicBool::new(false), Instant::now());
    let pace = Duration::from_secs(1) * u32::try_from(hosts.len()).expect("few hosts") / RATE;
    let (done, parts) = thread::scope(|scope| {
        let senders: Vec<_> = hosts
            .iter()
            .map(|host| {
                let (address, ended) = (SocketAddr::new(*host, port), &ended);
                scope.spawn(move || send(address, pace, began, ended))
            })
            .collect();
        let done = work();
        ended.store(true, Ordering::Relaxed);
        let parts: Vec<Traffic> =
            senders.into_iter().map(|sender| sender.join().expect("a sender")).collect();
        (done, parts)
    });
    let mut all = Traffic { took: began.elapsed(), ..Traffic::default() };
    for part in parts {
        all.sent += part.sent;
        all.failed.extend(part.failed);
    }
    (done, all)
}

/// One request each beat; one that is late is sent at once, so that the pace holds on average.
fn send(address: SocketAddr, pace: Duration, began: Instant, ended: &AtomicBool) -> Traffic {
    let mut traffic = Traffic::default();
    while !ended.load(Ordering::Relaxed) && began.elapsed() < AT_MOST {
        thread::sleep((pace * traffic.sent).saturating_sub(began.elapsed()));
        traffic.sent += 1;
        if let Err(error) = request(address) {
            traffic.failed.push(format!("{address} after {:.1} s: {error}", began.elapsed().as_secs_f32()));
        }
    }
    traffic
}

fn request(address: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    if page.ends_with("hello from answer\n") {
        Ok(())
    } else {
        Err(std::io::Error::other(format!("{page:?}")))
    }
}
