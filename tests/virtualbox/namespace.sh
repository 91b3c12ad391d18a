#!/bin/sh
# The surroundings of the real VBoxManage: its root in namespaces of its own, where folders of this computer have their own paths.
# namespace.sh ROOT FOLDER...   Says `ready`, and stays until it is ended, which ends all in it.
set -eu

root=$1
shift
here=$(dirname "$(readlink -f "$0")")

mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev"
mkdir "$root/dev/shm"
for device in null zero random urandom tty; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mount --bind "$here/VBoxNetAdpCtl" "$root/usr/lib/virtualbox/VBoxNetAdpCtl"
for folder in "$@"; do
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
done
ip link set lo up
echo ready
exec sleep infinity
