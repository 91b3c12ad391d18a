# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what the transaction sets and reads
# An engine out of an archive, in a folder of its own beside other versions; which one runs is the business of one link.

set -u
engines=/opt/rmachine/engine

static_folder() {
    echo "$engines/$(wanted static)"
}

# The archive as it came over our connection, in parts, or from where the host fetched it.
static_archive() {
    if wants url; then
        cat "$folder/archive.tgz"
    else
        cat "$folder"/archive/*
    fi
}

static_fetch() {
    wants url || return 0
    url=$(wanted url)
    fetch "$url" "$folder/archive.tgz" || {
        reason="$url cannot be fetched: $(tail -n 1 "$folder/log")"
        return 1
    }
    # Every gzip file begins so; a proxy's error page does not.
    case $(head -c 2 "$folder/archive.tgz" | od -An -tx1) in
    *1f*8b*) ;;
    *)
        reason="what $url gives is no archive"
        return 1
        ;;
    esac
}

static_check() {
    wants sha256 || return 0
    sum=$(static_archive | sha256sum)
    [ "${sum%% *}" = "$(wanted sha256)" ] || {
        reason="the checksum of the archive is wrong: sha256 $(wanted sha256) is demanded, and it has ${sum%% *}"
        return 1
    }
}

# It appears whole, by one rename.
static_unpack() { # FOLDER
    (
        umask 022
        rm -rf "$1.rmachine-new" && mkdir -p "$1.rmachine-new" || exit
        static_archive | tar -xz -f - -C "$1.rmachine-new" --strip-components=1 2>>"$folder/log" || exit
        chown -R 0:0 "$1.rmachine-new" && mv -T "$1.rmachine-new" "$1"
    ) || {
        reason="the archive cannot be unpacked: $(tail -n 1 "$folder/log")"
        return 1
    }
    [ -x "$1/dockerd" ] || {
        reason="there is no engine in the archive"
        return 1
    }
}

# The engine's socket belongs to this group.
static_group() {
    grep -q '^docker:' /etc/group && return 0
    mark group-made
    if command -v groupadd >/dev/null; then quiet groupadd --system docker; else quiet addgroup -S docker; fi || {
        reason="the group docker cannot be made"
        return 1
    }
}

group_gone() {
    if command -v groupdel >/dev/null; then quiet groupdel docker; else quiet delgroup docker; fi
}

step_unpack() {
    if wanted packages >/dev/null; then install_packages || return; fi
    target=$(static_folder)
    if [ ! -d "$target" ]; then
        static_fetch && static_check && static_unpack "$target" || return
        rm -rf "$folder/archive" "$folder/archive.tgz"
    fi
    # One that does not run here is found before anything depends on it.
    said=$("$target/dockerd" --version 2>&1 </dev/null 9>&-) || {
        reason="the engine in the archive does not run here: $(echo "$said" | head -n 1 | cut -c 1-300)"
        return 1
    }
    marked was-active || mark installed
    static_group
}

# Whether the process is the one that was unpacked.
runs_static() {
    [ "$(readlink "/proc/$(engine pid)/exe")" = "$(static_folder)/dockerd" ]
}

# The end of an engine that came with us: containers first, which live-restore would let go on.
step_forget() {
    [ ! -f "$home/origin/group" ] || group_gone
    if command -v ip >/dev/null; then quiet ip link delete docker0; fi
    return 0
}
