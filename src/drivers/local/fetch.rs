//! Files from the web: into a draft that becomes the file only when it is whole and its checksum is right.

use std::{fs::File, io::Write, path::Path, time::Duration};

use aws_lc_rs::digest;
use reqwest::{Client, NoProxy, Proxy, Response};

use crate::{
    driver::{Context, DriverError, Result},
    env::Env,
    retry::Deadline,
};

/// How long a server may be silent.
const SILENCE_AT_MOST: Duration = Duration::from_secs(60);
/// How long the whole of a file may take; images are big and some lines slow.
const FILE_AT_MOST: Duration = Duration::from_secs(2 * 60 * 60);
/// The longest list of checksums that is read, in bytes.
const LONGEST_LIST: usize = 1 << 20;
/// How many bytes lie between two lines of progress.
const PROGRESS: u64 = 64 << 20;

/// A checksum that a file must have, in hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::drivers) enum Checksum {
    /// SHA-256.
    Sha256(String),
    /// SHA-512.
    Sha512(String),
}

impl Checksum {
    fn algorithm(&self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256(_) => &digest::SHA256,
            Self::Sha512(_) => &digest::SHA512,
        }
    }

    fn hex(&self) -> &str {
        match self {
            Self::Sha256(hex) | Self::Sha512(hex) => hex,
        }
    }

    /// Whether bytes that were digested have it.
    fn is_of(&self, digested: digest::Context) -> std::result::Result<(), String> {
        let found = hex(digested.finish().as_ref());
        if found.eq_ignore_ascii_case(self.hex()) {
            return Ok(());
        }
        Err(format!("its checksum is {found}, and it should be {}", self.hex()))
    }
}

/// Fetches a file; with a checksum it must have that.
pub(in crate::drivers) async fn file(
    context: &Context,
    url: &str,
    draft: &Path,
    checksum: Option<&Checksum>,
) -> Result<()> {
    let doing = || format!("fetch {url}");
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| DriverError::failed(doing(), error);
    let client = client(&context.env).map_err(|error| failed(error.into()))?;
    let mut response = get(&client, url).await.map_err(|error| failed(error.into()))?;
    let mut file = File::create(draft).map_err(|error| failed(error.into()))?;
    let mut digested = digest::Context::new(checksum.map_or(&digest::SHA256, Checksum::algorithm));
    let (total, mut so_far) = (response.content_length(), 0_u64);
    let deadline = Deadline::after(FILE_AT_MOST);
    loop {
        let next = deadline.bound(url, response.chunk()).await?;
        let Some(chunk) = next.map_err(|error| failed(error.into()))? else { break };
        digested.update(&chunk);
        file.write_all(&chunk).map_err(|error| failed(error.into()))?;
        let before = so_far / PROGRESS;
        so_far += chunk.len() as u64;
        if so_far / PROGRESS != before {
            context.events.step(progress(so_far, total));
        }
    }
    if total.is_some_and(|total| total != so_far) {
        return Err(failed(format!("it ended after {so_far} bytes of {}", total.unwrap_or_default()).into()));
    }
    checksum.map_or(Ok(()), |checksum| checksum.is_of(digested)).map_err(|wrong| failed(wrong.into()))?;
    file.sync_all().map_err(|error| failed(error.into()))
}

/// Fetches a list of checksums (`sha512sum`'s form) and gives the one of a file.
pub(in crate::drivers) async fn listed_sha512(context: &Context, list: &str, name: &str) -> Result<Checksum> {
    let doing = || format!("fetch {list}");
    let client = client(&context.env).map_err(|error| DriverError::failed(doing(), error))?;
    let mut response = get(&client, list).await.map_err(|error| DriverError::failed(doing(), error))?;
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| DriverError::failed(doing(), error))? {
        text.extend_from_slice(&chunk);
        if text.len() > LONGEST_LIST {
            return Err(DriverError::failed(doing(), "it is no list of checksums"));
        }
    }
    entry(&String::from_utf8_lossy(&text), name)
        .map(Checksum::Sha512)
        .ok_or_else(|| DriverError::failed(doing(), format!("it names no {name}")))
}

