#!/bin/bash
# servers.sh FOLDER prosody13|prosody012|ejabberd...
#
# Downloads XMPP servers from the distribution that this machine already uses and unpacks each into FOLDER/NAME, with its
# start scripts (prosody and prosodyctl, or ejabberd) at the top. What it downloads with is in `archive.sh`, which comes
# before it. Folders that are complete already are left alone.
#
# Exit codes: 3 no usable package source on this machine, 4 a server is not in it, 2 wrong arguments.
set -euo pipefail

[ $# -ge 2 ] || { echo "usage: servers.sh FOLDER NAME..." >&2; exit 2; }
open_archive "$1"
shift

# Which suite carries which server. Debian's mirrors keep the older suites beside the current one; bookworm is the only one
# with both (13 as a backport), and its programs run on newer releases too. Ubuntu carries one version per release.
case "$distribution" in
debian)
    components=main; suites="bookworm bookworm-backports"
    suite_of_prosody012=bookworm; suite_of_prosody13=bookworm-backports; suite_of_ejabberd=bookworm-backports
    if [ "$release" != bookworm ]; then
        suites="bookworm trixie"; suite_of_prosody13=trixie; suite_of_ejabberd=trixie
    fi ;;
ubuntu)
    components="main universe"; suites="noble"
    suite_of_prosody012=noble; suite_of_prosody13=${release:-noble}
    suite_of_ejabberd=$suite_of_prosody13
    [ "$suite_of_prosody13" = noble ] || suites="noble $suite_of_prosody13" ;;
esac
use_suites "$suites" "$components"

# Lua, Erlang, and everything that the servers' modules link to; the C library and the rest of the base system stay this
# machine's.
needed='^(prosody|lua|liblua|ejabberd|erlang|libodbc|libltdl|libyaml|libexpat|libicu|libidn|libssl|libsqlite3-0|libdbi|libreadline)'
packages_of_prosody="prosody prosody-modules lua5.4 lua-expat lua-filesystem lua-socket lua-sec lua-bitop lua-dbi-sqlite3"
packages_of_ejabberd="ejabberd erlang-p1-sqlite3"

unpack() { # NAME SUITE VERSION-PREFIX PACKAGES (the first of them is the server)
    local name=$1 suite=$2 version=$3 packages=$4 tree=$folder/$1 plan chosen
    private_apt -s install --no-install-recommends -t "$suite" $packages > "$state/plan" \
        || { echo "servers.sh: $suite has not all of: $packages" >&2; exit 4; }
    plan=$(awk '/^Inst/ { print $2 }' "$state/plan" | grep -E "$needed")
    chosen=$(awk -v server="${packages%% *}" '$1 == "Inst" && $2 == server { gsub(/[(]/, "", $3); print $3 }' "$state/plan")
    case "$chosen" in "$version"*) ;; *)
        echo "servers.sh: $name: $suite carries version $chosen, not $version" >&2; exit 4 ;;
    esac
    unpack_packages "$tree" -t "$suite" $plan
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
