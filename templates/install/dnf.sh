# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what the transaction sets and reads
# dnf, or yum where there is none, for Fedora, Red Hat's family and Amazon Linux.

set -u

dnf_holder() {
    holder_in /run/yum.pid
    holder_named dnf dnf5 yum packagekitd
}

dnf_program() {
    if command -v dnf >/dev/null; then echo dnf; else echo yum; fi
}

dnf_run() { # ARGUMENTS...
    quiet timeout "$(remaining)" "$(dnf_program)" -y -q "$@"
}

# The vendor's repository for the system, in its own words. Its packages are signed, and the file says with which key.
dnf_repository() { # URL
    [ -d /etc/yum.repos.d ] || mkdir -m 755 /etc/yum.repos.d || return
    fetch "$1" "$folder/repository" || {
        reason="$1 cannot be fetched: $(tail -n 1 "$folder/log")"
        return 1
    }
    case $(head -c 1 "$folder/repository") in
    '[') ;;
    *)
        reason="what $1 gives is no list of packages"
        return 1
        ;;
    esac
    install -m 644 "$folder/repository" /etc/yum.repos.d/docker-ce.repo
}

# On Amazon Linux 2 the package is in an extra that is off.
dnf_extra() {
    command -v amazon-linux-extras >/dev/null || return 0
    quiet timeout "$(remaining)" amazon-linux-extras enable docker
}

dnf_install() { # PACKAGES...
    url=$(wanted repository)
    if [ -n "$url" ]; then dnf_repository "$url" || return; fi
    dnf_extra && dnf_run install "$@"
}

dnf_offers() { # PACKAGE
    if [ -n "$repository" ] && [ ! -f /etc/yum.repos.d/docker-ce.repo ]; then
        # The vendor's repository is not there yet: what its static archives are, its packages are too.
        index_offers
    else
        "$(dnf_program)" -q --showduplicates list "$1" 2>/dev/null | sed -n "s/^$1\.[a-z0-9_]*  *\([^ ]*\) .*/\1/p"
    fi
}
