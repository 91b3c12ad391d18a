#!/bin/sh
# Run inside at each boot, before sshd and the network: takes up what the seed says. Beside the files for cloud-init, which this image
# does without, the seed has plain ones: name, user, authorized_keys, host_key.
set -ue

main() {
    folder=/run/rmachine-seed
    mkdir -p "$folder"
    mount -o ro "$(blkid -L CIDATA)" "$folder"
    name=$(cat "$folder/name")
    user=$(cat "$folder/user")
    # The disk may have been made larger since the last boot.
    resize2fs "$(findmnt -n -o SOURCE /)"
    [ "$(cat /etc/hostname 2>/dev/null)" = "$name" ] || {
        echo "$name" >/etc/hostname
        hostname "$name"
    }
    grep -qw "$name" /etc/hosts 2>/dev/null || echo "127.0.1.1 $name" >>/etc/hosts
    cmp -s "$folder/host_key" /etc/ssh/ssh_host_ed25519_key || host_key
    id "$user" >/dev/null 2>&1 || new_login
    home=$(getent passwd "$user" | cut -d: -f6)
    install -d -m 700 -o "$user" "$home/.ssh"
    # What the user has added since stays.
    [ -e "$home/.ssh/authorized_keys" ] || install -m 600 -o "$user" "$folder/authorized_keys" "$home/.ssh/authorized_keys"
    umount "$folder"
}

host_key() {
    install -m 600 "$folder/host_key" /etc/ssh/ssh_host_ed25519_key
    ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key >/etc/ssh/ssh_host_ed25519_key.pub
    printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\n' >/etc/ssh/sshd_config.d/rmachine.conf
}

new_login() {
    useradd --create-home --shell /bin/bash "$user"
    echo "$user ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/rmachine
    chmod 440 /etc/sudoers.d/rmachine
}

main "$@" </dev/null
