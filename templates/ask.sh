# shellcheck shell=sh
# Takes the installer's URL from the document, for the hosts that do not use the usual one, and proxies on the way to it.

set -u

entry() { # NAME VALUE, of the document
    # shellcheck disable=SC2034 # read by the probe of facts.sh
    case $1 in
    installer) installer=$2 ;;
    variable) export "${2?}" ;;
    esac
}
