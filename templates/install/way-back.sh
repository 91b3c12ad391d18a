# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what the transaction sets and reads
# The way back of an upgrade of packages: what is installed, kept as files, on the host itself.

set -u
way_back=/var/lib/rmachine/way-back

# What runs now is kept for undoing, and once all is well for going back by hand.
step_keep() {
    tool=$(wanted tool)
    mkdir -p "$folder/kept" || return
    # shellcheck disable=SC2046 # a list of package names, ours
    "${tool}_keep" "$folder/kept" $(wanted keep) || return
    "${tool}_survey" >"$folder/kept/versions"
    flush "$folder"/kept/*
    mark kept-all
}

# To the packages that the last upgrade left.
install_back() {
    tool=$(wanted tool)
    "${tool}_back" "$way_back" || {
        packages_failed
        return 1
    }
}

# Undoing: packages first, since their scripts start the engine with the settings that are there.
packages_back() {
    marked kept-all || return 0
    tool=$(wanted tool)
    if wants live-restore; then config_put before-on || return; fi
    "${tool}_back" "$folder/kept"
}

keep_way_back() {
    marked kept-all || return 0
    rm -rf "$way_back.new" "$way_back.old"
    cp -a "$folder/kept" "$way_back.new" || return
    [ ! -d "$way_back" ] || mv "$way_back" "$way_back.old"
    mv "$way_back.new" "$way_back" && rm -rf "$way_back.old"
}
