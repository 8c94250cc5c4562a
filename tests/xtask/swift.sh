#!/bin/bash
# swift.sh FOLDER
#
# Downloads the Swift tool chain from the Debian archive that this machine already uses and unpacks it into FOLDER, with a
# start script `swift-in` at the top. Installs nothing, needs no root and writes no file outside FOLDER: apt works on a
# private, empty state, and the packages' own scripts are not run. What it downloads with is in `archive.sh`, which comes
# before it.
#
#     FOLDER/swift-in WORKSPACE COMMAND...
#
# runs a command in that tree, with the folder WORKSPACE at the same place as outside, so that paths mean the same. It uses a
# mount namespace of its own (inside a user namespace where it is not run as root): nothing stays mounted.
#
# Exit codes: 3 no usable package source on this machine, 4 the archive has no Swift 6, 2 wrong arguments.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: swift.sh FOLDER" >&2; exit 2; }
for program in tar unshare chroot; do
    command -v "$program" >/dev/null || { echo "swift.sh: no $program on this machine" >&2; exit 3; }
done
open_archive "$1"
tree=$folder
[ "$distribution" = debian ] || { echo "swift.sh: $distribution carries no Swift" >&2; exit 3; }
# The first release that carries Swift 6. Its programs bring their own C library, so the release of this machine is no matter.
suite=trixie
rm -rf "$tree"
use_suites "$suite" main

# The compiler, what it links with, and a base in which programs can run.
packages="swiftlang libc6-dev libstdc++-14-dev binutils bash coreutils dash sed grep libc-bin base-files ca-certificates"
private_apt update
private_apt -s install --no-install-recommends $packages > "$state/plan" \
    || { echo "swift.sh: $suite has not all of: $packages" >&2; exit 4; }
version=$(awk '$1 == "Inst" && $2 == "swiftlang" { gsub(/[(]/, "", $3); print $3 }' "$state/plan")
case "$version" in 6.*) ;; *) echo "swift.sh: $suite carries Swift $version, not 6" >&2; exit 4 ;; esac
private_apt install -y --download-only --no-install-recommends $packages > /dev/null

# Left out: documentation, and the parts of the tool chain that only debuggers, editors and static linking need.
swift=usr/libexec/swift
left_out=()
for path in usr/share/{doc,man,locale,info} usr/libexec/gcc "$swift"/bin/{lldb,lldb-server,lldb-dap,repl_swift,clangd} \
    "$swift"/bin/{sourcekit-lsp,docc} "$swift"/lib/{liblldb.so.17.0.0,libsourcekitdInProc.so,libLTO.so.17} \
    "$swift"/lib/swift/{embedded,FrameworkABIBaseline} "$swift"/lib/swift_static; do
    left_out+=("--exclude=./$path")
done
# base-files first: it has the links from /bin and /lib into /usr.
for archive in "$state"/cache/archives/base-files_*.deb "$state"/cache/archives/*.deb; do
    [ -f "$archive" ] || continue
    dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$tree" --no-same-owner --keep-directory-symlink "${left_out[@]}"
    rm "$archive"
done
[ -e "$tree/usr/bin/swift" ] || ln -s ../libexec/swift/bin/swift "$tree/usr/bin/swift"
[ -e "$tree/usr/bin/cc" ] || ln -s gcc "$tree/usr/bin/cc"
mkdir -p "$tree"/{proc,dev,tmp,etc}
printf 'root:x:0:0:root:/tmp:/bin/bash\nnobody:x:65534:65534::/tmp:/bin/sh\n' > "$tree/etc/passwd"
printf 'root:x:0:\n' > "$tree/etc/group"

cat > "$tree/swift-in" <<'END'
#!/bin/bash
# swift-in WORKSPACE COMMAND...: see swift.sh. /tmp is empty at first and gone at the end.
set -euo pipefail
tree=$(cd "$(dirname "$0")" && pwd)
workspace=$(realpath "$1")
shift
mkdir -p "$tree$workspace"
# Processes have a namespace, too: when the first of them is killed, all are.
namespaces="--mount --propagation private --pid --fork --kill-child"
[ "$(id -u)" = 0 ] || namespaces="--user --map-root-user $namespaces"
export tree workspace folder=$PWD
exec unshare $namespaces bash -euc '
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    mount -t tmpfs tmpfs "$tree/tmp"
    mount --rbind "$workspace" "$tree$workspace"
    exec chroot "$tree" env PATH=/usr/bin:/bin HOME=/tmp TMPDIR=/tmp TERM=dumb LANG=C.UTF-8 \
        bash -euc '\''cd "$folder"; exec "$@"'\'' swift-in "$@"' swift-in "$@"
END
chmod +x "$tree/swift-in"
rm -rf "$state"
echo "$version" > "$tree/.complete"
