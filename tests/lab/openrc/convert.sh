# shellcheck shell=sh
# Makes a host of the lab one that OpenRC runs, shaped as Alpine is: OpenRC's own runlevels, an engine's service of OpenRC's kind, and no
# systemd. It reboots in the end.
set -eu
export DEBIAN_FRONTEND=noninteractive
{
    apt-get -qq update
    apt-get -y install openrc sysvinit-core busybox-static
} >/tmp/log 2>&1 || {
    cat /tmp/log >&2
    exit 1
}

cat >/etc/inittab <<'INITTAB'
id:2:initdefault:
s1::sysinit:/sbin/openrc sysinit
s2::bootwait:/sbin/openrc boot
l2:2:wait:/sbin/openrc default
INITTAB

# The address that systemd-networkd had from the lab, and the control groups, writable.
cat >/etc/init.d/lab <<LAB
#!/sbin/openrc-run
depend() { provide net; before docker ssh; }
start() {
    while [ ! -e /sys/fs/cgroup/memory ] && [ ! -e /sys/fs/cgroup/cgroup.controllers ] && umount /sys; do :; done
    for hierarchy in /sys/fs/cgroup/*; do mount -o remount,bind,rw "\$hierarchy" || true; done
    ip link set lo up
    # Another one would be looked for in vain by who knows this one.
    ip link set host0 address $(cat /sys/class/net/host0/address)
    ip link set host0 up
    ip address add $(ip -4 -o address show host0 | sed 's/.* inet \([^ ]*\) .*/\1/') dev host0
    ip route add default via $(ip route show default | cut -d ' ' -f 3)
}
LAB

# The script that Debian has for an init of old, but for what the lab's containers may not: mounting control groups, raising limits.
sed '/^[[:space:]]*cgroupfs_mount$/d; s/ulimit -.*/:/' /etc/init.d/docker >/root/docker.old
chmod 755 /root/docker.old
cat >/etc/init.d/docker <<'DOCKER'
#!/sbin/openrc-run
supervisor=supervise-daemon
command=/usr/sbin/dockerd
command_args="${DOCKER_OPTS:-}"
error_log=/var/log/docker.log
output_log=/var/log/docker.log
retry=TERM/60/KILL/10
respawn_max=3
respawn_period=60
depend() { use net; }
DOCKER

chmod 755 /etc/init.d/lab /etc/init.d/docker
rm -f /etc/runlevels/*/* /etc/default/docker
for service in lab docker ssh; do rc-update -q add "$service" default; done
# systemd-nspawn starts systemd where it finds it.
mv /lib/systemd/systemd /lib/systemd/systemd.gone
rm -rf /etc/systemd
sync
(sleep 0.3 && systemctl reboot --force --force) >/dev/null 2>&1 &
