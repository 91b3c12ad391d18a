//! The parsers, on everything that was recorded of the real program.

use serde::Deserialize;

use super::*;

const RECORDED: [&str; 3] = [
    include_str!("../../../../tests/fixtures/virtualbox/without-kernel-module.jsonl"),
    include_str!("../../../../tests/fixtures/virtualbox/running.jsonl"),
    include_str!("../../../../tests/fixtures/virtualbox/driver.jsonl"),
];

/// One call.
#[derive(Deserialize)]
struct Call {
    name: String,
    command: String,
    rc: i32,
    stdout: String,
    stderr: String,
}

fn calls() -> Vec<Call> {
    let lines = RECORDED.iter().flat_map(|text| text.lines());
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of(name: &str) -> Call {
    calls().into_iter().find(|call| call.name == name).unwrap_or_else(|| panic!("{name} is not recorded"))
}

fn that_worked(command: &str) -> Vec<Call> {
    let found: Vec<Call> =
        calls().into_iter().filter(|call| call.rc == 0 && call.command.contains(command)).collect();
    assert!(!found.is_empty(), "{command} is not recorded");
    found
}

#[test]
fn the_version_is_found_behind_warnings() {
    for call in that_worked("--version") {
        assert_eq!(version(&call.stdout), Some(Version(7, 2, 22)), "{}", call.name);
    }
    assert!(lacks_module(&of("000-version-wrapper").stdout));
    assert!(!lacks_module(&of("001-version").stdout));
    let not_loaded =
        "WARNING: The vboxdrv kernel module is not loaded. Either there is no module\n6.1.50r161033\n";
    assert!(lacks_module(not_loaded));
    assert_eq!(version(not_loaded), Some(Version(6, 1, 50)));
    for none in ["", "7.2", "7.2.22.1", "VirtualBox"] {
        assert_eq!(version(none), None, "{none}");
    }
}

#[test]
fn every_failure_says_what_it_is_about_and_no_success_does() {
    for call in calls() {
        let reason = reason(&call.stderr);
        assert_eq!(reason.is_some(), call.rc != 0, "{} {}: {reason:?}", call.name, call.command);
        if let Some(reason) = reason {
            assert!(!reason.contains("Context") && !reason.contains("Usage"), "{reason}");
        }
    }
    let twice = reason(&of("039-createvm-dup").stderr).unwrap();
    assert_eq!(twice, "Machine settings file '/vms/default/default/default.vbox' already exists");
}

#[test]
fn every_interface_has_a_name_an_address_and_a_network() {
    for call in that_worked("list hostonlyifs") {
        let interfaces = interfaces(&call.stdout);
        assert_eq!(interfaces.len(), call.stdout.matches("VBoxNetworkName:").count(), "{}", call.name);
        for interface in interfaces {
            assert_eq!(interface.network, format!("HostInterfaceNetworking-{}", interface.name));
            assert!(interface.net().is_some(), "{interface:?}");
        }
    }
    let two = interfaces(&of("095-list-hostonlyifs-standin").stdout);
    let nets: Vec<String> = two.iter().map(|one| one.net().unwrap().to_string()).collect();
    assert_eq!(nets, ["192.168.99.1/24", "192.168.60.1/24"]);
}

#[test]
fn dhcp_servers_are_read_in_the_words_of_today_and_of_before() {
    for call in that_worked("list dhcpservers") {
        let servers = dhcp_servers(&call.stdout);
        assert_eq!(servers.len(), call.stdout.matches("NetworkName:").count(), "{}", call.name);
        assert!(
            servers.iter().all(|server| server.address.is_some() && server.upper.is_some()),
            "{servers:?}"
        );
    }
    let before = "NetworkName:    HostInterfaceNetworking-vboxnet0\nIP:             192.168.99.6\n\
                  NetworkMask:    255.255.255.0\nlowerIPAddress: 192.168.99.100\nupperIPAddress: 192.168.99.254\n\
                  Enabled:        Yes\n\n";
    let [server] = dhcp_servers(before).try_into().unwrap();
    assert_eq!(server.address.unwrap().to_string(), "192.168.99.6");
    assert_eq!(server.lower.unwrap().to_string(), "192.168.99.100");
    assert!(server.is_enabled);
}

#[test]
fn host_only_networks_of_macos_are_read_as_they_are_documented() {
    let text = "Name:            HostNetwork\nGUID:            8c4ad0e4-0000-4000-8000-000000000000\n\n\
                State:           Enabled\nNetworkMask:     255.255.255.0\nLowerIP:         192.168.56.1\n\
                UpperIP:         192.168.56.199\nVBoxNetworkName: hostonly-HostNetwork\n\n";
    let [net] = nets(text).try_into().unwrap();
    assert_eq!((net.name.as_str(), net.lower.unwrap().to_string()), ("HostNetwork", "192.168.56.1".into()));
}

#[test]
fn a_vm_is_read_down_to_keys_with_brackets_and_lines_without_values() {
    let shown = that_worked("--machinereadable");
    for call in &shown {
        let info = Info::parse(&call.stdout);
        assert!(info.get("name").is_some(), "{}", call.name);
        assert!(info.get("UUID").is_some_and(|id| id.len() == 36));
        let is_plugged = info.get("nic1") != Some("none");
        assert_eq!(info.hardware_address(1).is_some_and(|own| own.starts_with("08:00:27:")), is_plugged);
    }
    let info = Info::parse(&of("067-showvminfo-mr-nat-hostonly").stdout);
    assert_eq!(info.forward("ssh"), Some(41234));
    assert_eq!(info.forward("web"), None);
    assert_eq!(info.get("SATA-1-0"), Some("/vms/default/disk.vmdk"));
    assert_eq!(info.hardware_address(2).as_deref(), Some("08:00:27:b0:d6:ad"));
    assert_eq!(info.state(), State::Stopped);
    assert_eq!(Info::parse(&of("013-showvminfo-running").stdout).state(), State::Running);
    assert_eq!(Info::parse("VMState=\"gurumeditation\"\n").state(), State::Error);
}

#[test]
fn made_interfaces_and_ids_are_found() {
    assert_eq!(made_interface(&of("093-hostonlyif-create-standin2").stdout), Some("vboxnet1"));
    assert_eq!(made_interface(&of("014-hostonlyif-create").stdout), None);
    let xml = "<?xml version=\"1.0\"?>\n<VirtualBox xmlns=\"http://www.virtualbox.org/\" version=\"1.19-linux\">\n  \
               <Machine uuid=\"{f55c1cca-4683-41cb-9365-3ec52a51d629}\" name=\"n1\" OSType=\"Other\">\n";
    assert_eq!(settings_id(xml).as_deref(), Some("f55c1cca-4683-41cb-9365-3ec52a51d629"));
    assert_eq!(settings_id("<Machine name=\"n1\">"), None);
}

#[test]
fn a_processor_that_runs_guests_is_told_from_one_that_does_not() {
    assert_eq!(has_virtualization(&of("001-hostinfo").stdout), Some(true));
    assert_eq!(has_virtualization(&of("010-list-hostinfo").stdout), Some(false));
    assert_eq!(has_virtualization("Host Information:\n"), None);
}

#[test]
fn an_address_is_that_of_the_interface_with_the_hardware_address() {
    let text = "1: lo: <LOOPBACK,UP> mtu 65536\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n    \
                inet 127.0.0.1/8 scope host lo\n2: enp0s3: <UP> mtu 1500\n    link/ether 08:00:27:ab:20:ad brd \
                ff:ff:ff:ff:ff:ff\n    inet 10.0.2.15/24 scope global enp0s3\n3: enp0s8: <UP> mtu 1500\n    \
                link/ether 08:00:27:b0:d6:ad brd ff:ff:ff:ff:ff:ff\n    inet6 fe80::1/64 scope link\n    \
                inet 192.168.56.101/24 brd 192.168.56.255 scope global enp0s8\n";
    let found = address_of(text, "08:00:27:b0:d6:ad").unwrap();
    assert_eq!(found.to_string(), "192.168.56.101");
    assert_eq!(address_of(text, "08:00:27:00:00:00"), None);
}
