//! Lists of hosts as Docker Swarm's users wrote them: `nodes://10.0.0.[10:20],host` and `file://PATH`.
//!
//! Swarm mode needs no discovery: a manager's address and a token are enough. What remains of it is a good way to say which hosts are meant.
//! A source that asks a server would be one more variant of [`Source`], read in [`Source::hosts`].

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

/// More hosts than anybody means in one list; a typing error in a range makes more.
const MOST_HOSTS: usize = 1000;

/// Where a list of hosts comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The list itself.
    Nodes(String),
    /// A file with one entry, or several, in each line.
    File(PathBuf),
}

/// A host of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name or address.
    pub address: String,
    /// The engine's port, where the list says one, as Swarm's lists did.
    pub engine_port: Option<u16>,
}

/// Why a list is none.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// The hosted service has ended.
    #[error("token:// lists were kept by a service of Docker's that ended in 2019")]
    Token,
    /// A key-value store.
    #[error("a list in {scheme}:// is not read by rmachine")]
    Scheme {
        /// Which one.
        scheme: String,
    },
    /// An entry that is no host.
    #[error("{entry:?} is no host: {reason}")]
    Entry {
        /// What was written.
        entry: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A host that stands there twice.
    #[error("{host} is listed twice")]
    Twice {
        /// The host.
        host: String,
    },
    /// No host at all.
    #[error("{place} lists no host")]
    Empty {
        /// The source.
        place: String,
    },
    /// The file cannot be read.
    #[error("cannot read the list of hosts in {path}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl FromStr for Source {
    type Err = DiscoveryError;

    /// A list without a scheme is a list of hosts, as it was for Swarm.
    fn from_str(text: &str) -> Result<Self, DiscoveryError> {
        match text.split_once("://") {
            None => Ok(Self::Nodes(text.to_owned())),
            Some(("nodes", list)) => Ok(Self::Nodes(list.to_owned())),
            Some(("file", path)) => Ok(Self::File(PathBuf::from(path))),
            Some(("token", _)) => Err(DiscoveryError::Token),
            Some((scheme, _)) => Err(DiscoveryError::Scheme { scheme: scheme.to_owned() }),
        }
    }
}

impl Source {
    /// The hosts, in the order of the list; `folder` is where relative paths begin.
    pub fn hosts(&self, folder: &Path) -> Result<Vec<Host>, DiscoveryError> {
        let (text, place) = match self {
            Self::Nodes(list) => (list.clone(), "the list".to_owned()),
            Self::File(path) => {
                let path = folder.join(path);
                let text = fs::read_to_string(&path)
                    .map_err(|source| DiscoveryError::File { path: path.clone(), source })?;
                (text, path.display().to_string())
            }
        };
        let mut hosts: Vec<Host> = Vec::new();
        for entry in entries(&text) {
            for host in expanded(entry)? {
                if hosts.iter().any(|other| other.address == host.address) {
                    return Err(DiscoveryError::Twice { host: host.address });
                }
                hosts.push(host);
                if hosts.len() > MOST_HOSTS {
                    return Err(wrong(entry, format!("these are more than {MOST_HOSTS} hosts")));
                }
            }
        }
        if hosts.is_empty() { Err(DiscoveryError::Empty { place }) } else { Ok(hosts) }
    }
}

/// Entries stand between commas and line ends; `#` begins a comment.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|entry| !entry.is_empty())
}

/// An entry with its ranges written out.
fn expanded(entry: &str) -> Result<Vec<Host>, DiscoveryError> {
    let mut written = vec![String::new()];
    let mut rest = entry;
    while let Some((before, range, after)) = next_range(rest) {
        let (first, last, width) = bounds(entry, range)?;
        let count = usize::try_from(last - first).unwrap_or(usize::MAX).saturating_add(1);
        if written.len().saturating_mul(count) > MOST_HOSTS {
            return Err(wrong(entry, format!("these are more than {MOST_HOSTS} hosts")));
        }
        written = written
            .iter()
            .flat_map(|head| (first..=last).map(move |n| format!("{head}{before}{n:0width$}")))
            .collect();
        rest = after;
    }
    written.into_iter().map(|head| host(entry, &format!("{head}{rest}"))).collect()
}

