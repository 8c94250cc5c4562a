#!/bin/bash
# arm64.sh FOLDER
#
# Downloads a C compiler for arm64 Linux, and the emulator that runs what it makes, from the distribution that this machine
# already uses, and unpacks them into FOLDER/tree, with start scripts in FOLDER. What it downloads with is in `archive.sh`,
# which comes before it.
#
# Exit codes: 3 no usable package source on this machine, 4 the programs are not in it, 2 wrong arguments.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: arm64.sh FOLDER" >&2; exit 2; }
open_archive "$1"
components=main
[ "$distribution" = debian ] || components="main universe"
use_suites "$release" "$components"
private_apt update

# The compiler with the C library that it compiles for, the emulator, and what both link to; the C library and the rest of the
# base system stay this machine's. The compiler's sanitizers are not used.
packages="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
needed='^(gcc-[0-9]*-?aarch64|cpp-[0-9]*-?aarch64|binutils-aarch64|libc6-arm64|libc6-dev-arm64|linux-libc-dev-arm64|libgcc)'
needed="$needed|^(qemu-user|libisl|libmpc|libmpfr|libgmp|libjansson|libzstd|libcapstone|libglib2|libpcre2|libffi|libgnutls)"
needed="$needed|^(libnettle|libhogweed|libunistring|libidn2|libp11-kit|libtasn1|libnuma|liburing)"
private_apt -s install --no-install-recommends $packages > "$state/plan" \
    || { echo "$release has not all of: $packages" >&2; exit 4; }
unpack_packages "$folder/tree" $(awk '/^Inst/ { print $2 }' "$state/plan" | grep -E "$needed" | grep -v '^libgcc-s1$')

# The packages' programs know the folder that they are installed to, and find what lies beside them from where they are. What is
# told them is where the other platform's C library is: its linker scripts hold absolute paths.
for program in gcc ar ranlib strip; do
    cat > "$folder/aarch64-linux-gnu-$program" <<'END'
#!/bin/sh
tree=$(cd "$(dirname "$0")" && pwd)/tree
LD_LIBRARY_PATH=$tree/usr/lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH
END
    sysroot=
    [ "$program" = gcc ] && sysroot=' --sysroot="$tree"'
    printf 'exec "$tree/usr/bin/aarch64-linux-gnu-%s"%s "$@"\n' "$program" "$sysroot" >> "$folder/aarch64-linux-gnu-$program"
done
cat > "$folder/qemu-aarch64" <<'END'
#!/bin/sh
tree=$(cd "$(dirname "$0")" && pwd)/tree
LD_LIBRARY_PATH=$tree/usr/lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH
exec "$tree/usr/bin/qemu-aarch64" -U LD_LIBRARY_PATH -L "$tree/usr/aarch64-linux-gnu" "$@"
END
chmod +x "$folder"/aarch64-linux-gnu-* "$folder/qemu-aarch64"

# A program that is made and run tells more than a list of packages.
printf 'int main(void) { return 0; }\n' > "$state/check.c"
"$folder/aarch64-linux-gnu-gcc" -o "$state/check" "$state/check.c" || { echo "the unpacked compiler does not work" >&2; exit 4; }
"$folder/qemu-aarch64" "$state/check" || { echo "the unpacked emulator does not work" >&2; exit 4; }
touch "$folder/.complete"
