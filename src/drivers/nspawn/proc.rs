//! What /proc says: who runs, since when, whose child it is, and what listens inside.
//!
//! A process is known by its id and its start time together: ids are given again, and after a reboot everything is.

use std::{fs, net::Ipv4Addr, os::unix::fs::MetadataExt, path::Path};

use serde::{Deserialize, Serialize};

/// The one process with this id that started then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Process {
    /// Process id.
    pub(super) pid: u32,
    /// Clock ticks after boot, field 22 of `/proc/PID/stat`.
    pub(super) started: u64,
}

/// What is of interest in `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    parent: u32,
    started: u64,
}

impl Process {
    /// The process that has this id now.
    pub(super) fn with_pid(pid: u32) -> Option<Self> {
        let stat = stat(pid)?;
        (!stat.is_dead()).then_some(Self { pid, started: stat.started })
    }

    /// Whether it still runs.
    pub(super) fn is_alive(self) -> bool {
        Self::with_pid(self.pid) == Some(self)
    }

    /// Sends a signal to it, and to no other that took its id meanwhile.
    pub(super) fn signal(self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw);
        if let (true, Some(pid)) = (self.is_alive(), pid) {
            // It may have ended since; then there is nothing to signal, which is what was wanted.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Its children.
    pub(super) fn children(self) -> Vec<Self> {
        all()
            .into_iter()
            .filter(|child| stat(child.pid).is_some_and(|stat| stat.parent == self.pid))
            .collect()
    }

    /// Its arguments, the program first.
    pub(super) fn args(self) -> Vec<String> {
        let bytes = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    /// Whether it is the first process of a namespace of its own.
    pub(super) fn leads_namespace(self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        is_first_inside(&status)
    }

    /// Whether its network namespace has this address.
    pub(super) fn has_address(self, address: Ipv4Addr) -> bool {
        let path = format!("/proc/{}/net/fib_trie", self.pid);
        owns(&fs::read_to_string(path).unwrap_or_default(), address)
    }

    /// Whether something in its network namespace listens on a TCP port. Nothing is connected to, so nothing is logged there.
    pub(super) fn sees_listener(self, port: u16) -> bool {
        ["tcp", "tcp6"].iter().any(|table| {
            let text = fs::read_to_string(format!("/proc/{}/net/{table}", self.pid)).unwrap_or_default();
            listens(&text, port)
        })
    }
}

/// Whether a network namespace's routing table has an address as its own (the `fib_trie` of proc(5)).
fn owns(fib_trie: &str, address: Ipv4Addr) -> bool {
    let entry = format!("-- {address}");
    let mut lines = fib_trie.lines();
    while let Some(line) = lines.next() {
        if line.trim_end().ends_with(&entry) && lines.next().is_some_and(|kind| kind.contains("host LOCAL")) {
            return true;
        }
    }
    false
}

/// Every process there is.
pub(super) fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Process::with_pid)
        .collect()
}

/// How many inotify instances the processes of root hold on this computer, those of hosts among them.
pub(super) fn inotify_instances() -> usize {
    all().into_iter().map(|process| inotify_of(&format!("/proc/{}", process.pid))).sum()
}

fn inotify_of(folder: &str) -> usize {
    let is_root = fs::metadata(folder).is_ok_and(|metadata| metadata.uid() == 0);
    let Ok(files) = fs::read_dir(format!("{folder}/fd")) else { return 0 };
    let is_one = |path: &Path| path.as_os_str() == "anon_inode:inotify";
    let ones = files.filter(|file| {
        file.as_ref().is_ok_and(|file| fs::read_link(file.path()).is_ok_and(|path| is_one(&path)))
    });
    if is_root { ones.count() } else { 0 }
}

/// The name of a program by its first argument.
pub(super) fn program(args: &[String]) -> &str {
    let first = args.first().map_or("", String::as_str);
    Path::new(first).file_name().and_then(|name| name.to_str()).unwrap_or(first)
}

fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

impl Stat {
    /// Zombies have ended; only their parent does not know it yet.
    fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// proc(5): the second field is the program's name in brackets, and may itself hold spaces and brackets.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, after_name) = text.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// `NSpid:` lists a process's ids from our namespace inwards.
fn is_first_inside(status: &str) -> bool {
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
    let ids: Vec<&str> = ids.split_whitespace().collect();
    ids.len() > 1 && ids.last() == Some(&"1")
}

/// proc_net_tcp: `local_address` is ADDRESS:PORT in hex, and state 0A is LISTEN.
fn listens(table: &str, port: u16) -> bool {
    let wanted = format!(":{port:04X}");
    table.lines().skip(1).any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        matches!(fields.as_slice(), [_, local, _, "0A", ..] if local.ends_with(&wanted))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_ourselves_are_alive_and_have_a_start_time() {
        let me = Process::with_pid(std::process::id()).unwrap();
        assert!(me.is_alive());
        assert!(
            !Process { started: me.started + 1, ..me }.is_alive(),
            "another start time is another process"
        );
    }

    #[test]
    fn a_program_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let tail = "S 17 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000";
        assert_eq!(
            parse_stat(&format!("42 (a) b) {tail}")),
            Some(Stat { state: 'S', parent: 17, started: 98765 })
        );
        assert_eq!(parse_stat("42"), None);
    }

    #[test]
    fn the_first_process_of_an_inner_namespace_is_told() {
        assert!(is_first_inside("Name:\tsystemd\nNSpid:\t4711\t1\n"));
        assert!(!is_first_inside("NSpid:\t4711\t12\n"));
        assert!(!is_first_inside("NSpid:\t1\n"), "our own init leads no namespace of a host");
    }

    #[test]
    fn an_address_is_found_only_where_it_is_local() {
        let trie = "Local:\n        |-- 10.47.0.2\n           /32 host LOCAL\n        |-- 10.47.0.255\n           /32 link BROADCAST\n";
        assert!(owns(trie, Ipv4Addr::new(10, 47, 0, 2)));
        assert!(!owns(trie, Ipv4Addr::new(10, 47, 0, 255)));
        assert!(!owns(trie, Ipv4Addr::new(10, 47, 0, 25)));
    }

    #[test]
    fn listening_ports_are_found_in_the_table() {
        let table = "  sl  local_address rem_address   st\n   0: 00000000:0016 00000000:0000 0A 0\n   1: 0100007F:0035 0:0 01 0\n";
        assert!(listens(table, 22));
        assert!(!listens(table, 53), "a connection is no listener");
        assert!(!listens(table, 2376));
    }
}
