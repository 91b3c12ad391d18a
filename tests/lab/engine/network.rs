//! The networking options, each set, seen at work, and taken back.

use super::Lab;

/// Every one of them, on one host.
pub fn all(lab: &Lab) {
    containers_are_kept_apart(lab);
    addresses(lab);
    names(lab);
    pools(lab);
    proxies(lab);
    firewall(lab);
    ipv6(lab);
    bridges(lab);
    listening(lab);
}

/// icc=false: two containers on the bridge cannot reach each other.
fn containers_are_kept_apart(lab: &Lab) {
    let reaches = || {
        lab.host.sh("docker run -d --rm --name one busybox busybox sleep 60");
        let ip = lab.host.sh("docker inspect -f '{{.NetworkSettings.IPAddress}}' one");
        let reached =
            lab.host.run(&format!("docker run --rm busybox busybox ping -c 1 -W 2 {ip}")).status.success();
        lab.host.sh("docker rm -f one");
        reached
    };
    assert!(reaches(), "by default they do");
    lab.set(&["icc=false"]);
    assert!(!reaches(), "icc=false");
    lab.unset(&["icc"]);
    assert!(reaches(), "icc is back");
}

/// bip, fixed-cidr, default-gateway and mtu.
fn addresses(lab: &Lab) {
    lab.set(&["bip=10.99.7.1/24", "fixed-cidr=10.99.7.128/25", "mtu=1450"]);
    assert!(lab.host.sh("ip -4 -o addr show docker0").contains(" 10.99.7.1/24 "), "bip");
    let shown = lab.inside("ip -4 -o addr show eth0; cat /sys/class/net/eth0/mtu; ip route");
    let last: u8 =
        shown.split("10.99.7.").nth(1).and_then(|rest| rest.split('/').next()).unwrap().parse().unwrap();
    assert!(last >= 128, "fixed-cidr: {shown}");
    assert!(shown.lines().any(|line| line == "1450"), "mtu: {shown}");
    lab.set(&["default-gateway=10.99.7.250"]);
    assert!(lab.inside("ip route").contains("default via 10.99.7.250"), "default-gateway");
    lab.unset(&["fixed-cidr", "default-gateway", "mtu"]);
    lab.set(&["bip=172.17.0.1/16"]);
    let said = lab.engine("unset", &["bip"]);
    assert!(said.stderr.contains("note: without bip, the engine keeps the address that docker0 has"));
    said.ok();
    assert!(!lab.host.sh("ip -4 -o addr show docker0").contains("10.99.7.1"), "bip is back");
    assert_eq!(lab.inside("cat /sys/class/net/eth0/mtu"), "1500");
}

