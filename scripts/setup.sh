#!/bin/sh
# Installs the Debian packages that the tests and the demo use, and only those whose programs are missing. Services are
# not started by it: a policy-rc.d of ours stands in the way while apt runs.
set -eu

# program:package
wanted() {
    cat <<'LIST'
mmdebstrap:mmdebstrap
systemd-nspawn:systemd-container
qemu-system-x86_64:qemu-system-x86
qemu-img:qemu-utils
ip:iproute2
iptables:iptables
ssh:openssh-client
ssh-keygen:openssh-client
scp:openssh-client
rsync:rsync
sshfs:sshfs
age:age
fusermount3:fuse3
sshd:openssh-server
dropbear:dropbear-bin
tinysshd:tinysshd
tcpserver:ucspi-tcp
sudo:sudo
openssl:openssl
curl:curl
shellcheck:shellcheck
docker-compose:docker-compose
busybox:busybox-static
fish:fish
zsh:zsh
tcsh:tcsh
emacs:emacs-nox
dash:dash
cc:gcc
go:golang-go
jq:jq
python3:python3
LIST
}

missing() {
    wanted | while IFS=: read -r program package; do
        PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null 2>&1 || printf '%s ' "$package"
    done
    # The docker client is its own package from Debian 13 on.
    command -v docker >/dev/null 2>&1 || {
        if apt-cache show docker-cli >/dev/null 2>&1; then printf 'docker-cli '; else printf 'docker.io '; fi
    }
}

main() {
    packages=$(missing)
    [ -n "$packages" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "setup: not root, so these packages stay missing and what needs them is skipped: $packages" >&2
        return 0
    fi
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    apt-get update -qq
    packages=$(missing)
    echo "setup: installing $packages" >&2
    # shellcheck disable=SC2086 # a list of package names
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
}

main "$@"