/// The next `[FIRST:LAST]`. An IPv6 address in brackets has more than one colon, or letters, and is none.
fn next_range(text: &str) -> Option<(&str, &str, &str)> {
    let open = text.find('[')?;
    let close = open + text[open..].find(']')?;
    let inside = &text[open + 1..close];
    let is_range = inside.split(':').count() == 2 && inside.chars().all(|c| c.is_ascii_digit() || c == ':');
    is_range.then(|| (&text[..open], inside, &text[close + 1..]))
}

/// First, last, and how many digits to write.
fn bounds(entry: &str, range: &str) -> Result<(u64, u64, usize), DiscoveryError> {
    let (first, last) = range.split_once(':').unwrap_or((range, range));
    let width = if first.starts_with('0') { first.len() } else { 1 };
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok((first, last, width)),
        _ => Err(wrong(entry, format!("[{range}] is no range such as [10:20]"))),
    }
}

fn host(entry: &str, text: &str) -> Result<Host, DiscoveryError> {
    let (address, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => (address, rest.strip_prefix(':')),
        None if text.matches(':').count() > 1 => (text, None),
        None => match text.split_once(':') {
            Some((address, port)) => (address, Some(port)),
            None => (text, None),
        },
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
    if address.is_empty() || address.starts_with('-') || !address.chars().all(is_plain) {
        return Err(wrong(entry, "a name or an address is meant".to_owned()));
    }
    let engine_port = match port.map(str::parse::<u16>) {
        None => None,
        Some(Ok(port)) if port > 0 => Some(port),
        Some(_) => return Err(wrong(entry, "its port is none".to_owned())),
    };
    Ok(Host { address: address.to_owned(), engine_port })
}

fn wrong(entry: &str, reason: String) -> DiscoveryError {
    DiscoveryError::Entry { entry: entry.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let source: Source = text.parse().map_err(|error: DiscoveryError| error.to_string())?;
        let shown = |host: Host| match host.engine_port {
            Some(port) => format!("{} engine {port}", host.address),
            None => host.address,
        };
        let hosts = source.hosts(Path::new("/")).map_err(|error| error.to_string())?;
        Ok(hosts.into_iter().map(shown).collect())
    }

    #[test]
    fn ranges_are_written_out_wherever_they_stand() {
        assert_eq!(
            read("nodes://10.0.0.[9:11],host").unwrap(),
            ["10.0.0.9", "10.0.0.10", "10.0.0.11", "host"]
        );
        assert_eq!(read("nodes://n[08:10].lan:2376").unwrap().len(), 3);
        assert_eq!(read("n[08:09].lan:2376").unwrap(), ["n08.lan engine 2376", "n09.lan engine 2376"]);
        assert_eq!(read("r[1:2]-n[1:2]").unwrap(), ["r1-n1", "r1-n2", "r2-n1", "r2-n2"]);
    }

    #[test]
    fn addresses_of_ipv6_are_no_ranges() {
        assert_eq!(read("nodes://[fd00::5]:2377,fd00::6").unwrap(), ["fd00::5 engine 2377", "fd00::6"]);
    }

    #[test]
    fn a_file_may_have_comments_and_several_hosts_in_a_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "# the lab\n10.0.0.5, 10.0.0.6 # two\n\n10.0.0.[7:8]\n").unwrap();
        let hosts = read(&format!("file://{}", file.path().display())).unwrap();
        assert_eq!(hosts, ["10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8"]);
    }

    #[test]
    fn what_is_no_list_is_told_why() {
        let cases = [
            ("token://6856663cdefdec325839a4b7e1de38e8", "a service of Docker's that ended in 2019"),
            ("consul://10.0.0.1/swarm", "consul://"),
            ("nodes://", "lists no host"),
            ("nodes://10.0.0.[20:10]", "no range"),
            ("nodes://10.0.0.[1:4000]", "more than 1000 hosts"),
            ("nodes://a,b,a", "a is listed twice"),
            ("nodes://a b", "a name or an address"),
            ("nodes://-oProxyCommand=x", "a name or an address"),
            ("nodes://a:0", "port"),
            ("file:///nonexistent/list", "cannot read"),
        ];
        for (text, expected) in cases {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
