# shellcheck shell=sh disable=SC2034,SC2154 # what other parts of the transaction set and read
# The engine as a service of OpenRC's: whoever made its script, it starts and stops it, and the engine itself keeps its pid file.

set -u
pid_file=/run/docker.pid
engine_log=/var/log/docker.log

openrc_pid() { # nothing where it does not run
    { pid=$(line_of "$pid_file") && read -r comm <"/proc/$pid/comm"; } 2>/dev/null && [ "$comm" = dockerd ] && echo "$pid"
}

openrc_is_up() {
    openrc_pid >/dev/null
}

openrc_started() {
    pid=$(openrc_pid) && echo "$pid $(sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 20)"
}

openrc_remember() {
    # One that has just died, and that its supervisor is about to start again, is started as well.
    if openrc_is_up || [ -e /run/openrc/started/docker ]; then mark was-active || return; fi
    if [ -f "$engine_log" ]; then wc -c <"$engine_log"; else echo 0; fi >"$folder/log-before"
    openrc_started >"$folder/was-started" || true
}

# OpenRC is content when the program has begun; what we want is an engine that answers, or the knowledge that none will.
openrc_settled() {
    until_true 60 openrc_has_settled
    answers
}

openrc_has_settled() {
    answers || ! quiet rc-service docker status
}

openrc_start() {
    quiet timeout "$(remaining)" rc-service docker start && openrc_settled
}

openrc_stop() {
    quiet timeout "$(remaining)" rc-service docker stop
}

openrc_stop_listening() {
    return 0
}

openrc_stop_all() {
    openrc_stop
}

openrc_reload() {
    pid=$(openrc_pid) && quiet kill -HUP "$pid"
}

openrc_read_again() {
    return 0
}

# A service that died is neither started nor stopped for OpenRC until it is told to forget that.
openrc_restart() {
    if ! openrc_is_up; then
        quiet rc-service docker stop
        quiet rc-service docker zap
    fi
    quiet timeout "$(remaining)" rc-service docker restart && openrc_settled
}

openrc_enable() {
    return 0
}

openrc_last_words() {
    tail -c "+$(($(line_of "$folder/log-before") + 1))" "$engine_log" 2>/dev/null
}
