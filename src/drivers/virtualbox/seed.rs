//! What a guest reads at its first boot: cloud-init's NoCloud files on a small FAT disk labelled CIDATA, or the archive that boot2docker's
//! images take from a disk that they are to format.

use std::{
    io::{self, Write},
    path::Path,
};

use fatfs::{FileSystem, FormatVolumeOptions, FsOptions};
use serde_json::{Value, json};

use super::Boxed;
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::{cloud_init::Guest, keys::keypair},
};

/// The size of the disk in bytes; VirtualBox' own disks grow in steps of one MiB.
const SIZE: usize = 2 << 20;
/// The label by which cloud-init finds it, in eleven characters as FAT has it.
const LABEL: [u8; 11] = *b"CIDATA     ";
/// The host key's file in the machine's folder.
const HOST_KEY: &str = "host_key";
/// What boot2docker's images look for at the beginning of a disk; the rest is a tar archive of the login's home.
const FORMAT_ME: &str = "boot2docker, please format-me";

/// The hardware addresses of a machine's adapters: the one that leads out, and the one that leads to this computer.
#[derive(Debug)]
pub(super) struct Adapters {
    pub(super) nat: String,
    pub(super) host_only: String,
}

/// The machine's own host key, made where there is none; gives the public half.
pub(super) fn host_key(context: &Context) -> Result<String> {
    keypair(&context.file(HOST_KEY), context.name.as_str())
        .map_err(|error| DriverError::failed("make the machine's host key", error))
}

/// The disk's bytes.
pub(super) fn disk(
    context: &Context,
    state: &Boxed,
    id: &str,
    login_key: &str,
    adapters: &Adapters,
) -> Result<Vec<u8>> {
    let failed = |error: io::Error| DriverError::failed("make the machine's seed", error);
    let private = std::fs::read_to_string(context.file(HOST_KEY)).map_err(failed)?;
    let guest = Guest {
        id,
        name: context.name.as_str(),
        user: &state.base.ssh_user,
        login_key,
        private: &private,
        public: &state.host_key,
    };
    let mount = state.share()?.map(|share| mount(&share.name));
    let further: Vec<(&str, Value)> = mount.into_iter().flatten().collect();
    let files = [
        ("meta-data", guest.meta_data()),
        ("user-data", guest.user_data(&further)),
        ("network-config", format!("{:#}\n", network(adapters))),
    ];
    fat(&files).map_err(failed)
}

/// Without it cloud-init sets up the first adapter alone. Nothing leads out through the second.
fn network(adapters: &Adapters) -> Value {
    json!({
        "version": 2,
        "ethernets": {
            "nat": { "match": { "macaddress": adapters.nat }, "dhcp4": true },
            "hostonly": {
                "match": { "macaddress": adapters.host_only },
                "dhcp4": true,
                "optional": true,
                "dhcp4-overrides": { "use-routes": false, "use-dns": false },
            },
        },
    })
}

/// The shared folder is mounted at each boot; an image without the module for it boots all the same.
fn mount(share: &str) -> [(&'static str, Value); 2] {
    let place = format!("/{share}");
    let line = format!("{share} {place} vboxsf nofail 0 0\n");
    [
        ("write_files", json!([{ "path": "/etc/fstab", "append": true, "content": line }])),
        ("runcmd", json!([["mkdir", "-p", place], ["mount", place]])),
    ]
}

fn fat(files: &[(&str, String)]) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; SIZE];
    fatfs::format_volume(io::Cursor::new(&mut bytes), FormatVolumeOptions::new().volume_label(LABEL))?;
    let volume = FileSystem::new(io::Cursor::new(&mut bytes), FsOptions::new())?;
    for (name, text) in files {
        volume.root_dir().create_file(name)?.write_all(text.as_bytes())?;
    }
    volume.unmount()?;
    Ok(bytes)
}

/// The beginning of a disk that one of boot2docker's images formats, with the key of the login on it.
pub(super) fn format_me(login_key: &str) -> Result<Vec<u8>> {
    archive(login_key).map_err(|error| DriverError::failed("make the machine's disk", error))
}

fn archive(login_key: &str) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut put = |path: &str, kind, mode, text: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, Path::new(path), text.as_bytes())
    };
    // It must come first: images look at the first bytes only.
    put(FORMAT_ME, tar::EntryType::Regular, 0o644, FORMAT_ME)?;
    put(".ssh", tar::EntryType::Directory, 0o700, "")?;
    for file in [".ssh/authorized_keys", ".ssh/authorized_keys2"] {
        put(file, tar::EntryType::Regular, 0o644, &format!("{login_key}\n"))?;
    }
    tar.into_inner()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_seed_is_a_fat_disk_whose_label_and_files_others_can_read() {
        let bytes =
            fat(&[("user-data", "#cloud-config\n{}\n".to_owned()), ("meta-data", "{}".to_owned())]).unwrap();
        let volume = FileSystem::new(io::Cursor::new(bytes.clone()), FsOptions::new()).unwrap();
        assert_eq!(volume.read_volume_label_from_root_dir_as_bytes().unwrap(), Some(LABEL));
        let mut text = String::new();
        volume.root_dir().open_file("user-data").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "#cloud-config\n{}\n");

        let Ok(folder) = tempfile::tempdir() else { return };
        let path = folder.path().join("seed");
        std::fs::write(&path, bytes).unwrap();
        // The library that cloud-init finds disks by, where it is here.
        let Ok(told) = std::process::Command::new("blkid").arg("-p").arg(&path).output() else { return };
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.contains(" LABEL=\"CIDATA\"") && told.contains("TYPE=\"vfat\""), "{told}");
    }

    #[test]
    fn a_guest_is_told_of_both_its_adapters_and_of_what_is_shared() {
        let adapters = Adapters { nat: "08:00:27:00:00:01".into(), host_only: "08:00:27:00:00:02".into() };
        let network = network(&adapters);
        assert_eq!(network["ethernets"]["nat"]["match"]["macaddress"], "08:00:27:00:00:01");
        assert_eq!(network["ethernets"]["hostonly"]["dhcp4-overrides"]["use-routes"], false);
        let [(_, files), (_, commands)] = mount("hosthome");
        assert_eq!(files[0]["content"], "hosthome /hosthome vboxsf nofail 0 0\n");
        assert_eq!(commands[1], json!(["mount", "/hosthome"]));
    }

    #[test]
    fn a_disk_to_be_formatted_begins_with_the_words_and_holds_the_key() {
        let bytes = archive("ssh-ed25519 AAAA me").unwrap();
        assert!(bytes.starts_with(b"boot2docker, please format-me"));
        let mut archive = tar::Archive::new(bytes.as_slice());
        let names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(names[1..], [".ssh", ".ssh/authorized_keys", ".ssh/authorized_keys2"]);
    }
}
