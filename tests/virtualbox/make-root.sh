#!/bin/sh
# Makes a root file system with Debian unstable's VirtualBox in it: make-root.sh FOLDER MIRROR
# No kernel module is built. An empty package stands for the one that would.
set -eu

root=$1 mirror=$2

# Mirrors may be behind: a list of packages that is past its date still is one.
mmdebstrap --variant=minbase --mode=root --skip=check/empty \
    --components=main,contrib --include=ca-certificates \
    --aptopt='APT::Install-Recommends "false"' \
    --aptopt='Acquire::Check-Valid-Until "false"' \
    --dpkgopt=force-unsafe-io \
    sid "$root" "$mirror"

printf 'APT::Install-Recommends "false";\nAcquire::Check-Valid-Until "false";\n' >"$root/etc/apt/apt.conf.d/90lab"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

modules=$root/var/tmp/modules
mkdir -p "$modules/DEBIAN"
cat >"$modules/DEBIAN/control" <<'CONTROL'
Package: lab-virtualbox-modules
Version: 1
Architecture: all
Maintainer: the lab <lab@localhost>
Provides: virtualbox-modules
Description: stands for the kernel modules of VirtualBox
CONTROL
chroot "$root" dpkg-deb --build /var/tmp/modules /var/tmp/modules.deb >&2
chroot "$root" apt-get -qq update >&2
DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get -qq install --no-install-recommends \
    /var/tmp/modules.deb virtualbox iproute2 >&2
chroot "$root" apt-get clean
rm -rf "$root"/var/lib/apt/lists/*
rm -rf "$modules" "$modules.deb"
