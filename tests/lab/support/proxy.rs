//! A small HTTP proxy on the lab's bridge, which asks for a password and writes down who was asked for.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use super::Host;

/// The proxy, until dropped.
pub struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Serves on the address that is this host's way out.
    pub fn for_host(host: &Host) -> Self {
        let gateway = host.sh("ip route show default | cut -d' ' -f3");
        let listener = TcpListener::bind((gateway.as_str(), 0)).expect("a port");
        let address = listener.local_addr().expect("its address").to_string();
        let (asked, ends) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicBool::new(false)));
        let thread = {
            let (asked, ends) = (Arc::clone(&asked), Arc::clone(&ends));
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if ends.load(Ordering::Relaxed) {
                        return;
                    }
                    let asked = Arc::clone(&asked);
                    // A client that goes away in the middle is its own business.
                    std::thread::spawn(move || drop(serve(&stream, &asked)));
                }
            })
        };
        Self { address, asked, ends, thread: Some(thread) }
    }

    /// Its URL, with the password that it asks for.
    pub fn url(&self) -> String {
        format!("http://ann:secret@{}", self.address)
    }

    /// The requests so far, such as `CONNECT example.org:443`; they are forgotten.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("requests"))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(&self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(client: &TcpStream, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut heads = Vec::new();
    for line in reader.by_ref().lines() {
        match line? {
            line if line.is_empty() => break,
            line => heads.push(line),
        }
    }
    let request = heads.first().cloned().unwrap_or_default();
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    // That is ann:secret.
    if !heads.iter().any(|head| head == "Proxy-Authorization: Basic YW5uOnNlY3JldA==") {
        return answer(client, "407 Proxy Authentication Required");
    }
    asked.lock().expect("requests").push(format!("{method} {target}"));
    let plain = target.strip_prefix("http://").and_then(|rest| rest.split_once('/'));
    let place = plain.map_or(target, |(place, _)| place);
    let place = if place.contains(':') { place.to_owned() } else { format!("{place}:80") };
    let Ok(server) = TcpStream::connect(&place) else { return answer(client, "502 Bad Gateway") };
    match plain {
        None => client.try_clone()?.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?,
        Some((_, path)) => {
            let of_proxy = |head: &&String| head.starts_with("Proxy-") || head.starts_with("Connection:");
            let kept = heads[1..].iter().filter(|head| !of_proxy(head)).map(String::as_str);
            let first = format!("{method} /{path} HTTP/1.1");
            let lines: Vec<&str> =
                [&first, "Connection: close"].into_iter().chain(kept).chain(["", ""]).collect();
            (&server).write_all(lines.join("\r\n").as_bytes())?;
        }
    }
    let (mut to_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    let up = std::thread::spawn(move || {
        let _ = std::io::copy(&mut reader, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let copied = std::io::copy(&mut &server, &mut to_client);
    let _ = client.shutdown(Shutdown::Both);
    let _ = up.join();
    copied.map(drop)
}

fn answer(mut client: &TcpStream, status: &str) -> std::io::Result<()> {
    let ask = "Proxy-Authenticate: Basic realm=\"lab\"";
    write!(client, "HTTP/1.1 {status}\r\n{ask}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}
