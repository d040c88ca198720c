#!/bin/sh
# Compiles the kernels to PTX, for each target the driver compiles for: sh build.sh [output folder], by default Ptx beside this file.
# Needs clang-19 (Debian: clang-19) and nothing of CUDA. The same sources give the same bytes; each file names the SHA-256 of those it is made of.
set -eu
cd "$(dirname "$0")"
out=${1:-Ptx}
clang=${CLANG:-clang++-19}
mkdir -p "$out"

# A kernel's hash is that of its source, the headers and this script, in the order of their names. Cards of sm_90 and later take what is made for sm_89.
for source in *.cu
do
    name=${source%.cu}
    hash=$(cat build.sh *.cuh "$source" | sha256sum | cut -d ' ' -f 1)
    for target in sm_80 sm_89
    do
        {
            echo "// sources $hash"
            $clang -x cuda --cuda-device-only --cuda-gpu-arch=$target --cuda-feature=+ptx84 -nocudainc -nocudalib -std=c++17 -O3 -Wall -Werror -S -o - "$source" |
                sed -e 's/[ \t]*\/\/.*$//' -e 's/^[ \t]*//' -e '/^$/d'
        } >"$out/$name.$target.ptx"
    done
done
