#!/bin/bash
# Stands in for cc, c++, ar and ranlib of a platform whose headers this machine has not: enough for `cargo check` and clippy,
# which look at Rust alone but run the build scripts of crates with C inside. Every file that is to be made is made, empty.
#
# The one thing done for real is preprocessing (-E), by the machine's own compiler: build scripts look with it what kind of
# compiler this is and which version of a library.
result='' preprocess='' previous='' for_host=()
for argument in "$@"; do
    case $previous in
    -o) result=$argument; previous=; continue ;;
    -target | -isysroot | -arch) previous=; continue ;; # the argument that belongs to it
    esac
    previous=$argument
    case $argument in
    '-?' | '/?') exit 1 ;; # only Microsoft's compiler knows it, and is recognised by that
    --version | -v | --help) echo "clang version 17.0.0 (stand-in)"; exit 0 ;;
    -E) preprocess=yes; for_host+=("$argument") ;;
    -o | -c | -target | -isysroot | -arch | --target=* | --sysroot* | -m*) ;; # of the other platform
    *.a) result=${result:-$argument} ;;
    *) for_host+=("$argument") ;;
    esac
done
[ -z "$preprocess" ] || exec /usr/bin/cc "${for_host[@]}"
if [ -n "$result" ]; then
    mkdir -p "$(dirname "$result")"
    : > "$result"
fi
