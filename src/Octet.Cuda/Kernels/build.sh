#!/bin/sh
# Compiles the kernels to PTX, for each target the driver compiles for: sh build.sh [output folder [sources]], by default Ptx beside this file, and all.
# Needs clang-19 (Debian: clang-19) and nothing of CUDA. The same sources give the same bytes; each file names the SHA-256 of those it is made of.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
out=${1:-Ptx}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- *.cu
clang=${CLANG:-clang++-19}
mkdir -p "$out"

# A source whose first line says `// targets: ...` is compiled for those alone.
# A kernel's hash is that of its source, the headers and this script, in the order of their names. PTX 8.0 of sm_90a is what drivers
# from R525 on read; the others have what needs R550.
for source
do
    name=${source%.cu}
    hash=$(cat build.sh *.cuh "$source" | sha256sum | cut -d ' ' -f 1)
    targets=$(sed -n '1s/^\/\/ targets: //p' "$source")
    for form in sm_80:ptx84 sm_89:ptx84 sm_90a:ptx80
    do
        target=${form%:*}
        case " ${targets:-$target} " in *" $target "*) ;; *) continue ;; esac
        {
            echo "// sources $hash"
            $clang -x cuda --cuda-device-only --cuda-gpu-arch=$target --cuda-feature=+${form#*:} -nocudainc -nocudalib -std=c++17 -O3 -Wall -Werror -S -o - "$source" |
                sed -e 's/[ \t]*\/\/.*$//' -e 's/^[ \t]*//' -e '/^$/d'
        } >"$out/$name.$target.ptx"
    done
done
