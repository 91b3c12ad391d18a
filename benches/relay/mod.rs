//! A TCP relay that delays what it carries and counts connections and round trips.
//!
//! A round trip is counted where the direction turns back to the client's: the client sent, the server answered, and the
//! client sends again. A request and its answer cost one, however many packets each takes.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// A running relay; it lives as long as the process.
pub struct Relay {
    port: u16,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    delay_us: AtomicUsize,
    connections: AtomicUsize,
    round_trips: AtomicUsize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

impl Relay {
    /// Listens on `at` (port 0 for any) and carries every connection to `to`, without delay at first.
    pub fn start(at: &str, to: (&str, u16)) -> Self {
        let listener = TcpListener::bind(at).unwrap_or_else(|error| panic!("listen on {at}: {error}"));
        let port = listener.local_addr().expect("an address").port();
        let counts = Arc::new(Counts::default());
        let target = format!("{}:{}", to.0, to.1);
        let shared = Arc::clone(&counts);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&target) else { continue };
                shared.connections.fetch_add(1, Ordering::Relaxed);
                carry(&client, &server, &shared);
            }
        });
        Self { port, counts }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connections since the last reset.
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::Relaxed)
    }

    /// Round trips since the last reset, those of TCP's own handshakes included.
    pub fn round_trips(&self) -> usize {
        self.counts.round_trips.load(Ordering::Relaxed) + self.connections()
    }

    /// Delays what comes from now on by half of this, each way.
    pub fn set_round_trip(&self, time: Duration) {
        let micros = usize::try_from(time.as_micros() / 2).expect("a short time");
        self.counts.delay_us.store(micros, Ordering::Relaxed);
    }

    /// Counts from zero again.
    pub fn reset(&self) {
        self.counts.connections.store(0, Ordering::Relaxed);
        self.counts.round_trips.store(0, Ordering::Relaxed);
    }
}

fn carry(client: &TcpStream, server: &TcpStream, counts: &Arc<Counts>) {
    let last = Arc::new(Mutex::new(Side::Server));
    let pairs = [(client, server, Side::Client), (server, client, Side::Server)];
    for (from, to, side) in pairs {
        from.set_nodelay(true).expect("nodelay");
        let (from, to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
        pump(from, to, side, Arc::clone(&last), Arc::clone(counts));
    }
}

/// One thread reads and stamps, one writes when the time has come, so that a delay is no limit of speed.
fn pump(mut from: TcpStream, mut to: TcpStream, side: Side, last: Arc<Mutex<Side>>, counts: Arc<Counts>) {
    let (queue, due) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let before = std::mem::replace(&mut *last.lock().expect("no panics"), side);
            if side == Side::Server && before == Side::Client {
                counts.round_trips.fetch_add(1, Ordering::Relaxed);
            }
            let delay = Duration::from_micros(counts.delay_us.load(Ordering::Relaxed) as u64);
            if queue.send((Instant::now() + delay, buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (at, bytes) in due {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
