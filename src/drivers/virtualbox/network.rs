//! Host-only networks: how this computer reaches its machines. They are shared by machines, and stay when those go, as
//! docker-machine left them.
//!
//! On Linux, and on macOS up to 6, a network is an interface with a DHCP server of its own. On macOS since 7 it is a network by name
//! (`hostonlynet`), which has its DHCP built in; that way is by VirtualBox's documentation, and was never tried.

use std::fs;

use super::{
    cidr::{HostOnly, NETWORKS_CONF, Range},
    manage::{Call, Manage, Refusal},
    parse::{self, DhcpServer, Interface, Version},
};
use crate::{
    driver::{DriverError, Result},
    drivers::local::routes,
};

/// What begins the name of a network of ours on macOS.
const NET: &str = "rmachine";

/// What an adapter of a machine is plugged into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plug {
    /// An interface.
    Interface(String),
    /// A network by name.
    Net(String),
}

/// How networks are made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Interfaces,
    Nets,
}

impl Way {
    fn here(version: Version) -> Self {
        Self::of(cfg!(target_os = "macos"), version)
    }

    fn of(is_macos: bool, version: Version) -> Self {
        if is_macos && version >= Version(7, 0, 0) { Self::Nets } else { Self::Interfaces }
    }
}

/// The network that is used, as this computer's owner allows it.
pub(super) fn settle(wanted: HostOnly, version: Version) -> Result<HostOnly> {
    if Way::here(version) == Way::Nets {
        return Ok(wanted);
    }
    let conf = fs::read_to_string(NETWORKS_CONF).ok();
    wanted.settle(version, conf.as_deref()).map_err(|cure| DriverError::Preflight {
        message: format!("VirtualBox does not allow the host-only network {} here", wanted.network()),
        hint: Some(format!("{cure}, or --virtualbox-hostonly-cidr 192.168.56.1/24")),
    })
}

/// Whether the network may be: no other one of this computer's is in its place.
pub(super) async fn judge(manage: Manage<'_>, version: Version, wanted: HostOnly) -> Result<()> {
    if Way::here(version) == Way::Nets {
        return Ok(());
    }
    let interfaces = interfaces(manage).await?;
    find(&interfaces, wanted)?;
    let is_ours = |name: &str| interfaces.iter().any(|interface| interface.name == name);
    match routes::conflict(wanted.network(), &routes::of_this_computer(), is_ours) {
        None => Ok(()),
        Some(route) => Err(DriverError::Preflight {
            message: format!(
                "the host-only network {} is in use: this computer routes {} to {}",
                wanted.network(),
                route.network,
                route.interface
            ),
            hint: Some("--virtualbox-hostonly-cidr with another network, such as 192.168.60.1/24".to_owned()),
        }),
    }
}

/// Makes the network where it is not there, and has its DHCP server be as it should.
pub(super) async fn ensure(
    manage: Manage<'_>,
    version: Version,
    wanted: HostOnly,
    has_dhcp: bool,
) -> Result<Plug> {
    let _alone = manage.alone().await?;
    if Way::here(version) == Way::Nets {
        return ensure_net(manage, wanted).await.map(Plug::Net);
    }
    let interface = match find(&interfaces(manage).await?, wanted)? {
        Some(interface) => interface.clone(),
        None => make_interface(manage, wanted).await?,
    };
    ensure_dhcp(manage, &interface, wanted, has_dhcp).await?;
    Ok(Plug::Interface(interface.name))
}

async fn interfaces(manage: Manage<'_>) -> Result<Vec<Interface>> {
    let text = manage.call("list host-only interfaces", Call::new(["list", "hostonlyifs"])).await?;
    Ok(parse::interfaces(&text))
}

/// The interface with this address. Two of them, or one with another mask, would each lead somewhere else.
fn find(interfaces: &[Interface], wanted: HostOnly) -> Result<Option<&Interface>> {
    let with_address: Vec<&Interface> =
        interfaces.iter().filter(|interface| interface.address == Some(wanted.address())).collect();
    let refused = |message: String, name: &str| DriverError::Preflight {
        message,
        hint: Some(format!("VBoxManage hostonlyif remove {name}, or another --virtualbox-hostonly-cidr")),
    };
    match with_address.as_slice() {
        [] => Ok(None),
        [one] if one.net() == Some(wanted.net()) => Ok(Some(one)),
        [one] => {
            let mask = one.netmask.map(|mask| mask.to_string()).unwrap_or_default();
            let name = &one.name;
            let message = format!("{name} has the address {} with another mask, {mask}", wanted.address());
            Err(refused(message, name))
        }
        [one, other, ..] => {
            let message =
                format!("{} and {} have the same address, {}", one.name, other.name, wanted.address());
            Err(refused(message, &other.name))
        }
    }
}