/// dns, dns-search, dns-opt: a container's resolv.conf.
fn names(lab: &Lab) {
    lab.set(&["dns=10.0.0.2", "dns=10.0.0.3", "dns-search=example.org", "dns-opt=ndots:2"]);
    let shown = lab.inside("cat /etc/resolv.conf");
    for line in ["nameserver 10.0.0.2", "nameserver 10.0.0.3", "search example.org", "options ndots:2"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    lab.unset(&["dns", "dns-search", "dns-opts"]);
    assert!(!lab.inside("cat /etc/resolv.conf").contains("example.org"));
}

/// default-address-pools: the network of a new network.
fn pools(lab: &Lab) {
    lab.set(&["default-address-pool=base=10.66.0.0/16,size=28"]);
    lab.host.sh("docker network create nets");
    let net = lab
        .host
        .sh("docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' nets; docker network rm nets");
    assert!(net.starts_with("10.66.") && net.contains("/28"), "{net}");
    let said = lab.engine("unset", &["default-address-pools"]);
    let note = "note: without default-address-pools, the engine keeps the address that docker0 has";
    assert!(said.stderr.contains(note), "{}", said.stderr);
    said.ok();
}

/// userland-proxy: a process for each published port, or none.
fn proxies(lab: &Lab) {
    let count = || {
        lab.host.sh("docker run -d --rm --name two -p 8080:80 busybox busybox sleep 60");
        let count = lab.host.sh("ps ax -o comm= | grep -c docker-proxy || true; docker rm -f two");
        count.lines().next().unwrap_or_default().to_owned()
    };
    assert_ne!(count(), "0", "by default there is one");
    lab.set(&["userland-proxy=false"]);
    assert_eq!(count(), "0");
    lab.unset(&["userland-proxy"]);
    assert_ne!(count(), "0");
}

/// iptables, ip-masq and ip-forward: what the engine does to a host that has no rules and does not forward yet.
fn firewall(lab: &Lab) {
    let afresh = || {
        lab.host.sh("systemctl stop docker.service docker.socket; \
             for table in nat filter; do iptables -t $table -F; iptables -t $table -X; done; \
             echo 0 >/proc/sys/net/ipv4/ip_forward; systemctl start docker");
    };
    let rules = || lab.host.sh("iptables -t nat -S; iptables -S; cat /proc/sys/net/ipv4/ip_forward");
    afresh();
    let usual = rules();
    assert!(usual.contains("-N DOCKER") && usual.contains("MASQUERADE") && usual.ends_with('1'), "{usual}");
    let said = lab.engine("set", &["iptables=false", "ip-forward=false"]);
    assert!(
        said.stderr.contains("note: firewall rules that the engine has made stay until the host restarts")
    );
    said.ok();
    afresh();
    let none = rules();
    assert!(!none.contains("DOCKER") && none.ends_with('0'), "{none}");
    lab.unset(&["iptables", "ip-forward"]);
    lab.set(&["ip-masq=false"]);
    afresh();
    let unmasked = rules();
    assert!(unmasked.contains("-N DOCKER") && !unmasked.contains("MASQUERADE"), "{unmasked}");
    lab.unset(&["ip-masq"]);
    assert!(rules().contains("MASQUERADE"));
}

/// ipv6 with its network: a container's address.
fn ipv6(lab: &Lab) {
    if !lab.host.run("test -d /proc/sys/net/ipv6").status.success() {
        crate::support::skip("ipv6", "the kernel has no IPv6");
        return;
    }
    lab.engine("set", &["ipv6=true"]).fails(3, "ipv6=true needs fixed-cidr-v6");
    lab.set(&["ipv6=true", "fixed-cidr-v6=fd00:9::/64"]);
    let shown = lab.inside("ip -6 -o addr show eth0");
    assert!(shown.contains("fd00:9:"), "{shown}");
    lab.unset(&["ipv6", "fixed-cidr-v6"]);
    assert!(!lab.inside("ip -o addr show eth0").contains("fd00:9:"));
}

/// bridge: one of the host's own, or none.
fn bridges(lab: &Lab) {
    lab.host.sh("ip link add br7 type bridge && ip addr add 10.88.0.1/24 dev br7 && ip link set br7 up");
    lab.set(&["bridge=br7"]);
    assert!(lab.inside("ip -4 -o addr show eth0").contains("10.88.0."), "bridge=br7");
    lab.engine("set", &["bip=10.99.7.1/24"]).fails(3, "bip=10.99.7.1/24 and bridge=br7 cannot be together");
    lab.unset(&["bridge"]);
    lab.set(&["bridge=none"]);
    assert!(!lab.host.sh("docker network ls --format '{{.Name}}'").lines().any(|name| name == "bridge"));
    lab.unset(&["bridge"]);
    lab.host.sh("ip link del br7");
    assert!(lab.host.sh("docker network ls --format '{{.Name}}'").lines().any(|name| name == "bridge"));
}

/// hosts: where the engine listens, guarded by TLS all the time.
fn listening(lab: &Lab) {
    let listens = || lab.host.sh("ss -tlnH | grep :2376");
    assert!(listens().contains(&format!("{}:2376", lab.host.ip())));
    lab.set(&["hosts=fd://,tcp://0.0.0.0:2376"]);
    assert!(listens().contains("0.0.0.0:2376"), "{}", listens());
    let plain = lab.host.run("curl -s -m 3 http://127.0.0.1:2376/info || true");
    assert!(!String::from_utf8_lossy(&plain.stdout).contains("ServerVersion"), "it is guarded");
    lab.engine("set", &["hosts=tcp://192.0.2.77"]).fails(3, "the host does not have the address 192.0.2.77");
    lab.unset(&["hosts"]);
    assert!(listens().contains(&format!("{}:2376", lab.host.ip())), "{}", listens());
}
