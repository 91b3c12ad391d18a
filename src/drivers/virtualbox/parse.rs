//! What VBoxManage prints, read: its version, its lists, a VM's settings, its errors.
//!
//! Recorded outputs of 7.2 are in tests/fixtures/virtualbox; what earlier versions print otherwise is by their documentation.

use std::{collections::BTreeMap, fmt, net::Ipv4Addr};

use ipnet::Ipv4Net;

use crate::machine::State;

/// What stands before each line of an error.
const ERROR: &str = "VBoxManage: error: ";

/// A version of VirtualBox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32, pub(super) u32, pub(super) u32);

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The version out of `--version`: the last line that looks like one (`7.2.22_Debianr175245`), since warnings come before it.
pub(super) fn version(text: &str) -> Option<Version> {
    text.lines().rev().find_map(|line| {
        let end = line.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(line.len());
        let mut parts = line[..end].split('.').map(|part| part.parse().ok());
        let version = Version(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(version)
    })
}

/// The warning that the kernel module is not there, which Linux' packages print before everything else.
pub(super) fn lacks_module(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("WARNING:") && line.contains("vboxdrv"))
}

/// Whether `list hostinfo` says that the processor runs guests; `None` where it does not say.
pub(super) fn has_virtualization(text: &str) -> Option<bool> {
    let line = text.lines().find_map(|line| line.strip_prefix("Processor supports HW virtualization:"))?;
    Some(line.trim() == "yes")
}

/// What an error is about: its first line, and others that are no details of the program's.
pub(super) fn reason(stderr: &str) -> Option<String> {
    let lines = stderr.lines().filter_map(|line| line.trim().strip_prefix(ERROR));
    let telling: Vec<&str> =
        lines.filter(|line| !line.starts_with("Details: ") && !line.starts_with("Context: ")).collect();
    (!telling.is_empty()).then(|| telling.join("; "))
}

/// The interface that `hostonlyif create` made.
pub(super) fn made_interface(stdout: &str) -> Option<&str> {
    stdout
        .lines()
        .find_map(|line| line.strip_prefix("Interface '")?.strip_suffix("' was successfully created"))
}

/// The id in a VM's settings file, which VirtualBox keeps where it was told to.
pub(super) fn settings_id(xml: &str) -> Option<String> {
    let (_, rest) = xml.split_once("<Machine ")?;
    let (tag, _) = rest.split_once('>')?;
    let (_, value) = tag.split_once("uuid=\"{")?;
    value.split_once("}\"").map(|(id, _)| id.to_owned())
}

/// The blocks of a list, each beginning with the same key. Values that are indented belong to none.
fn blocks(text: &str, first: &str) -> Vec<BTreeMap<String, String>> {
    let mut blocks = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with(char::is_whitespace)) {
        let Some((key, value)) = line.split_once(':') else { continue };
        if key == first {
            blocks.push(BTreeMap::new());
        }
        if let Some(block) = blocks.last_mut() {
            block.insert(key.to_lowercase(), value.trim().to_owned());
        }
    }
    blocks
}

/// A host-only interface of this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) address: Option<Ipv4Addr>,
    pub(super) netmask: Option<Ipv4Addr>,
    /// The network's name, to which its DHCP server belongs.
    pub(super) network: String,
}

impl Interface {
    /// Its address with the network's length.
    pub(super) fn net(&self) -> Option<Ipv4Net> {
        let length = ipnet::ipv4_mask_to_prefix(self.netmask?).ok()?;
        Ipv4Net::new(self.address?, length).ok()
    }
}

/// `list hostonlyifs`.
pub(super) fn interfaces(text: &str) -> Vec<Interface> {
    let address = |block: &BTreeMap<String, String>, key: &str| block.get(key)?.parse().ok();
    let read = |block: BTreeMap<String, String>| Interface {
        address: address(&block, "ipaddress"),
        netmask: address(&block, "networkmask"),
        network: block.get("vboxnetworkname").cloned().unwrap_or_default(),
        name: block.get("name").cloned().unwrap_or_default(),
    };
    blocks(text, "Name").into_iter().map(read).collect()
}

/// A host-only network as macOS has them since 7.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Net {
    pub(super) name: String,
    pub(super) netmask: Option<Ipv4Addr>,
    pub(super) lower: Option<Ipv4Addr>,
}

