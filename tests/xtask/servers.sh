#!/bin/bash
# servers.sh FOLDER prosody13|prosody012|ejabberd...
#
# Downloads XMPP servers from the distribution that this machine already uses and unpacks each into FOLDER/NAME, with its
# start scripts (prosody and prosodyctl, or ejabberd) at the top. Installs nothing, needs no root, starts no service and
# writes no file outside FOLDER: apt works on a private, empty state, so the libraries that the servers need come along
# whatever this machine has. Folders that are complete already are left alone.
#
# Exit codes: 3 no usable package source on this machine, 4 a server is not in it, 2 wrong arguments.
set -euo pipefail

[ $# -ge 2 ] || { echo "usage: servers.sh FOLDER NAME..." >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift

for program in apt-get dpkg-deb awk sed; do
    command -v "$program" >/dev/null || { echo "servers.sh: no $program on this machine" >&2; exit 3; }
done
. /etc/os-release

# Which suite carries which server. Debian's mirrors keep the older suites beside the current one; bookworm is the only one
# with both (13 as a backport), and its programs run on newer releases too. Ubuntu carries one version per release.
case "$ID" in
debian)
    pool=debian; components=main; suites="bookworm bookworm-backports"
    suite_of_prosody012=bookworm; suite_of_prosody13=bookworm-backports; suite_of_ejabberd=bookworm-backports
    if [ "${VERSION_CODENAME:-}" != bookworm ]; then
        suites="bookworm trixie"; suite_of_prosody13=trixie; suite_of_ejabberd=trixie
    fi ;;
ubuntu)
    pool=ubuntu; components="main universe"; suites="noble"
    suite_of_prosody012=noble; suite_of_prosody13=${VERSION_CODENAME:-noble}
    suite_of_ejabberd=$suite_of_prosody13
    [ "$suite_of_prosody13" = noble ] || suites="noble $suite_of_prosody13" ;;
*)
    echo "servers.sh: knows the package archives of Debian and Ubuntu only, this is $ID" >&2; exit 3 ;;
esac
keyring=
for candidate in /usr/share/keyrings/$pool-archive-keyring.gpg /usr/share/keyrings/$pool-archive-keyring.pgp; do
    [ -f "$candidate" ] && keyring=$candidate && break
done
[ -n "$keyring" ] || { echo "servers.sh: the package $pool-archive-keyring is missing" >&2; exit 3; }

# The mirror is the one that this machine is configured for: the first source that isn't a security archive.
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
mirrors=$(
    for file in /etc/apt/sources.list.d/{debian,ubuntu}.sources /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] && mirror_of_sources_file "$file"
    done
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$file" ] && mirror_of_list_file "$file"
    done
    true
)
mirror=${mirrors%%$'\n'*}
[ -n "$mirror" ] || { echo "servers.sh: apt has no package source configured" >&2; exit 3; }

state=$folder/.apt
mkdir -p "$state"/{lists/partial,cache/archives/partial,none}
: > "$state/status"
printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\nSigned-By: %s\n' \
    "$mirror" "$suites" "$components" "$keyring" > "$state/archive.sources"
private_apt() {
    apt-get -qq -o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" \
        -o Dir::Cache="$state/cache" -o Dir::Etc::sourcelist="$state/archive.sources" \
        -o Dir::Etc::sourceparts="$state/none" -o Dir::Etc::preferencesparts="$state/none" \
        -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" "$@"
}

# Lua, Erlang, and everything that the servers' modules link to; the C library and the rest of the base system stay this
# machine's.
needed='^(prosody|lua|liblua|ejabberd|erlang|libodbc|libltdl|libyaml|libexpat|libicu|libidn|libssl|libsqlite3-0|libdbi|libreadline)'
packages_of_prosody="prosody prosody-modules lua5.4 lua-expat lua-filesystem lua-socket lua-sec lua-bitop lua-dbi-sqlite3"
packages_of_ejabberd="ejabberd erlang-p1-sqlite3"

