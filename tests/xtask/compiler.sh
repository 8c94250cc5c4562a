#!/bin/bash
# compiler.sh FOLDER
#
# Downloads a Rust compiler with the source of its standard library and clippy from the distribution that this machine already
# uses, and unpacks them into FOLDER, with start scripts in FOLDER/bin: with them Rust is checked for platforms of which
# nobody here has the standard library. Installs nothing, needs no root and writes no file outside FOLDER: apt works on a
# private, empty state. A folder that is complete already is left alone.
#
# Exit codes: 3 no usable package source on this machine, 4 it has no such compiler, 2 wrong arguments.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: compiler.sh FOLDER" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
[ -f "$folder/.complete" ] && exit 0

for program in apt-get dpkg-deb awk; do
    command -v "$program" >/dev/null || { echo "compiler.sh: no $program on this machine" >&2; exit 3; }
done

# Debian carries the compilers that browsers are built with in its security archive, years ahead of its own.
packages="rustc-web rust-web-src rust-web-clippy"
# And what LLVM links to; the C library and the rest of the base system stay this machine's.
needed='^(rustc-web|rust-web-|libstd-rust-web|libllvm|libz3|libedit|libxml2|libicu|libffi|libbsd|libmd0|libzstd)'

state=$folder/.apt
rm -rf "$state" "$folder/tree"
mkdir -p "$state"/{lists/partial,cache/archives/partial} "$state/packages" "$folder"/{tree,bin}
: > "$state/status"
# The machine's own package sources, with lists of our own.
private_apt() {
    apt-get -qq -o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" \
        -o Dir::Cache="$state/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" "$@"
}
private_apt update || { echo "compiler.sh: the package sources of this machine can't be read" >&2; exit 3; }
private_apt -s install --no-install-recommends $packages > "$state/plan" \
    || { echo "compiler.sh: the package sources of this machine have not all of: $packages" >&2; exit 4; }
chosen=$(awk '/^Inst/ { print $2 }' "$state/plan" | grep -E "$needed")
( cd "$state/packages" && private_apt download $chosen >/dev/null )
for package in "$state/packages"/*.deb; do dpkg-deb -x "$package" "$folder/tree"; done
rm -rf "$state"

for program in rustc rustdoc cargo-clippy; do
    cat > "$folder/bin/$program" <<END
#!/bin/sh
tree=\$(cd "\$(dirname "\$0")/../tree/usr" && pwd)
LD_LIBRARY_PATH=\$(echo "\$tree"/lib/*-linux-gnu)
export LD_LIBRARY_PATH
exec "\$tree/bin/$program" "\$@"
END
    chmod +x "$folder/bin/$program"
done
"$folder/bin/rustc" --version
touch "$folder/.complete"
