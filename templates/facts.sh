# shellcheck shell=sh
# What a host is, in one look. Changes nothing, not even a temporary file; only a reading of units that a change has put off for
# some seconds is done now.
#
# Answers with base64 of frames, "LENGTH NAME\n" and LENGTH bytes and "\n" each, the last one named "end": base64 so that no
# byte of the host's can break the lines that carry it, lengths so that none can break a frame. What is not known is left out.

LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
set -u
home=/var/lib/rmachine
installer=https://get.docker.com
# Larger files than this are told by their size alone.
most_bytes=1048576
line_end='
'

frame() { # NAME TEXT
    printf '%s %s\n%s\n' "${#2}" "$1" "$2"
}

# Files are looked at in the end and all at once: a program for each would cost more than all the rest.
to_read=
to_sum=

file() { # PATH: is to be read, where it is a regular file
    if [ -f "$1" ]; then to_read=$to_read$1$line_end; fi
}

sum() { # PATH: only its hash is to be told, where it is a regular file
    if [ -f "$1" ]; then to_sum=$to_sum$1$line_end; fi
}

# Mode, owner, group, size and name of each; then which of them follow, with their sizes, and their bytes, end to end; then
# the hashes.
files() {
    set -f
    IFS=$line_end
    # shellcheck disable=SC2086 # one path a line
    stats=$(stat -L -c '%a %u %g %s %n' $to_read $to_sum)
    # shellcheck disable=SC2086
    sums=$([ -z "$to_sum" ] || sha256sum $to_sum)
    unset IFS
    set +f
    frame stats "$stats"
    frame sums "$sums"
    list=
    total=0
    set --
    while read -r _ _ _ size path; do
        case $line_end$to_read in *"$line_end$path$line_end"*) ;; *) continue ;; esac
        [ "$size" -le "$most_bytes" ] || continue
        list="$list$size $path$line_end"
        total=$((total + size))
        set -- "$@" "$path"
    done <<STATS
$stats
STATS
    frame read "$list"
    printf '%d bytes\n' "$total"
    if [ $# -gt 0 ]; then cat "$@"; fi
    echo
}

system() {
    if [ -f /etc/os-release ]; then file /etc/os-release; else file /usr/lib/os-release; fi
    uname -s -n -r -m | {
        read -r kernel name release machine
        frame kernel "$kernel $release"
        frame arch "$machine"
        frame hostname "$name"
    }
    while read -r key uid _; do
        if [ "$key" = Uid: ]; then frame uid "$uid"; fi
    done </proc/self/status
    # Who logged in, where that is not root.
    if [ -n "${SUDO_USER-}" ]; then frame login "$SUDO_USER $(id -nG "$SUDO_USER")"; fi
    file /etc/hostname
    file /etc/hosts
    frame clock "$(date +%s)"
    if [ -d /run/systemd/system ]; then
        frame init systemd
    elif [ -d /run/openrc ]; then
        frame init openrc
    else
        frame init none
    fi
    frame addresses "$(addresses)"
    frame disks "$(df -Pk / /etc /var/lib /opt 2>/dev/null)"
    for folder in /etc /var/lib; do
        [ -w "$folder" ] || frame "read-only $folder" ""
    done
}

addresses() {
    if command -v ip >/dev/null; then
        ip -o addr show | while read -r _ _ family address _; do
            case $family in inet | inet6) echo "${address%%/*}" ;; esac
        done
    else
        hostname -I
    fi
}

listeners() {
    if command -v ss >/dev/null; then
        told=$(ss -Hltnp 2>/dev/null)
        frame listeners "$told"
        # Whose a socket is that systemd holds open alone.
        case $told in
        *'users:(("systemd",pid=1,fd='*) frame socket-units "$(systemctl list-sockets --all --full --no-legend --no-pager)" ;;
        esac
    else
        # No names of programs then; finding them in /proc takes long on a busy host.
        frame sockets "$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep ' 0A ')"
    fi
}

engine() {
    if path=$(command -v dockerd); then frame dockerd "$path"; fi
    if path=$(command -v docker); then frame client "$path"; fi
    # Configuration management may have made it a link; what counts is the file behind.
    config=/etc/docker/daemon.json
    if [ -h /etc/docker ] || [ -h "$config" ]; then config=$(readlink -f "$config" || echo "$config"); fi
    frame config "$config"
    file "$config"
    if [ -e /snap/bin/docker ] || [ -d /var/snap/docker ]; then frame snap ""; fi
    pid=
    if [ -d /run/systemd/system ]; then
        units
    elif [ -d /run/openrc ]; then
        openrc_service
    fi
    if [ -n "$pid" ] && [ "$pid" != 0 ] && [ -r "/proc/$pid/stat" ]; then
        # It may have ended meanwhile.
        if IFS= read -r process 2>/dev/null <"/proc/$pid/stat"; then frame process "$process"; fi
        running
    elif command -v dockerd >/dev/null; then
        frame version "$(dockerd --version 2>/dev/null)"
    fi
}

