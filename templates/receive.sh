# shellcheck shell=sh
# Takes a document into a folder of its own on the host and runs the program in it, detached from this connection but
# talking through it as long as it lives. It may be started long before its document: until that comes, and it may never
# come, it does nothing.

LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
set -u
home=/var/lib/rmachine
folder=

complain() {
    printf '@rmachine failed receive %s\n' "$*"
    exit 1
}

make_folder() {
    [ -d "$home/apply" ] || said=$(mkdir -p "$home/apply" 2>&1) || give_up "$said"
    folder=$(mktemp -d "$home/apply/XXXXXXXXXX") || give_up "$home/apply cannot be written; is the disk full?"
}

# Nothing was begun, so nothing stays.
give_up() { # REASON
    [ -z "$folder" ] || rm -rf "$folder"
    if [ ! -e "$home/origin" ]; then rmdir "$home/apply" "$home" 2>/dev/null; fi
    complain "$1"
}

unpack() { # LENGTH
    command -v tar >/dev/null || give_up "tar is not installed there"
    # What is read must not be a byte more than that: what follows is the frame's end.
    dd bs="$1" count=1 iflag=fullblock 2>/dev/null | tar -x -m -C "$folder" -f - 2>/dev/null ||
        give_up "$folder cannot be written, or the transfer was cut short; is the disk full?"
}

# An engine comes behind it, in parts small enough for any host's memory.
receive_engine() {
    read -r _
    while read -r name length && [ "$name" != . ]; do
        case $name in
        archive/*[!0-9]*) give_up "an entry is named $name" ;;
        archive/?*) ;;
        *) give_up "an entry is named $name" ;;
        esac
        [ -d "$folder/archive" ] || mkdir "$folder/archive" || give_up "$folder cannot be written; is the disk full?"
        dd bs="$length" count=1 iflag=fullblock of="$folder/$name" 2>/dev/null ||
            give_up "$folder cannot be written; is the disk full?"
        read -r _ || give_up "the transfer was cut short"
    done
}

# Once started, the program is a child of the host's init, whatever happens to this session: logind may kill what a
# session leaves behind. It writes to our stdout while somebody reads it.
detached() { # VERB
    if [ -d /run/systemd/system ] && [ -S /run/dbus/system_bus_socket ]; then
        systemd-run --quiet --collect --scope --unit="rmachine-${folder##*/}-$1" \
            setsid --wait /bin/sh "$folder/program" "$folder" "$1" </dev/null
    else
        setsid /bin/sh "$folder/program" "$folder" "$1" </dev/null &
        wait $!
    fi
}

main() {
    umask 077
    echo '@rmachine ready'
    read -r _ length || exit 0
    make_folder
    unpack "$length"
    receive_engine
    detached go
}
