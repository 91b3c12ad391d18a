//! A TCP relay that delays what it carries, and counts connections and round trips from what passes.
//!
//! A round trip is counted where the direction turns: the client sent, and the server answers. A request and its answer cost
//! one, however many packets each takes. TCP's own handshake is the kernel's and passes no relay, so its round trip is added
//! to the count and waited for before the first byte goes either way.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// A running relay; it lives as long as the process.
pub struct Relay {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    one_way_us: AtomicU64,
    connections: AtomicUsize,
    turns: AtomicUsize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// What was read, and when it is to be passed on.
type Parcel = (Instant, Vec<u8>);

impl Relay {
    /// Listens on `at` (port 0 for any) and carries every connection to `to`, without delay at first.
    pub fn start(at: &str, to: (&str, u16)) -> Self {
        let listener = TcpListener::bind(at).unwrap_or_else(|error| panic!("listen on {at}: {error}"));
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared::default());
        let (target, in_thread) = (format!("{}:{}", to.0, to.1), Arc::clone(&shared));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (target, shared) = (target.clone(), Arc::clone(&in_thread));
                thread::spawn(move || carry(client, &target, &shared));
            }
        });
        Self { port, shared }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connections since the last reset.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Round trips since the last reset, those of TCP's handshakes included.
    pub fn round_trips(&self) -> usize {
        self.shared.turns.load(Ordering::Relaxed) + self.connections()
    }

    /// Delays what comes from now on by half of this, each way.
    pub fn set_round_trip(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros() / 2).expect("a short time");
        self.shared.one_way_us.store(micros, Ordering::Relaxed);
    }

    /// Counts from zero again.
    pub fn reset(&self) {
        self.shared.connections.store(0, Ordering::Relaxed);
        self.shared.turns.store(0, Ordering::Relaxed);
    }
}

impl Shared {
    fn one_way(&self) -> Duration {
        Duration::from_micros(self.one_way_us.load(Ordering::Relaxed))
    }
}

/// As over a real wire: the client may send once SYN and its answer have passed, the server half a round trip later.
fn carry(client: TcpStream, target: &str, shared: &Arc<Shared>) {
    shared.connections.fetch_add(1, Ordering::Relaxed);
    let last = Arc::new(Mutex::new(Side::Server));
    client.set_nodelay(true).expect("nodelay");
    thread::sleep(shared.one_way() * 2);
    let to_server = listen(client.try_clone().expect("a socket"), Side::Client, &last, shared);
    thread::sleep(shared.one_way());
    let Ok(server) = TcpStream::connect(target) else {
        // A server that refuses is seen as one that closes at once.
        let _ = client.shutdown(Shutdown::Both);
        return;
    };
    server.set_nodelay(true).expect("nodelay");
    let to_client = listen(server.try_clone().expect("a socket"), Side::Server, &last, shared);
    thread::spawn(move || pass_on(to_client, client));
    pass_on(to_server, server);
}

/// Reads and stamps on a thread of its own, so that a delay is no limit of speed.
fn listen(
    mut from: TcpStream,
    side: Side,
    last: &Arc<Mutex<Side>>,
    shared: &Arc<Shared>,
) -> mpsc::Receiver<Parcel> {
    let (parcels, due) = mpsc::channel();
    let (last, shared) = (Arc::clone(last), Arc::clone(shared));
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let before = std::mem::replace(&mut *last.lock().expect("no panics"), side);
            if side == Side::Server && before == Side::Client {
                shared.turns.fetch_add(1, Ordering::Relaxed);
            }
            if parcels.send((Instant::now() + shared.one_way(), buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
    due
}

/// Passes on each parcel as it was read, when its time has come.
fn pass_on(parcels: mpsc::Receiver<Parcel>, mut to: TcpStream) {
    for (at, bytes) in parcels {
        thread::sleep(at.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
