//! The vendor's servers, played: HTTPS with a certificate of a CA of its own, on the lab's bridge.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime},
};

use rmachine::tls::{make_authority, make_server};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::Host;

/// The names that the vendor's servers have.
pub const NAMES: [&str; 2] = ["get.docker.com", "download.docker.com"];
/// How long another run of the suite may have the port.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a path answers.
#[derive(Clone)]
pub enum Page {
    /// This.
    Whole(Vec<u8>),
    /// Half of it, although all of it was announced.
    CutShort(Vec<u8>),
}

/// The servers, until dropped.
pub struct Vendor {
    pages: Arc<Mutex<BTreeMap<String, Page>>>,
    asked: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
    address: String,
    thread: Option<JoinHandle<()>>,
}

impl Vendor {
    /// Serves to this host, which trusts the certificate and believes that the names are ours.
    pub fn for_host(host: &Host) -> Self {
        let address = host.sh("ip route show default | cut -d' ' -f3");
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_secs();
        let now = i64::try_from(now).expect("a time");
        let authority = make_authority("vendor", now).expect("a CA");
        let names = NAMES.iter().copied().chain([address.as_str()]).map(|name| name.parse().expect("a name"));
        let server =
            make_server(&authority, "vendor", &names.collect::<Vec<_>>(), now).expect("a certificate");
        host.put("/usr/local/share/ca-certificates/vendor.crt", authority.certificate.as_bytes());
        host.sh(&format!(
            "update-ca-certificates >/dev/null 2>&1 && echo {address} {} >>/etc/hosts",
            NAMES.join(" ")
        ));
        let chain = vec![CertificateDer::from_pem_slice(server.certificate.as_bytes()).expect("PEM")];
        let key = PrivateKeyDer::from_pem_slice(server.key.expose().as_bytes()).expect("PEM");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("TLS").with_no_client_auth().with_single_cert(chain, key).expect("TLS");
        let (pages, asked) = (Arc::default(), Arc::default());
        let ends = Arc::new(AtomicBool::new(false));
        let listener = listen(&address);
        let thread = {
            let (config, pages, asked) = (Arc::new(config), Arc::clone(&pages), Arc::clone(&asked));
            let ends = Arc::clone(&ends);
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if ends.load(Ordering::Relaxed) {
                        return;
                    }
                    let (config, pages, asked) =
                        (Arc::clone(&config), Arc::clone(&pages), Arc::clone(&asked));
                    // A client that goes away in the middle is its own business.
                    std::thread::spawn(move || drop(serve(config, stream, &pages, &asked)));
                }
            })
        };
        Self { pages, asked, ends, address, thread: Some(thread) }
    }

    /// From now on this path of each name answers so.
    pub fn serve(&self, path: &str, page: Page) {
        self.pages.lock().expect("pages").insert(path.to_owned(), page);
    }

    /// The requests so far, such as `GET get.docker.com/`; they are forgotten.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("requests"))
    }

    /// Its URL by the address.
    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect((self.address.as_str(), 443));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The vendor's URLs name no port, so it is this one.
fn listen(address: &str) -> TcpListener {
    let began = Instant::now();
    loop {
        match TcpListener::bind((address, 443)) {
            Ok(listener) => return listener,
            Err(error) => assert!(began.elapsed() < PATIENCE, "{address}:443: {error}"),
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn serve(
    config: Arc<ServerConfig>,
    stream: TcpStream,
    pages: &Mutex<BTreeMap<String, Page>>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let mut lines = (&mut stream).take(16 * 1024).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let heads: Vec<String> = lines
        .take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()))
        .collect::<Result<_, _>>()?;
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let name = heads.iter().find_map(|line| line.strip_prefix("Host: ")).unwrap_or_default();
    asked.lock().expect("requests").push(format!("{method} {name}{path}"));
    let (status, body, sent) = match pages.lock().expect("pages").get(path).cloned() {
        Some(Page::Whole(body)) => ("200 OK", body.clone(), body.len()),
        Some(Page::CutShort(body)) => ("200 OK", body.clone(), body.len() / 2),
        None => ("404 Not Found", b"<html>nothing here</html>".to_vec(), 25),
    };
    let stream = stream.get_mut();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    if method != "HEAD" {
        stream.write_all(&body[..sent])?;
    }
    stream.conn.send_close_notify();
    stream.flush()
}