/// Judges a file that is here already.
pub(in crate::drivers) fn check(path: &Path, checksum: &Checksum) -> std::io::Result<()> {
    let mut digested = digest::Context::new(checksum.algorithm());
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut file, &mut buffer)? {
            0 => break,
            read => digested.update(&buffer[..read]),
        }
    }
    checksum.is_of(digested).map_err(std::io::Error::other)
}

async fn get(client: &Client, url: &str) -> reqwest::Result<Response> {
    client.get(url).send().await?.error_for_status()
}

/// A client that knows the proxies of the environment that we were given, and no other.
fn client(env: &Env) -> reqwest::Result<Client> {
    let var = |name: &str| {
        env.var(name).or_else(|| env.var(&name.to_uppercase())).filter(|value| !value.is_empty())
    };
    let except = || var("no_proxy").and_then(NoProxy::from_string);
    let mut builder = Client::builder()
        .no_proxy()
        .user_agent(concat!("rmachine/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(SILENCE_AT_MOST)
        .read_timeout(SILENCE_AT_MOST);
    if let Some(proxy) = var("https_proxy") {
        builder = builder.proxy(Proxy::https(proxy)?.no_proxy(except()));
    }
    if let Some(proxy) = var("http_proxy") {
        builder = builder.proxy(Proxy::http(proxy)?.no_proxy(except()));
    }
    builder.build()
}

/// `HEX  NAME`, or `HEX *NAME`.
fn entry(list: &str, name: &str) -> Option<String> {
    list.lines().find_map(|line| {
        let (hex, file) = line.split_once([' ', '\t'])?;
        let is_hex = hex.len() == 128 && hex.chars().all(|c| c.is_ascii_hexdigit());
        (is_hex && file.trim_start_matches([' ', '*']) == name).then(|| hex.to_owned())
    })
}

fn progress(so_far: u64, total: Option<u64>) -> String {
    let mib = |bytes: u64| bytes >> 20;
    match total {
        Some(total) => format!("fetching the image: {} of {} MiB", mib(so_far), mib(total)),
        None => format!("fetching the image: {} MiB", mib(so_far)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::{checkpoint::Checkpoints, event::Events};

    fn context(folder: &Path) -> Context {
        Context {
            name: "n1".parse().unwrap(),
            store: folder.to_owned(),
            folder: folder.to_owned(),
            cache: folder.to_owned(),
            env: Env::for_tests(folder),
            events: Events::silent(),
            checkpoints: Checkpoints::default(),
        }
    }

    /// A server that answers one request with these bytes.
    fn serves(answer: &'static str) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        format!("http://{address}/image")
    }

    const SHA256_OF_HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    async fn fetch(answer: &'static str, checksum: Option<Checksum>) -> std::result::Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let draft = folder.path().join("draft");
        let fetched = file(&context(folder.path()), &serves(answer), &draft, checksum.as_ref()).await;
        fetched.map(|()| std::fs::read_to_string(draft).unwrap()).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            format!("{error}: {cause}")
        })
    }

    #[tokio::test]
    async fn a_file_is_taken_only_whole_and_with_its_checksum() {
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        let right = Checksum::Sha256(SHA256_OF_HELLO.to_uppercase());
        assert_eq!(fetch(whole, Some(right.clone())).await.unwrap(), "hello");
        assert_eq!(fetch(whole, None).await.unwrap(), "hello");
        let other =
            fetch("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo", Some(right)).await.unwrap_err();
        assert!(other.contains(&format!("it should be {}", SHA256_OF_HELLO.to_uppercase())), "{other}");
        let cut = fetch("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", None).await.unwrap_err();
        assert!(cut.contains("could not fetch"), "{cut}");
        let gone = fetch("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", None).await.unwrap_err();
        assert!(gone.contains("404"), "{gone}");
    }

    #[test]
    fn a_list_names_each_file_with_its_checksum() {
        let hex = "ab".repeat(64);
        let list = format!("{hex}  a.qcow2\n{}  b.qcow2\nshort  c.qcow2\n", "cd".repeat(64));
        assert_eq!(entry(&list, "a.qcow2"), Some(hex));
        assert_eq!(entry(&list, "c.qcow2"), None);
        assert_eq!(entry(&list, "qcow2"), None);
    }
}
