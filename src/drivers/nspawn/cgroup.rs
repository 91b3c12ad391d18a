//! Control groups of a host where no systemd runs outside: one group per hierarchy, with the limits in it.
//!
//! Every host gets its own: hosts that shared a group would see each other's processes as their services'. Version 1 has a
//! hierarchy per controller, version 2 has one; a machine may have both. Where they cannot be made (a container without the right
//! to), hosts run without, and only asked-for limits are an error.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Limits, proc::Process};

/// The folder of ours in each hierarchy.
const PARENT: &str = "rmachine";
/// The period that a share of processors is counted in, in microseconds.
const PERIOD: u64 = 100_000;
/// Controllers of version 2 that engines need.
const CONTROLLERS: &str = "+cpu +cpuset +io +memory +pids";

/// A mounted hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hierarchy {
    path: PathBuf,
    /// Controllers of version 1; `None` is version 2.
    controllers: Option<Vec<String>>,
}

/// Makes a host's groups with its limits; gives their folders.
pub(super) fn create(id: &str, limits: Limits) -> io::Result<Vec<PathBuf>> {
    let mut groups = Vec::new();
    let mut limited = (limits.memory_mib == 0, limits.cpus == 0);
    for hierarchy in hierarchies() {
        let Ok(group) = hierarchy.make(id) else { continue };
        limited.0 |= hierarchy.limit_memory(&group, limits.memory_mib).is_ok();
        limited.1 |= hierarchy.limit_cpus(&group, limits.cpus).is_ok();
        groups.push(group);
    }
    if limited == (true, true) {
        return Ok(groups);
    }
    Err(io::Error::other("this machine has no control groups that could limit memory and processors"))
}

/// Removes a host's groups and whatever it made below them.
pub(super) fn remove(id: &str) {
    for hierarchy in hierarchies() {
        let parent = hierarchy.path.join(PARENT);
        remove_tree(&parent.join(id));
        // Fails while other hosts have groups in it.
        let _ = fs::remove_dir(&parent);
    }
}

/// Ends every process in a host's groups. A host whose systemd-nspawn was killed goes on without it, with its address.
pub(super) fn kill(id: &str) {
    for hierarchy in hierarchies() {
        kill_tree(&hierarchy.path.join(PARENT).join(id));
    }
}

/// Whether a host has groups.
pub(super) fn exist(id: &str) -> bool {
    hierarchies().iter().any(|hierarchy| hierarchy.path.join(PARENT).join(id).exists())
}

fn hierarchies() -> Vec<Hierarchy> {
    parse_mounts(&fs::read_to_string("/proc/self/mounts").unwrap_or_default())
}

fn parse_mounts(text: &str) -> Vec<Hierarchy> {
    let of_line = |line: &str| {
        let fields: Vec<&str> = line.split(' ').collect();
        let [_, path, kind, options, ..] = fields.as_slice() else { return None };
        let controllers = match *kind {
            "cgroup" => Some(options.split(',').map(str::to_owned).collect()),
            "cgroup2" => None,
            _ => return None,
        };
        path.starts_with("/sys/fs/cgroup").then(|| Hierarchy { path: path.into(), controllers })
    };
    text.lines().filter_map(of_line).collect()
}

impl Hierarchy {
    fn has(&self, controller: &str) -> bool {
        self.controllers.as_ref().is_none_or(|list| list.iter().any(|name| name == controller))
    }

    fn is_version_2(&self) -> bool {
        self.controllers.is_none()
    }

    fn make(&self, id: &str) -> io::Result<PathBuf> {
        let parent = self.path.join(PARENT);
        let group = parent.join(id);
        fs::create_dir_all(&group)?;
        if self.is_version_2() {
            for folder in [&self.path, &parent, &group] {
                enable_controllers(folder);
            }
        } else if self.has("cpuset") {
            // A new group of version 1 has no processors and takes no process until it is given some.
            for (from, to) in [(&self.path, &parent), (&parent, &group)] {
                for file in ["cpuset.cpus", "cpuset.mems"] {
                    fs::write(to.join(file), fs::read(from.join(file))?)?;
                }
            }
        }
        Ok(group)
    }

    fn limit_memory(&self, group: &Path, mib: u64) -> io::Result<()> {
        let file = if self.is_version_2() { "memory.max" } else { "memory.limit_in_bytes" };
        if mib == 0 || !self.has("memory") {
            return Err(io::ErrorKind::Unsupported.into());
        }
        write_existing(&group.join(file), &(mib << 20).to_string())
    }

    fn limit_cpus(&self, group: &Path, cpus: u64) -> io::Result<()> {
        let quota = cpus * PERIOD;
        if cpus == 0 || !self.has("cpu") {
            return Err(io::ErrorKind::Unsupported.into());
        }
        if self.is_version_2() {
            return write_existing(&group.join("cpu.max"), &format!("{quota} {PERIOD}"));
        }
        write_existing(&group.join("cpu.cfs_period_us"), &PERIOD.to_string())?;
        write_existing(&group.join("cpu.cfs_quota_us"), &quota.to_string())
    }
}

/// One by one, since a controller that is mounted in version 1 cannot be had here, and must not spoil the others.
fn enable_controllers(folder: &Path) {
    for controller in CONTROLLERS.split(' ') {
        let _ = fs::write(folder.join("cgroup.subtree_control"), controller);
    }
}

/// Group files cannot be made, only written.
fn write_existing(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes())
}

/// Groups hold files that cannot be removed; their folders go from the innermost outwards.
fn remove_tree(group: &Path) {
    folders(group).for_each(|child| remove_tree(&child));
    let _ = fs::remove_dir(group);
}

fn kill_tree(group: &Path) {
    let members = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    let processes = members.lines().filter_map(|pid| Process::with_pid(pid.parse().ok()?));
    processes.for_each(|process| process.signal(rustix::process::Signal::KILL));
    folders(group).for_each(|child| kill_tree(&child));
}

fn folders(group: &Path) -> impl Iterator<Item = PathBuf> {
    let children = fs::read_dir(group).into_iter().flatten().flatten();
    children.filter(|child| child.file_type().is_ok_and(|kind| kind.is_dir())).map(|child| child.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_of_both_versions_are_read_from_the_mounts() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n\
            cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0\n\
            cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n\
            cgroup /elsewhere cgroup rw,memory 0 0\n";
        let found = parse_mounts(mounts);
        assert_eq!(found.len(), 2);
        assert!(found[0].has("cpuacct") && !found[0].has("memory") && !found[0].is_version_2());
        assert!(found[1].is_version_2());
    }
}
