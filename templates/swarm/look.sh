# shellcheck shell=sh
# What a host is to a swarm: its addresses and routes, its clock, what its kernel can do. Changes nothing.
#
# Takes the addresses of the other hosts, one a line, as `others`. Answers with lines "WORD VALUES"; what is not known is left out.

LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
set -u
others=

entry() { # NAME VALUE, of the document
    case $1 in others) others=$2 ;; esac
}

addresses() { # net INTERFACE ADDRESS/PREFIX
    ip -o addr show scope global | while read -r _ interface _ address _; do
        case $interface in
        docker0 | docker_gwbridge | br-* | veth*) ;;
        *) echo "net ${interface%%@*} $address" ;;
        esac
    done
}

# From which address this host talks to another: "src" stands before it.
source_to() { # ADDRESS
    ip -o route get "$1" | sed -n 's/.* src \([^ ]*\).*/\1/p'
}

# Networks that this host has a way to, apart from its default route and the engine's own.
networks() {
    ip route show | while read -r network rest; do
        case "$network $rest" in
        default* | *" dev docker"* | *" dev br-"*) ;;
        */*) echo "route $network" ;;
        esac
    done
}

# Whether the kernel has a feature, built in or as a module; nothing is said where nothing proves it either way, as in a container.
feature() { # NAME MODULE SYMBOL OPTION
    modules=/lib/modules/$(uname -r)
    if [ -d "/sys/module/$2" ] || grep -q " $3" /proc/kallsyms || grep -q "/$2.ko" "$modules/modules.builtin" ||
        modprobe -n -q "$2"; then
        echo "kernel $1 yes"
    elif [ -f "$modules/modules.dep" ] || gzip -dc /proc/config.gz | grep -q "^# $4 is not set"; then
        echo "kernel $1 no"
    fi
}

listeners() { # taken PROTOCOL PORT PROGRAM
    ss -Hlntup | while read -r protocol _ _ _ address _ program; do
        case ${address##*:} in
        2377 | 7946 | 4789) echo "taken $protocol ${address##*:} $(echo "$program" | cut -d '"' -f 2)" ;;
        esac
    done
}

# The node's own certificate; the engine renews it by itself while the node is up.
certificate() {
    file=/var/lib/docker/swarm/certificates/swarm-node.crt
    [ ! -f "$file" ] || echo "certificate $(base64 "$file" | tr -d '\n')"
}

main() {
    take
    {
        echo "clock $(date +%s)"
        echo "hostname $(uname -n)"
        addresses
        for other in $others; do
            from=$(source_to "$other") && [ -n "$from" ] && echo "source $other $from"
        done
        networks
        feature ipvs ip_vs ip_vs_conn CONFIG_IP_VS
        feature esp esp4 esp_init_state CONFIG_INET_ESP
        feature vxlan vxlan vxlan_xmit CONFIG_VXLAN
        listeners
        certificate
    } 2>/dev/null </dev/null
    echo end
}
