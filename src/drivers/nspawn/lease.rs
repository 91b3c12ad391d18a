//! Addresses of hosts, given out once per computer: machines of several stores share the bridge.
//!
//! A lease is a file named after the address, with the machine's id and folder in it. One whose machine's folder is gone is
//! free again, so that a store deleted by hand costs nothing. The caller holds the network's lock.

use std::{
    fs,
    io::{self, Write},
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::subnet::Subnet;

/// Where leases live; they must survive a reboot, as machines do.
pub(super) const LEASES: &str = "/var/lib/rmachine/nspawn";

/// Who holds an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    /// The machine's id.
    pub(super) id: String,
    /// The machine's folder.
    pub(super) folder: PathBuf,
}

/// The leases of one network.
pub(super) struct Leases {
    folder: PathBuf,
    subnet: Subnet,
}

impl Leases {
    /// Those below `root`.
    pub(super) fn of(root: &Path, subnet: Subnet) -> Self {
        Self { folder: root.join(subnet.bridge()), subnet }
    }

    /// The address this machine has already, else the first free one; `None` when the network is full.
    pub(super) fn claim(&self, holder: &Holder) -> io::Result<Option<Ipv4Addr>> {
        fs::create_dir_all(&self.folder)?;
        if let Some(own) =
            self.subnet.hosts().find(|address| self.live_holder(*address).as_ref() == Some(holder))
        {
            return Ok(Some(own));
        }
        let Some(free) = self.subnet.hosts().find(|address| self.live_holder(*address).is_none()) else {
            return Ok(None);
        };
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(holder)?)?;
        file.persist(self.file(free))?;
        Ok(Some(free))
    }

    /// Gives back whatever this machine holds; tidies up behind the last one.
    pub(super) fn release(&self, id: &str) -> io::Result<()> {
        for address in self.subnet.hosts() {
            if self.holder(address).is_some_and(|holder| holder.id == id) {
                fs::remove_file(self.file(address))?;
            }
        }
        // Fails where others still hold addresses, which is right.
        let parents = self.folder.ancestors().take(3);
        parents.take_while(|folder| fs::remove_dir(folder).is_ok()).for_each(drop);
        Ok(())
    }

    fn live_holder(&self, address: Ipv4Addr) -> Option<Holder> {
        self.holder(address).filter(|holder| holder.folder.is_dir())
    }

    fn holder(&self, address: Ipv4Addr) -> Option<Holder> {
        serde_json::from_slice(&fs::read(self.file(address)).ok()?).ok()
    }

    fn file(&self, address: Ipv4Addr) -> PathBuf {
        self.folder.join(address.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(root: &Path, id: &str) -> Holder {
        let folder = root.join("machines").join(id);
        fs::create_dir_all(&folder).unwrap();
        Holder { id: id.to_owned(), folder }
    }

    #[test]
    fn an_address_is_given_once_and_comes_back() {
        let root = tempfile::tempdir().unwrap();
        let leases = Leases::of(&root.path().join("a/b"), "10.47.0.0/29".parse().unwrap());
        let claim =
            |id: &str| leases.claim(&holder(root.path(), id)).unwrap().map(|address| address.octets()[3]);
        assert_eq!([claim("a"), claim("b"), claim("a")], [Some(2), Some(3), Some(2)]);
        leases.release("a").unwrap();
        assert_eq!(claim("c"), Some(2));
    }

    #[test]
    fn a_full_network_gives_nothing_until_a_machines_folder_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let leases = Leases::of(&root.path().join("a/b"), "10.47.0.0/29".parse().unwrap());
        let holders: Vec<Holder> = (0..6).map(|number| holder(root.path(), &format!("m{number}"))).collect();
        let given = holders.iter().filter_map(|holder| leases.claim(holder).unwrap()).count();
        assert_eq!(given, 5);
        fs::remove_dir(&holders[0].folder).unwrap();
        assert_eq!(leases.claim(&holders[5]).unwrap(), Some(Ipv4Addr::new(10, 47, 0, 2)));
    }

    #[test]
    fn the_last_release_leaves_no_folder() {
        let root = tempfile::tempdir().unwrap();
        let below = root.path().join("var/nspawn");
        let leases = Leases::of(&below, "10.47.0.0/29".parse().unwrap());
        leases.claim(&holder(root.path(), "a")).unwrap();
        leases.release("a").unwrap();
        assert!(!below.exists());
    }
}
