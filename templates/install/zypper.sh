# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what the transaction sets and reads
# zypper, for openSUSE and SUSE Linux Enterprise.

set -u

zypper_holder() {
    holder_in /run/zypp.pid
}

zypper_run() { # ARGUMENTS...
    quiet timeout "$(remaining)" env "ZYPP_LOCK_TIMEOUT=$(remaining)" zypper --non-interactive --quiet "$@"
}

# On SUSE Linux Enterprise the package is in a module that may be off.
zypper_module() {
    command -v SUSEConnect >/dev/null || return 0
    version=$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9.]*\).*/\1/p' /etc/os-release)
    quiet timeout "$(remaining)" SUSEConnect -p "sle-module-containers/$version/$(uname -m)" || true
}

zypper_install() { # PACKAGES...
    zypper_module
    zypper_run install --no-recommends --oldpackage --auto-agree-with-licenses "$@"
}

zypper_offers() { # PACKAGE
    env zypper --non-interactive --quiet search --details --match-exact --type package "$1" 2>/dev/null |
        awk -F '|' 'NR > 2 { gsub(/ /, "", $4); print $4 }'
}
