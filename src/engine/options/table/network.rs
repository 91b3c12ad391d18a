//! Networks of containers.

use crate::engine::options::{
    form::{Family, Form, Item},
    spec::OptionSpec as O,
};

const PORT: Form = Form::Number { least: 0, most: 65535 };
/// What Ethernet and IPv4 allow.
const MTU: Form = Form::Number { least: 68, most: 65535 };

/// The options.
pub(super) const OPTIONS: &[O] = &[
    O::new("bridge", Form::Text, "Attach containers to this bridge of the host; none: to no network")
        .example("br0")
        .with_flag(),
    O::new("bip", Form::Interface(Family::V4), "Give docker0 this address and network")
        .example("10.9.0.1/24")
        .with_flag(),
    O::new("bip6", Form::Interface(Family::V6), "Give docker0 this IPv6 address and network")
        .since(28, 0)
        .example("fd00:9::1/64"),
    O::new(
        "fixed-cidr",
        Form::Network(Family::V4),
        "Take containers' addresses from this part of the bridge's network",
    )
    .example("10.9.0.128/25")
    .with_flag(),
    O::new("fixed-cidr-v6", Form::Network(Family::V6), "Take containers' IPv6 addresses from this network")
        .example("fd00:9::/64")
        .with_flag(),
    O::new("default-gateway", Form::Address(Some(Family::V4)), "Send containers' packets to this gateway")
        .example("10.9.0.254"),
    O::new(
        "default-gateway-v6",
        Form::Address(Some(Family::V6)),
        "Send containers' IPv6 packets to this gateway",
    )
    .example("fd00:9::fe"),
    O::new("icc", Form::Switch, "Let containers on the default bridge reach each other")
        .default("true")
        .example("false")
        .with_flag(),
    O::new("ip", Form::Address(None), "Publish ports on this address of the host")
        .default("0.0.0.0")
        .example("10.0.0.5"),
    O::new("ip-forward", Form::Switch, "Turn the kernel's forwarding on")
        .default("true")
        .example("false")
        .with_flag(),
    O::new(
        "ip-forward-no-drop",
        Form::Switch,
        "Leave the policy of the FORWARD chain when forwarding is turned on",
    )
    .since(28, 0)
    .default("false"),
    O::new("ip-masq", Form::Switch, "Hide containers behind the host's address")
        .default("true")
        .example("false")
        .with_flag(),
    O::new("iptables", Form::Switch, "Make rules of the firewall")
        .default("true")
        .example("false")
        .with_flag(),
    O::new("ip6tables", Form::Switch, "Make rules of the IPv6 firewall")
        .default("true from 27.0, else false"),
    O::new("firewall-backend", Form::Choice(&["iptables", "nftables"]), "Make rules with this program")
        .since(29, 0)
        .default("iptables"),
    O::new("bridge-accept-fwmark", Form::Text, "Let packets with this firewall mark in")
        .since(29, 0)
        .example("0x1/0x3"),
    O::new(
        "allow-direct-routing",
        Form::Switch,
        "Let other hosts reach published ports at containers' addresses",
    )
    .since(28, 2)
    .default("false"),
    O::new("ipv6", Form::Switch, "Give containers on the default bridge IPv6 addresses")
        .default("false")
        .example("true")
        .with_flag(),
    O::new("mtu", MTU, "Set the largest packet of the default bridge")
        .default("1500")
        .example("1450")
        .with_flag(),
    O::new("network-control-plane-mtu", MTU, "Set the largest packet between nodes of a swarm")
        .default("1500"),
    O::new("dns", Form::List(Item::Address), "Have containers ask this name server")
        .example("10.0.0.2")
        .with_flag(),
    O::new("dns-search", Form::List(Item::Domain), "Have containers look for names in this domain")
        .example("example.org")
        .with_flag(),
    O::new("dns-opts", Form::List(Item::Text), "Give containers' resolvers this option")
        .flag("dns-opt")
        .example("ndots:2")
        .with_flag(),
    O::new("host-gateway-ip", Form::Address(None), "Let the name host-gateway mean this address")
        .example("10.0.0.5"),
    O::new("host-gateway-ips", Form::List(Item::Address), "Let the name host-gateway mean these addresses")
        .since(28, 0),
    O::new("default-address-pools", Form::Pools, "Cut the networks of new networks from this one")
        .flag("default-address-pool")
        .example("base=10.10.0.0/16,size=24")
        .with_flag(),
    O::new("default-network-opts", Form::NetworkOptions, "Give new networks of a driver this option")
        .flag("default-network-opt")
        .since(24, 0)
        .example("bridge=com.docker.network.driver.mtu=1400"),
    O::new("userland-proxy", Form::Switch, "Run a process for each published port")
        .default("true")
        .example("false")
        .with_flag(),
    O::new("userland-proxy-path", Form::Path, "Run this program for each published port"),
    O::new("network-diagnostic-port", PORT, "Answer questions about networks on this port of 127.0.0.1")
        .reload()
        .default("0"),
    O::new(
        "swarm-default-advertise-addr",
        Form::Text,
        "Tell a swarm's other nodes this address or interface",
    )
    .example("eth0"),
    O::new(
        "swarm-raft-heartbeat-tick",
        Form::Number { least: 0, most: 4_294_967_295 },
        "Set the ticks between heartbeats of a swarm's managers",
    ),
    O::new(
        "swarm-raft-election-tick",
        Form::Number { least: 0, most: 4_294_967_295 },
        "Set the ticks until a swarm's managers elect another leader",
    ),
    O::new("cluster-store", Form::Text, "Keep networks of old clusters there").until(23, 0),
    O::new("cluster-store-opts", Form::Map(Item::Text), "Give old clusters' store this option")
        .flag("cluster-store-opt")
        .until(23, 0),
    O::new("cluster-advertise", Form::Text, "Tell old clusters' other nodes this address").until(23, 0),
];