/// `list hostonlynets`.
pub(super) fn nets(text: &str) -> Vec<Net> {
    let address = |block: &BTreeMap<String, String>, key: &str| block.get(key)?.parse().ok();
    let read = |block: BTreeMap<String, String>| Net {
        netmask: address(&block, "networkmask"),
        lower: address(&block, "lowerip"),
        name: block.get("name").cloned().unwrap_or_default(),
    };
    blocks(text, "Name").into_iter().map(read).collect()
}

/// A DHCP server of VirtualBox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DhcpServer {
    pub(super) network: String,
    pub(super) address: Option<Ipv4Addr>,
    pub(super) netmask: Option<Ipv4Addr>,
    pub(super) lower: Option<Ipv4Addr>,
    pub(super) upper: Option<Ipv4Addr>,
    pub(super) is_enabled: bool,
}

/// `list dhcpservers`. Before 6.1 the address is called `IP`.
pub(super) fn dhcp_servers(text: &str) -> Vec<DhcpServer> {
    let address = |block: &BTreeMap<String, String>, keys: &[&str]| {
        keys.iter().find_map(|key| block.get(*key))?.parse().ok()
    };
    let read = |block: BTreeMap<String, String>| DhcpServer {
        address: address(&block, &["dhcpd ip", "ip"]),
        netmask: address(&block, &["networkmask"]),
        lower: address(&block, &["loweripaddress"]),
        upper: address(&block, &["upperipaddress"]),
        is_enabled: block.get("enabled").is_some_and(|value| value == "Yes"),
        network: block.get("networkname").cloned().unwrap_or_default(),
    };
    blocks(text, "NetworkName").into_iter().map(read).collect()
}

/// `showvminfo --machinereadable`.
#[derive(Debug, Default)]
pub(super) struct Info(BTreeMap<String, String>);

impl Info {
    /// Lines of `key=value`, where either may stand in quotes; others, such as ` rec_screen0`, say nothing.
    pub(super) fn parse(text: &str) -> Self {
        let unquoted = |part: &str| {
            let part = part.trim_end();
            part.strip_prefix('"').and_then(|part| part.strip_suffix('"')).unwrap_or(part).to_owned()
        };
        Self(
            text.lines()
                .filter_map(|line| {
                    let at = if line.starts_with('"') { line.find("\"=")? + 1 } else { line.find('=')? };
                    Some((unquoted(&line[..at]), unquoted(&line[at + 1..])))
                })
                .collect(),
        )
    }

    /// A value.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// What the VM is doing, in our words.
    pub(super) fn state(&self) -> State {
        match self.get("VMState").unwrap_or_default() {
            "running" => State::Running,
            "paused" => State::Paused,
            "saved" | "aborted-saved" => State::Saved,
            "poweroff" | "aborted" => State::Stopped,
            "starting" | "restoring" => State::Starting,
            "stopping" | "saving" => State::Stopping,
            _ => State::Error,
        }
    }

    /// The port of this computer's loopback that a rule of this name forwards.
    pub(super) fn forward(&self, rule: &str) -> Option<u16> {
        self.0.iter().filter(|(key, _)| key.starts_with("Forwarding(")).find_map(|(_, value)| {
            let mut parts = value.split(',');
            (parts.next()? == rule).then_some(())?;
            parts.nth(2)?.parse().ok()
        })
    }

    /// The hardware address of an adapter, as Linux writes it.
    pub(super) fn hardware_address(&self, adapter: u8) -> Option<String> {
        let digits = self.get(&format!("macaddress{adapter}"))?.to_lowercase();
        let is_hex = digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| {
            let pairs: Vec<&str> = (0..6).map(|at| &digits[2 * at..2 * at + 2]).collect();
            pairs.join(":")
        })
    }
}

/// The IPv4 address that `ip addr show` tells of the interface with a hardware address.
pub(super) fn address_of(text: &str, hardware_address: &str) -> Option<Ipv4Addr> {
    let mut is_it = false;
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let key = words.next()?;
        if key.starts_with("link/") {
            is_it = words.next() == Some(hardware_address);
        }
        let address = (is_it && key == "inet").then(|| words.next())??;
        address.split('/').next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests;