async fn make_interface(manage: Manage<'_>, wanted: HostOnly) -> Result<Interface> {
    let doing = "make a host-only interface";
    let before = interfaces(manage).await?;
    let made = manage.attempt(Call::new(["hostonlyif", "create"])).await?;
    // It was seen to fail and to have made one all the same.
    let new =
        |after: Vec<Interface>| after.into_iter().find(|one| before.iter().all(|old| old.name != one.name));
    let name = match &made {
        Ok(stdout) => parse::made_interface(stdout).map(str::to_owned),
        Err(_) => None,
    };
    let name = match name {
        Some(name) => name,
        None => match (new(interfaces(manage).await?), made) {
            (Some(interface), _) => interface.name,
            (None, Ok(_)) => {
                return Err(DriverError::failed(doing, "VBoxManage does not say which one it made"));
            }
            (None, Err(refusal)) => return Err(DriverError::failed(doing, refusal)),
        },
    };
    let (address, netmask) = (wanted.address().to_string(), wanted.netmask().to_string());
    let call = Call::new(["hostonlyif", "ipconfig", &name, "--ip", &address, "--netmask", &netmask]);
    if let Err(refusal) = manage.attempt(call).await? {
        // The first error counts, and each attempt would make another interface.
        let _ = manage.attempt(Call::new(["hostonlyif", "remove", &name])).await;
        return Err(denied(refusal, wanted));
    }
    let network = format!("HostInterfaceNetworking-{name}");
    let (address, netmask) = (Some(wanted.address()), Some(wanted.netmask()));
    let told = interfaces(manage).await?.into_iter().find(|interface| interface.name == name);
    Ok(told.unwrap_or(Interface { name, address, netmask, network }))
}

fn denied(refusal: Refusal, wanted: HostOnly) -> DriverError {
    let doing = format!("give this computer the address {wanted} on a host-only network");
    if refusal.is_denied() {
        let line = format!("{NETWORKS_CONF} must allow it: a line `* {}`", wanted.network());
        return DriverError::failed(doing, line);
    }
    DriverError::failed(doing, refusal)
}

async fn ensure_dhcp(
    manage: Manage<'_>,
    interface: &Interface,
    wanted: HostOnly,
    has_dhcp: bool,
) -> Result<()> {
    let doing = "set up the DHCP server of the host-only network";
    let text = manage.call(doing, Call::new(["list", "dhcpservers"])).await?;
    let servers = parse::dhcp_servers(&text);
    let there = servers.iter().find(|server| server.network == interface.network);
    let Range { server, lower, upper } = wanted.range();
    let should = DhcpServer {
        network: interface.network.clone(),
        address: Some(server),
        netmask: Some(wanted.netmask()),
        lower: Some(lower),
        upper: Some(upper),
        is_enabled: has_dhcp,
    };
    let verb = match there {
        Some(there) if *there == should => return Ok(()),
        None if !has_dhcp => return Ok(()),
        Some(_) => "modify",
        None => "add",
    };
    let [server, netmask] = [server, wanted.netmask()].map(|address| address.to_string());
    let [lower, upper] = [lower, upper].map(|address| address.to_string());
    let call = Call::new(["dhcpserver", verb, "--netname", &interface.network])
        .args(["--ip", &server, "--netmask", &netmask, "--lowerip", &lower, "--upperip", &upper])
        .arg(if has_dhcp { "--enable" } else { "--disable" });
    manage.call(doing, call).await.map(drop)
}

/// On macOS the lowest address of a network is this computer's.
async fn ensure_net(manage: Manage<'_>, wanted: HostOnly) -> Result<String> {
    let text = manage.call("list host-only networks", Call::new(["list", "hostonlynets"])).await?;
    let nets = parse::nets(&text);
    let is_it = |net: &&parse::Net| {
        net.netmask == Some(wanted.netmask())
            && net.lower.is_some_and(|lower| wanted.network().contains(&lower))
    };
    if let Some(net) = nets.iter().find(is_it) {
        return Ok(net.name.clone());
    }
    let name = format!("{NET}-{}", wanted.network().network());
    let [netmask, lower, upper] =
        [wanted.netmask(), wanted.address(), wanted.range().upper].map(|address| address.to_string());
    let call = Call::new(["hostonlynet", "add", "--name", &name, "--netmask", &netmask]).args([
        "--lower-ip",
        &lower,
        "--upper-ip",
        &upper,
        "--enable",
    ]);
    manage.call("make a host-only network", call).await?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, address: &str, netmask: &str) -> Interface {
        Interface {
            name: name.to_owned(),
            address: address.parse().ok(),
            netmask: netmask.parse().ok(),
            network: format!("HostInterfaceNetworking-{name}"),
        }
    }

    #[test]
    fn an_interface_is_taken_only_where_it_is_the_one() {
        let wanted: HostOnly = "192.168.56.1/24".parse().unwrap();
        let one = interface("vboxnet0", "192.168.56.1", "255.255.255.0");
        let other = interface("vboxnet1", "192.168.60.1", "255.255.255.0");
        assert_eq!(find(&[other.clone(), one.clone()], wanted).unwrap(), Some(&one));
        assert_eq!(find(std::slice::from_ref(&other), wanted).unwrap(), None);
        let twin = interface("vboxnet2", "192.168.56.1", "255.255.255.0");
        let error = find(&[one, twin], wanted).unwrap_err();
        assert_eq!(error.to_string(), "vboxnet0 and vboxnet2 have the same address, 192.168.56.1");
        let masked = interface("vboxnet0", "192.168.56.1", "255.255.0.0");
        let error = find(&[masked], wanted).unwrap_err();
        assert_eq!(error.to_string(), "vboxnet0 has the address 192.168.56.1 with another mask, 255.255.0.0");
    }

    #[test]
    fn networks_have_names_on_macos_since_7_alone() {
        assert_eq!(Way::of(false, Version(7, 2, 22)), Way::Interfaces);
        assert_eq!(Way::of(true, Version(6, 1, 50)), Way::Interfaces);
        assert_eq!(Way::of(true, Version(7, 0, 0)), Way::Nets);
    }
}
