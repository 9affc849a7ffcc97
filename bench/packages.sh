# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by bench/run and tests/run: find missing Debian packages and install
# them, and find the Python interpreter that has the statistics packages.

# Prints those of the named packages that are not installed.
missing_packages() {
    local name
    for name in "$@"; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null |
            grep -q '^ii' || printf '%s\n' "$name"
    done
}

# True when apt has no package lists, or lists older than a week.
_package_lists_are_old() {
    local newest
    newest=$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' \
        -mtime -7 -print -quit 2>/dev/null)
    [ -z "$newest" ]
}

# _apt_install PREFIX... -- NAME...: PREFIX is empty (root) or sudo.
_apt_install() {
    local prefix=()
    while [ "$1" != -- ]; do prefix+=("$1"); shift; done
    shift
    local apt=("${prefix[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y
        -o DPkg::Lock::Timeout=60)
    local install=("${apt[@]}" install --no-install-recommends "$@")
    if _package_lists_are_old; then
        "${apt[@]}" update >&2 && "${install[@]}" >&2
    else
        # Lists can name versions that the mirror no longer has.
        "${install[@]}" >&2 || { "${apt[@]}" update >&2 && "${install[@]}" >&2; }
    fi
}

_say_how_to_install() {
    local sudo=''
    [ "$(id -u)" -eq 0 ] || sudo='sudo '
    printf 'missing packages: %s\n' "$*" >&2
    printf 'install them with: %sapt-get update && %sapt-get install -y --no-install-recommends %s\n' \
        "$sudo" "$sudo" "$*" >&2
}

# need_packages NAME...: installs what is missing. Root installs at once; others
# are asked on a terminal and sudo is used. Returns 3, having printed the exact
# command, when it may not install or when installing failed.
need_packages() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        printf 'not a Debian system: going on, in the hope that these are here: %s\n' \
            "$*" >&2
        return 0
    fi
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -eq 0 ]; then
        printf 'installing: %s\n' "${missing[*]}" >&2
        _apt_install -- "${missing[@]}" && return 0
    elif [ -t 0 ] && [ -t 2 ] && command -v sudo >/dev/null; then
        printf 'missing packages: %s\n' "${missing[*]}" >&2
        local answer=''
        read -r -p 'Install them with sudo apt-get? [y/N] ' answer || answer=''
        case "$answer" in
            [yY]*) _apt_install sudo -- "${missing[@]}" && return 0 ;;
        esac
    fi
    _say_how_to_install "${missing[@]}"
    return 3
}

# Prints the first interpreter that has numpy, scipy and matplotlib: another
# python3 may come first in PATH than the one Debian's packages belong to.
find_python() {
    local candidate
    while read -r candidate; do
        if "$candidate" -c 'import sys; assert sys.version_info >= (3, 11)
import numpy, scipy, matplotlib' >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done < <({ printf '/usr/bin/python3\n'; type -aP python3; })
    printf 'no python3 (3.11 or later) with numpy, scipy and matplotlib was found\n' >&2
    return 3
}
