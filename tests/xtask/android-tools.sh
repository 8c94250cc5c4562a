#!/bin/bash
# android-tools.sh FOLDER
#
# Downloads aapt2, zipalign and apksigner from the distribution that this machine already uses and unpacks them into
# FOLDER/tree, with start scripts in FOLDER. What it downloads with is in `archive.sh`, which comes before it.
#
# Exit codes: 3 no usable package source on this machine, 4 the tools are not in it, 2 wrong arguments.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: android-tools.sh FOLDER" >&2; exit 2; }
open_archive "$1"
components=main
[ "$distribution" = debian ] || components="main universe"
use_suites "$release" "$components"
private_apt update

# The tools and what they link to; the C library and the rest of the base system stay this machine's. (Debian's
# libziparchive is linked to a plug-in of p7zip.)
private_apt -s install --no-install-recommends aapt zipalign apksigner > "$state/plan" \
    || { echo "$release has not all of: aapt zipalign apksigner" >&2; exit 4; }
unpack_packages "$folder/tree" $(awk '/^Inst/ { print $2 }' "$state/plan" \
    | grep -E '^(aapt|zipalign|apksigner|android-lib|libapksig|libzopfli|libprotobuf-lite|p7zip-full|libexpat1|libpng16)')

for program in aapt2 zipalign; do
    cat > "$folder/$program" <<'END'
#!/bin/sh
tree=$(cd "$(dirname "$0")" && pwd)/tree
libraries=$(echo "$tree"/usr/lib/*-linux-gnu)
LD_LIBRARY_PATH=$libraries/android:$libraries:$tree/usr/lib/p7zip:$tree/usr/lib
export LD_LIBRARY_PATH
END
    printf 'exec "$tree/usr/bin/%s" "$@"\n' "$program" >> "$folder/$program"
done
cat > "$folder/apksigner" <<'END'
#!/bin/sh
tree=$(cd "$(dirname "$0")" && pwd)/tree
exec java -jar "$tree/usr/share/java/apksigner.jar" "$@"
END
chmod +x "$folder"/{aapt2,zipalign,apksigner}
"$folder/aapt2" version >/dev/null 2>&1 || { echo "the unpacked aapt2 does not run" >&2; exit 4; }
touch "$folder/.complete"
