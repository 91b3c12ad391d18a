# shellcheck shell=sh
# Whether hosts reach each other on the ports of a swarm, tried with listeners that live a minute at most.
#
# Takes `do` (listen, try, stop), `mark` (what listeners and callers know each other by, and a listener's name), `address` (to listen on), `ports` ("tcp 2377" and so on,
# one a line), `others` (addresses, one a line), and the program that does it for the two interpreters that hosts may have.

LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
set -u
verb=
mark=
address=
ports=
others=
perl=
python=

entry() { # NAME VALUE, of the document
    case $1 in
    do) verb=$2 ;;
    mark) mark=$2 ;;
    address) address=$2 ;;
    ports) ports=$2 ;;
    others) others=$2 ;;
    perl) perl=$2 ;;
    python) python=$2 ;;
    esac
}

# What the interpreters get: verb, mark, address, then ports as PROTOCOL/PORT, then "--" and the others.
program() {
    # shellcheck disable=SC2046,SC2086 # words are meant
    set -- "$verb" "$mark" "$address" $(echo "$ports" | tr ' ' /) -- $others
    if command -v perl >/dev/null && perl -MIO::Socket::IP -e 1; then
        printf '%s\n' "$perl" | perl - "$@"
    elif command -v python3 >/dev/null; then
        printf '%s\n' "$python" | python3 - "$@"
    else
        echo unable
    fi
}

stop() { # ends the listener with our mark, and nothing else
    for process in /proc/[0-9]*; do
        if tr '\0' ' ' <"$process/cmdline" | grep -q -- "$mark"; then
            kill "${process#/proc/}"
        fi
    done
}

main() {
    take
    case $verb in
    listen | try) program ;;
    stop) stop ;;
    esac 2>/dev/null </dev/null
    echo end
}