unpack() { # NAME SUITE VERSION-PREFIX PACKAGES (the first of them is the server)
    local name=$1 suite=$2 version=$3 packages=$4 tree=$folder/$1 plan chosen package
    private_apt -s install --no-install-recommends -t "$suite" $packages > "$state/plan" \
        || { echo "servers.sh: $suite has not all of: $packages" >&2; exit 4; }
    plan=$(awk '/^Inst/ { print $2 }' "$state/plan" | grep -E "$needed")
    chosen=$(awk -v server="${packages%% *}" '$1 == "Inst" && $2 == server { gsub(/[(]/, "", $3); print $3 }' "$state/plan")
    case "$chosen" in "$version"*) ;; *)
        echo "servers.sh: $name: $suite carries version $chosen, not $version" >&2; exit 4 ;;
    esac
    rm -rf "$tree" "$state/packages"
    mkdir -p "$tree" "$state/packages"
    ( cd "$state/packages" && private_apt -t "$suite" download $plan >/dev/null )
    for package in "$state/packages"/*.deb; do dpkg-deb -x "$package" "$tree"; done
    rm -rf "$state/packages"
}

# Start scripts: the packaged programs with the paths of the unpacked tree, found from where the script itself lies.
start_scripts_of_prosody() { # NAME
    local tree=$folder/$1 program
    for program in prosody prosodyctl; do
        sed -E -e '1d' \
            -e "s#^CFG_SOURCEDIR=.*#CFG_SOURCEDIR=os.getenv('HELIOGRAPH_TREE')..'/usr/lib/prosody';#" \
            -e "s#^CFG_PLUGINDIR=.*#CFG_PLUGINDIR=os.getenv('HELIOGRAPH_TREE')..'/usr/lib/prosody/modules/';#" \
            -e "s#^CFG_CONFIGDIR=.*#CFG_CONFIGDIR=os.getenv('PROSODY_CONFIG_FOLDER') or '/nonexistent';#" \
            -e "s#^CFG_DATADIR=.*#CFG_DATADIR=os.getenv('PROSODY_DATA_FOLDER') or '/nonexistent';#" \
            "$tree/usr/bin/$program" > "$tree/$program.lua"
        cat > "$tree/$program" <<'END'
#!/bin/sh
HELIOGRAPH_TREE=$(cd "$(dirname "$0")" && pwd)
libraries=$(echo "$HELIOGRAPH_TREE"/usr/lib/*-linux-gnu)
LUA_PATH="$HELIOGRAPH_TREE/usr/share/lua/5.4/?.lua;$HELIOGRAPH_TREE/usr/share/lua/5.4/?/init.lua;;"
LUA_CPATH="$libraries/lua/5.4/?.so;;"
LUA_PATH_5_4=$LUA_PATH LUA_CPATH_5_4=$LUA_CPATH LD_LIBRARY_PATH=$libraries
export HELIOGRAPH_TREE LUA_PATH LUA_CPATH LUA_PATH_5_4 LUA_CPATH_5_4 LD_LIBRARY_PATH
END
        printf 'exec "$HELIOGRAPH_TREE/usr/bin/lua5.4" "$HELIOGRAPH_TREE/%s.lua" "$@"\n' "$program" >> "$tree/$program"
        chmod +x "$tree/$program"
    done
}

# The emulator without `erl` and `ejabberdctl`, which know only the packaged paths; both are shell scripts that set these.
start_scripts_of_ejabberd() { # NAME
    cat > "$folder/$1/ejabberd" <<'END'
#!/bin/sh
tree=$(cd "$(dirname "$0")" && pwd)
libraries=$(echo "$tree"/usr/lib/*-linux-gnu)
ROOTDIR=$tree/usr/lib/erlang BINDIR=$(echo "$tree"/usr/lib/erlang/erts-*/bin) EMU=beam PROGNAME=erl
ERL_LIBS=$libraries LD_LIBRARY_PATH=$libraries
export ROOTDIR BINDIR EMU PROGNAME ERL_LIBS LD_LIBRARY_PATH
exec "$BINDIR/erlexec" "$@"
END
    chmod +x "$folder/$1/ejabberd"
}

updated=
for name in "$@"; do
    case "$name" in
    prosody13) kind=prosody; suite=$suite_of_prosody13; version=13.; packages=$packages_of_prosody ;;
    prosody012) kind=prosody; suite=$suite_of_prosody012; version=0.12.; packages=$packages_of_prosody ;;
    ejabberd) kind=ejabberd; suite=$suite_of_ejabberd; version=24.12; packages=$packages_of_ejabberd ;;
    *) echo "servers.sh: unknown server $name" >&2; exit 2 ;;
    esac
    [ -f "$folder/$name/.complete" ] && continue
    [ -n "$updated" ] || { private_apt update; updated=yes; }
    unpack "$name" "$suite" "$version" "$packages"
    "start_scripts_of_$kind" "$name"
    touch "$folder/$name/.complete"
done
