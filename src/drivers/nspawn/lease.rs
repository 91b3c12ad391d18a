//! Addresses of hosts, given out once per computer: machines of several stores share the bridge. What another machine of the store
//! names is given to none, because its commands would go to the new host.
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
use crate::{
    driver::Context,
    store::{Record, Store},
};

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

    /// The address this machine has already, else the first free one that is not among `named`; `None` when the network is full.
    pub(super) fn claim(&self, holder: &Holder, named: &[Ipv4Addr]) -> io::Result<Option<Ipv4Addr>> {
        fs::create_dir_all(&self.folder)?;
        if let Some(own) =
            self.subnet.hosts().find(|address| self.live_holder(*address).as_ref() == Some(holder))
        {
            return Ok(Some(own));
        }
        let is_free = |address: &Ipv4Addr| !named.contains(address) && self.live_holder(*address).is_none();
        let Some(free) = self.subnet.hosts().find(is_free) else {
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

/// The addresses that other machines of the store name, of whatever driver: as their host's, or in their engine's URL. A record that
/// cannot be read names none.
pub(super) fn named_by_others(context: &Context) -> Vec<Ipv4Addr> {
    let records = Store::at(&context.store).all().unwrap_or_default();
    let others = records.into_iter().filter(|(name, _)| *name != context.name.as_str());
    let of_record = |record: Record| {
        let host = record.config.driver.get("IPAddress").and_then(|address| address.as_str()?.parse().ok());
        let url = record.side.url.as_deref().or_else(|| record.config.driver.get("URL")?.as_str());
        let engine = url.and_then(|url| url.split_once("://")?.1.rsplit_once(':')?.0.parse().ok());
        [host, engine].into_iter().flatten()
    };
    others.filter_map(|(_, record)| record.ok()).flat_map(of_record).collect()
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
        let claim = |id: &str| {
            leases.claim(&holder(root.path(), id), &[]).unwrap().map(|address| address.octets()[3])
        };
        assert_eq!([claim("a"), claim("b"), claim("a")], [Some(2), Some(3), Some(2)]);
        leases.release("a").unwrap();
        assert_eq!(claim("c"), Some(2));
    }

    #[test]
    fn an_address_that_another_machine_names_is_given_to_none_but_who_has_it() {
        let root = tempfile::tempdir().unwrap();
        let leases = Leases::of(&root.path().join("a/b"), "10.47.0.0/29".parse().unwrap());
        let claim = |id: &str, named: &[u8]| {
            let named: Vec<_> = named.iter().map(|last| Ipv4Addr::new(10, 47, 0, *last)).collect();
            leases.claim(&holder(root.path(), id), &named).unwrap().map(|address| address.octets()[3])
        };
        assert_eq!(claim("a", &[2, 3]), Some(4));
        assert_eq!(claim("a", &[4]), Some(4));
        assert_eq!(claim("b", &[2, 3, 5, 6]), None);
    }

    #[test]
    fn a_full_network_gives_nothing_until_a_machines_folder_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let leases = Leases::of(&root.path().join("a/b"), "10.47.0.0/29".parse().unwrap());
        let holders: Vec<Holder> = (0..6).map(|number| holder(root.path(), &format!("m{number}"))).collect();
        let given = holders.iter().filter_map(|holder| leases.claim(holder, &[]).unwrap()).count();
        assert_eq!(given, 5);
        fs::remove_dir(&holders[0].folder).unwrap();
        assert_eq!(leases.claim(&holders[5], &[]).unwrap(), Some(Ipv4Addr::new(10, 47, 0, 2)));
    }

    #[test]
    fn the_last_release_leaves_no_folder() {
        let root = tempfile::tempdir().unwrap();
        let below = root.path().join("var/nspawn");
        let leases = Leases::of(&below, "10.47.0.0/29".parse().unwrap());
        leases.claim(&holder(root.path(), "a"), &[]).unwrap();
        leases.release("a").unwrap();
        assert!(!below.exists());
    }
}
