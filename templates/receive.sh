# shellcheck shell=sh
# Takes a document into a folder of its own on the host and runs the program in it, detached from this connection but
# talking through it as long as it lives. It may be started long before its document: until that comes, and it may never
# come, it does nothing.

LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
set -u
home=/var/lib/rmachine

complain() {
    printf '@rmachine failed receive %s\n' "$*"
    exit 1
}

receive() { # NAME LENGTH: one entry into the folder
    case $1 in
    *[!a-z0-9/-]* | /*) complain "an entry is named $1" ;;
    esac
    case $1 in
    do/*)
        # One line each; reading it here saves a process.
        IFS= read -r value
        printf '%s' "$value" >"$folder/$1"
        ;;
    *)
        true >"$folder/$1" &&
            { [ "$2" = 0 ] || dd bs="$2" count=1 iflag=fullblock of="$folder/$1" 2>/dev/null; } && read -r _
        ;;
    esac || complain "$folder cannot be written; is the disk full?"
}

receive_all() { # NAME LENGTH: the first entry; the others follow
    while [ "$1" != . ]; do
        receive "$1" "$2"
        read -r name length || complain "the transfer was cut short"
        set -- "$name" "$length"
    done
}

make_folder() {
    said=$(mkdir -p "$home/apply" 2>&1) || complain "$said"
    folder=$(mktemp -d "$home/apply/XXXXXXXXXX") || complain "$home/apply cannot be written; is the disk full?"
    mkdir "$folder/do" "$folder/want" "$folder/lr" || complain "$folder cannot be written; is the disk full?"
}

# Once started, the program is a child of the host's init, whatever happens to this session: logind may kill what a
# session leaves behind. It writes to our stdout while somebody reads it.
detached() { # VERB
    if [ -d /run/systemd/system ] && [ -S /run/dbus/system_bus_socket ]; then
        systemd-run --quiet --collect --pipe --wait --unit="rmachine-${folder##*/}-$1" \
            /bin/sh "$folder/program" "$folder" "$1" </dev/null
    else
        setsid /bin/sh "$folder/program" "$folder" "$1" </dev/null &
        wait $!
    fi
}

main() {
    umask 077
    echo '@rmachine ready'
    read -r name length || exit 0
    make_folder
    receive_all "$name" "$length"
    detached go
}
