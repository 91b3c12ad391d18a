//! Many small files for a host in one archive: unpacking it is one program there, where a program for each file would cost more than
//! all else that is done with them.

use std::{collections::BTreeSet, io, path::Path};

/// Files by their paths below the folder they are unpacked in.
#[derive(Default)]
pub(super) struct Parcel(Vec<(String, u32, Vec<u8>)>);

impl Parcel {
    /// Adds a file; its path is ours, never a user's.
    pub(super) fn put(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.put_with_mode(path, 0o600, content);
    }

    /// Adds a file that is to have this mode one day. Nobody else gets into the folder meanwhile.
    pub(super) fn put_with_mode(&mut self, path: &str, mode: u32, content: impl Into<Vec<u8>>) {
        self.0.push((path.to_owned(), mode, content.into()));
    }

    /// The archive: everything root's, in folders that are nobody else's to read.
    pub(super) fn archive(&self) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        let folders = self.0.iter().filter_map(|(path, ..)| Path::new(path).parent()?.to_str());
        let folders: BTreeSet<&str> = folders.filter(|folder| !folder.is_empty()).collect();
        for folder in folders {
            archive.append_data(&mut header(tar::EntryType::Directory, 0o700), folder, io::empty())?;
        }
        for (path, mode, content) in &self.0 {
            let mut header = header(tar::EntryType::Regular, *mode);
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, path, content.as_slice())?;
        }
        archive.into_inner()
    }
}

fn header(kind: tar::EntryType, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_in_it_is_roots_and_the_folders_alone_and_first() {
        let mut parcel = Parcel::default();
        parcel.put("want/1", "key");
        parcel.put("steps", "swap\n");
        parcel.put_with_mode("want/2", 0o644, "unit");
        let archive = parcel.archive().unwrap();
        let mut archive = tar::Archive::new(archive.as_slice());
        let entries: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                (entry.path().unwrap().display().to_string(), header.mode().unwrap(), header.uid().unwrap())
            })
            .collect();
        let expected = [("want", 0o700, 0), ("want/1", 0o600, 0), ("steps", 0o600, 0), ("want/2", 0o644, 0)];
        assert_eq!(entries, expected.map(|(path, mode, uid)| (path.to_owned(), mode, uid)));
    }
}
