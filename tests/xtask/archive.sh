# archive.sh: fetching and unpacking packages of the distribution that this machine already uses. Not a program: it comes
# before a script that uses it, which says `open_archive FOLDER`, `use_suites SUITES COMPONENTS`, and then `private_apt …`.
#
# Installs nothing, needs no root and writes no file outside FOLDER: apt works on a private, empty state, so the libraries
# that a program needs come along whatever this machine has. Exit code 3: no usable package source on this machine.

# Sets: folder, state, distribution (debian or ubuntu), release (its code name), mirror, keyring.
open_archive() { # FOLDER
    local program candidate
    mkdir -p "$1"
    folder=$(cd "$1" && pwd)
    for program in apt-get dpkg-deb awk sed; do
        command -v "$program" >/dev/null || { echo "no $program on this machine" >&2; exit 3; }
    done
    . /etc/os-release
    distribution=$ID release=${VERSION_CODENAME:-}
    case "$distribution" in
    debian | ubuntu) ;;
    *) echo "only the package archives of Debian and Ubuntu are known, this is $distribution" >&2; exit 3 ;;
    esac
    keyring=
    for candidate in /usr/share/keyrings/"$distribution"-archive-keyring.{gpg,pgp}; do
        [ -f "$candidate" ] && keyring=$candidate && break
    done
    [ -n "$keyring" ] || { echo "the package $distribution-archive-keyring is missing" >&2; exit 3; }
    mirror=$(mirrors)
    mirror=${mirror%%$'\n'*}
    [ -n "$mirror" ] || { echo "apt has no package source configured" >&2; exit 3; }
    state=$folder/.apt
}

# The mirror is the one that this machine is configured for: the first source that isn't a security archive.
mirrors() {
    local file
    for file in /etc/apt/sources.list.d/{debian,ubuntu}.sources /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] && mirror_of_sources_file "$file"
    done
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$file" ] && mirror_of_list_file "$file"
    done
    true
}
mirror_of_sources_file() {
    awk 'BEGIN { RS = ""; FS = "\n" }
        { uri = ""; usable = 0
          for (i = 1; i <= NF; i++) {
              if ($i ~ /^URIs:/) { split($i, part, /[ \t]+/); uri = part[2] }
              if ($i ~ /^Suites:/ && $i !~ /^Suites:[^ ]* *[^ ]*-security *$/) usable = 1 }
          if (uri != "" && usable) print uri }' "$1"
}
mirror_of_list_file() {
    sed -E 's/\[[^]]*\]//' "$1" | awk '$1 == "deb" && $3 !~ /-security/ { print $2 }'
}

use_suites() { # SUITES COMPONENTS
    mkdir -p "$state"/{lists/partial,cache/archives/partial,none}
    : > "$state/status"
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\nSigned-By: %s\n' \
        "$mirror" "$1" "$2" "$keyring" > "$state/archive.sources"
}

private_apt() {
    apt-get -qq -o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" \
        -o Dir::Cache="$state/cache" -o Dir::Etc::sourcelist="$state/archive.sources" \
        -o Dir::Etc::sourceparts="$state/none" -o Dir::Etc::preferencesparts="$state/none" \
        -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" "$@"
}

unpack_packages() { # TREE PACKAGE... (apt-get's options may stand before the packages)
    local tree=$1 package
    shift
    rm -rf "$tree" "$state/packages"
    mkdir -p "$tree" "$state/packages"
    ( cd "$state/packages" && private_apt download "$@" >/dev/null )
    for package in "$state/packages"/*.deb; do dpkg-deb -x "$package" "$tree"; done
    rm -rf "$state/packages"
}
