#!/bin/sh
# Run in the finished root file system, as mmdebstrap's last step: makes a disk out of it, and lays the kernel and its first file system
# beside that, in /run/rmachine/out. In /run/rmachine lie seed.sh, seed.service and ether.network.
set -ue

main() {
    folder=/run/rmachine
    furnish
    mkdir "$folder/out" "$folder/mounted"
    cp -L /vmlinuz "$folder/out/kernel"
    cp -L /initrd.img "$folder/out/initrd"
    # What is mounted below the root does not show at a second place, and so does not get into the disk; nor does what lies here.
    mount --bind / "$folder/mounted"
    mount -t tmpfs none "$folder/mounted/run"
    used=$(du -sxm "$folder/mounted" | cut -f1)
    # Room for the file system's own tables. Machines have a larger disk, and it grows into that.
    truncate -s "$((used + used / 8 + 128))M" "$folder/out/disk"
    mke2fs -q -t ext4 -L root -E lazy_itable_init=1 -d "$folder/mounted" "$folder/out/disk"
    umount "$folder/mounted/run" "$folder/mounted"
}

# What packages do not bring: our files in, identities out.
furnish() {
    install -D -m 755 "$folder/seed.sh" /usr/local/lib/rmachine/seed
    install -D -m 644 "$folder/seed.service" /etc/systemd/system/rmachine-seed.service
    install -D -m 644 "$folder/ether.network" /etc/systemd/network/80-ether.network
    systemctl --quiet enable ssh systemd-networkd rmachine-seed
    # Work in the background would hold the package lock when an engine is to be installed, and costs a slow processor much.
    systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
        e2scrub_reap.service systemd-networkd-wait-online.service
    echo '/dev/vda / ext4 noatime,errors=remount-ro 0 1' >/etc/fstab
    # The resolver of qemu's own network.
    rm -f /etc/resolv.conf
    echo 'nameserver 10.0.2.3' >/etc/resolv.conf
    : >/etc/machine-id
    rm -f /etc/ssh/ssh_host_*
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb
}

main "$@" </dev/null
