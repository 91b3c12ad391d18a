# shellcheck shell=sh
# Makes the engine that Debian's packages left below /srv/tree into packages of other systems, in repositories of the host's own, and
# tells those systems' package tools of them. The files are in one package, which those with the systems' names need.
set -eu
version=26.1.5
old=25.0.9

# A package of no files.
named() { # NAME VERSION [LINE]
    printf '%%package -n %s\nVersion: %s\nSummary: %s\n%s\n%%description -n %s\n.\n%%files -n %s\n' "$1" "$2" "$1" "${3-}" "$1" "$1"
}

build() { # SPEC, on stdin
    cat >/srv/spec
    rpmbuild -bb --quiet --define '_topdir /srv/build' --define '_rpmdir /srv/rpm' --define '_binary_payload w0.gzdio' \
        --define '__os_install_post %{nil}' --define 'debug_package %{nil}' /srv/spec
}

head_of() { # NAME VERSION
    printf 'Name: %s\nVersion: %s\nRelease: 1\nSummary: %s\nLicense: none\nAutoReqProv: no\n%%description\n.\n' "$1" "$2" "$1"
}

rpms() {
    needs="Requires: engine-files"
    {
        head_of engine-files "$version"
        # shellcheck disable=SC2016 # a variable of rpmbuild's
        printf '%%install\ncp -a /srv/tree/. "$RPM_BUILD_ROOT"\n'
        echo %files
        (cd /srv/tree && find . ! -type d | sed 's/^\.//')
        named moby-engine "$version" "$needs"
        named docker-cli "$version"
        named docker "$version" "$needs"
        # The vendor's own have an epoch.
        named docker-ce "$version" "$needs
Epoch: 3"
        named docker-ce-cli "$version"
        named containerd.io 1.7.24
        named ca-certificates 2024
        named iptables 1.8
    } | build
    {
        head_of engine-files "$old"
        named moby-engine "$old"
        named docker "$old"
        named docker-ce "$old" "Epoch: 3"
    } | build
    createrepo_c -q /srv/rpm
}

arch() {
    name=docker-1:$version-1
    mkdir -p "/srv/arch/$name"
    printf 'pkgname = docker\npkgver = 1:%s-1\npkgdesc = docker\narch = x86_64\nsize = 1\n' "$version" >/srv/tree/.PKGINFO
    (cd /srv/tree && tar cf "/srv/arch/$name-x86_64.pkg.tar" .PKGINFO etc usr)
    printf '%%%s%%\n%s\n\n' FILENAME "$name-x86_64.pkg.tar" NAME docker VERSION "1:$version-1" ARCH x86_64 ISIZE 1 \
        CSIZE "$(stat -c %s "/srv/arch/$name-x86_64.pkg.tar")" >"/srv/arch/$name/desc"
    (cd /srv/arch && tar czf extra.db "$name")
}

tools() {
    mkdir -p /etc/yum.repos.d /etc/zypp/repos.d /etc/dnf/vars
    printf '[lab]\nname=lab\nbaseurl=file:///srv/rpm\ngpgcheck=0\nenabled=1\n' >/etc/zypp/repos.d/lab.repo
    cp /etc/zypp/repos.d/lab.repo /etc/yum.repos.d/
    echo 9 >/etc/dnf/vars/releasever
    # What scripts of the packages do.
    groupadd --system docker
    printf '[extra]\nSigLevel = Never\nServer = file:///srv/arch\n' >>/etc/pacman.conf
}

rpms
arch
tools