units() {
    if [ -f "$home/units-unread" ]; then
        read -r waiting <"$home/units-unread"
        systemctl stop "$waiting"
        flock -w 60 "$home/lock" systemctl daemon-reload && rm -f "$home/units-unread"
    fi
    shown=$(systemctl show docker.service docker.socket rmachine-docker.socket \
        -p Id -p LoadState -p ActiveState -p UnitFileState -p FragmentPath -p DropInPaths \
        -p MainPID -p EnvironmentFiles 2>/dev/null)
    frame units "$shown"
    # The first process is the service's. Paths with blanks do not occur in units of engines; they would only be left out.
    while IFS='=' read -r key value; do
        case $key in
        FragmentPath | DropInPaths) for path in $value; do file "$path"; done ;;
        EnvironmentFiles) file "${value%% *}" ;;
        MainPID) pid=${pid:-$value} ;;
        esac
    done <<UNITS
$shown
UNITS
}

# What OpenRC knows of the engine, in the words that systemd has for it. The engine's flags and variables are set in a shell's file,
# whose name depends on whether its script is OpenRC's own kind.
openrc_service() {
    script=/etc/init.d/docker
    [ -f "$script" ] || return 0
    settings=/etc/default/docker
    IFS= read -r first <"$script"
    case $first in *openrc-run* | *runscript*) settings=/etc/conf.d/docker ;; esac
    enabled=disabled
    for link in /etc/runlevels/*/docker; do
        if [ -e "$link" ]; then enabled=enabled; fi
    done
    active=inactive
    # No line end is in that file.
    read -r pid </run/docker.pid
    if read -r name <"/proc/$pid/comm" && [ "$name" = dockerd ]; then active=active; else pid=; fi
    frame units "Id=docker.service
LoadState=loaded
ActiveState=$active
UnitFileState=$enabled
FragmentPath=$script
DropInPaths=$settings
EnvironmentFiles=$settings"
    file "$script"
    file "$settings"
}

running() {
    answers=$(engine_get /info /containers/json)
    info=${answers%%"$line_end"*}
    containers=${answers#"$info"}
    # One way of asking ends each body with a line end more than the other.
    containers=${containers#"$line_end"}
    containers=${containers#"$line_end"}
    if [ -z "$info" ]; then
        frame tasks "$(ls /run/containerd/io.containerd.runtime.v2.task/moby 2>/dev/null)"
        return 0
    fi
    frame info "$info"
    [ -n "$containers" ] || return 0
    frame containers "$containers"
    [ "$containers" != '[]' ] || return 0
    root=${info#*\"DockerRootDir\":\"}
    root=${root%%\"*}
    [ -d "$root/containers" ] || return 0
    set --
    for id in $(printf '%s' "$containers" | grep -o '"Id":"[0-9a-f]\{64\}"' | cut -d '"' -f 4); do
        set -- "$@" "$root/containers/$id/hostconfig.json"
    done
    [ $# -gt 0 ] || return 0
    frame policies "$(grep -Ho '"RestartPolicy":{"Name":"[a-z-]*"' "$@" 2>/dev/null)"
}

packages() { # only where something may have to be installed
    for program in curl wget iptables; do
        if path=$(command -v "$program"); then frame "$program" "$path"; fi
    done
    frame lock "$(find /proc/[0-9]*/fd -lname '/var/lib/dpkg/lock*' 2>/dev/null | head -n 1 | while IFS=/ read -r _ _ pid _; do
        echo "$pid $(cat "/proc/$pid/comm")"
    done)"
}

cloud_init() {
    [ -d /run/cloud-init ] || return 0
    if [ -e /run/cloud-init/disabled ]; then
        frame cloud-init disabled
    elif [ -e /run/cloud-init/result.json ]; then
        frame cloud-init finished
    else
        frame cloud-init running
    fi
}

ours() {
    [ -d "$home" ] || return 0
    file "$home/state.json"
    for mark in inactive unlistening installed; do
        if [ -f "$home/origin/$mark" ]; then frame "origin $mark" ""; fi
    done
    if [ -f "$home/origin/index" ]; then
        file "$home/origin/index"
        number=$(sed -n 's,^file \([0-9]*\) [^ ]* .*/daemon\.json$,\1,p' "$home/origin/index" | head -n 1)
        [ -z "$number" ] || file "$home/origin/$number"
    fi
    for path in /etc/docker/rmachine/* /etc/docker/*.pem /etc/docker/daemon.json.rmachine-backup; do
        sum "$path"
    done
    for path in "$home"/apply/*/begun; do
        [ -f "$path" ] || continue
        path=${path%/begun}
        if flock -n "$home/lock" true; then state=dead; else state=running; fi
        frame unfinished "$state ${path##*/} $(cat "$path/step" 2>/dev/null)"
    done
}

probe() { # says whether the installer's host answers; runs beside the rest
    if command -v dockerd >/dev/null; then return 0; fi
    if command -v curl >/dev/null; then
        said=$(curl -fsS --head --max-time 3 -o /dev/null "$installer" 2>&1) && said=yes
    elif command -v wget >/dev/null; then
        said=$(wget -q --spider -T 3 -t 1 "$installer" 2>&1) && said=yes
    else
        said="there is neither curl nor wget"
    fi
    printf '%s\n' "${said:-no answer within 3 seconds}"
}

collect() { # the probe's answer comes on stdin
    system </dev/null
    listeners </dev/null
    engine </dev/null
    if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then packages </dev/null; fi
    cloud_init </dev/null
    ours </dev/null
    files </dev/null
    if IFS= read -r said; then frame installer "$said"; fi
    frame end ""
}

main() {
    probe </dev/null 2>/dev/null | collect 2>/dev/null | base64
}
