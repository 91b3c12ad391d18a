# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what the transaction sets and reads
# The vendor's script: fetched whole into a file, looked at, then run; never piped into a shell, where the beginning of a
# broken transfer or a proxy's error page would be executed.

set -u

fetch() { # URL FILE
    if command -v curl >/dev/null; then
        quiet curl -fsSL --retry 2 --max-time "$(remaining)" -o "$2" "$1"
    elif command -v wget >/dev/null; then
        quiet wget -q -T 30 -O "$2" "$1"
    else
        log "there is neither curl nor wget"
        return 1
    fi
}

install_script() {
    url=$(wanted url)
    if [ -n "$(wanted packages)" ]; then install_packages || return; fi
    fetch "$url" "$folder/installer.sh" || {
        reason="$url cannot be fetched: $(tail -n 1 "$folder/log")"
        return 1
    }
    case $(head -c 2 "$folder/installer.sh") in
    '#!') ;;
    *)
        reason="what $url gives is not a script"
        return 1
        ;;
    esac
    if wants version; then
        VERSION=$(wanted version)
        export VERSION
    fi
    quiet timeout "$(remaining)" sh "$folder/installer.sh" || {
        reason="the installer of $url failed: $(tail -n 1 "$folder/log" | cut -c 1-300)"
        return 1
    }
    command -v dockerd >/dev/null || {
        reason="the installer of $url ended well, but there is no engine"
        return 1
    }
}
