#!/bin/sh
# Installs the packages of packages.txt that are missing.
# usage: deps/install.sh [section …]      all sections when none is named
set -eu
list=$(dirname "$0")/packages.txt

wanted=$(awk -v sections=" $* " '
    /^#/ || NF == 0 { next }
    (sections == "  " || index(sections, " " $1 " ")) && !seen[$2]++ { print $2 }' "$list")

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    [ "${SKUA_DEPS:-}" = present ] && exit 0
    echo "This is not a Debian system. Install what these Debian packages hold, then set" >&2
    echo "SKUA_DEPS=present:" "$(echo $wanted)" >&2
    exit 1
fi

missing=
for package in $wanted; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || true
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Not root and no sudo. Install as root: apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi

echo "Installing:$missing"
install_missing() {
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends $missing
}
# A fresh machine may have no package lists yet, an old one stale ones.
install_missing || { $as_root apt-get update -q && install_missing; }
