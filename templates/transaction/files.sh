# shellcheck shell=sh disable=SC2034,SC2154 # what other parts of the transaction set and read
# Files of a transaction: remembering them, putting them, bringing them back.

set -u

# Files are replaced by renaming, never written in place. What undoing needs is linked rather than copied, where the file
# system allows it: a disk that is full by now does not matter then.
twin() { # FROM N MODE COPY
    [ ! -e "$4" ] || rm -f "$4"
    if [ "$1" = "$folder/want" ] && [ "$3" != - ]; then
        install -m "$3" "$1/$2" "$4"
    else
        ln "$1/$2" "$4" 2>/dev/null || cp -a "$1/$2" "$4" || return
        [ "$3" = - ] || chmod "$3" "$4"
    fi
}

put() { # FROM KIND N MODE PATH
    if [ -n "$keeping" ] && [ "$1 $5" = "$folder/before $config" ]; then
        set -- "$folder/lr" file before-on "$(wanted config-mode)" "$5"
    fi
    case $2 in
    file)
        # Renamed where that is possible: what was wanted is needed again only of daemon.json.
        if [ "$1" = "$folder/want" ] && [ -n "$is_one_disk" ] && [ "$4" != - ] && [ "$5" != "$config" ]; then
            mv -f "$1/$3" "$5"
            return
        fi
        # A link to a folder is replaced too, not filled.
        twin "$1" "$3" "$4" "$5.rmachine-new" || return
        # It may be there already, as a link to the same file, and mv takes that for a mistake.
        # shellcheck disable=SC3013 # every shell of a Linux knows -ef
        if [ "$5.rmachine-new" -ef "$5" ]; then rm "$5.rmachine-new"; else mv -fT "$5.rmachine-new" "$5"; fi
        ;;
    absent)
        # A socket whose unit is gone would go on listening.
        [ "$5" != "/etc/systemd/system/$socket" ] || quiet systemctl stop "$socket"
        rm -f "$5" "$5.rmachine-new"
        ;;
    dir)
        [ -d "$5" ] || mkdir -m "$4" "$5"
        ;;
    nodir)
        if [ -d "$5" ]; then rmdir "$5" 2>/dev/null || true; fi
        ;;
    link)
        rm -f "$5.rmachine-new"
        [ -d "${5%/*}" ] || mkdir -p "${5%/*}" || return
        ln -s "$(cat "$1/$3")" "$5.rmachine-new" && mv -fT "$5.rmachine-new" "$5"
        ;;
    tree | notree)
        put_tree "$2" "$5"
        ;;
    keep) ;;
    *)
        log "an index says $2"
        return 1
        ;;
    esac
}

# A folder of ours with all that is in it: put aside rather than removed, so that it can come back, and taken away at the end.
put_tree() { # tree|notree PATH
    case $2 in
    /opt/rmachine | /opt/rmachine/*) ;;
    *)
        log "an index wants $2 to be a tree"
        return 1
        ;;
    esac
    if [ "$1" = notree ]; then
        [ ! -e "$2" ] || { rm -rf "$2.rmachine-gone" && mv -T "$2" "$2.rmachine-gone"; }
    elif [ -e "$2.rmachine-gone" ] && [ ! -e "$2" ]; then
        mv -T "$2.rmachine-gone" "$2"
    fi
}

put_all() { # FROM: every line of an index, on stdin
    while read -r kind number mode path; do
        put "$1" "$kind" "$number" "$mode" "$path" </dev/null || {
            reason="$path cannot be written; is the disk full?"
            return 1
        }
    done
}

backwards() { # FILE
    lines=
    while IFS= read -r line; do lines=$line$line_end$lines; done <"$1"
    printf '%s' "$lines"
}

remember() { # PATH NUMBER: prints the index line that brings PATH back as it is
    if [ "$kind" = tree ] || [ "$kind" = notree ]; then
        if [ -e "$1" ]; then echo "tree - - $1"; else echo "notree - - $1"; fi
    elif [ -h "$1" ] || [ -f "$1" ]; then
        cp -a "$1" "$folder/before/$2" || return
        echo "file $2 - $1"
    elif [ -d "$1" ]; then
        echo "dir - $(stat -c %a "$1") $1"
    else
        case $kind in
        dir | nodir) echo "nodir - - $1" ;;
        *) echo "absent - - $1" ;;
        esac
    fi
}

config_put() { # VARIANT: one of lr/*, as daemon.json
    # Where it lies there already, it may be the very file, which mv refuses.
    cmp -s "$folder/lr/$1" "$config" || put "$folder/lr" file "$1" "$(wanted config-mode)" "$config"
}

config_line() { # FOLDER: the line of daemon.json in its index
    grep " $config\$" "$folder/$1/index"
}

# The lines come by here-documents, which need no room on the disk.
config_back() { # as it was before
    keeping=
    put_all "$folder/before" <<LINE
$(config_line before)
LINE
}

config_as_wanted() {
    case $(config_line want) in
    file* | absent*) ;;
    *)
        config_back
        return
        ;;
    esac
    put_all "$folder/want" <<LINE
$(config_line want)
LINE
}

flush() {
    sync "$@" 2>/dev/null || sync
}

has_room() { # a MiB, where we write and where the engine does
    disks=
    while read -r _ _ _ free _ disk; do
        case $free in *[!0-9]*) continue ;; esac
        [ "$free" -ge 1024 ] || return 1
        disks="$disks $disk"
    done <<DISKS
$(df -Pk /etc "$home" /var/lib/docker 2>/dev/null)
DISKS
    # shellcheck disable=SC2086 # a list of mount points
    set -- $disks
    if [ $# -ge 2 ] && [ "$1" = "$2" ]; then is_one_disk=yes; fi
}
