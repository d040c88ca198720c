#!/usr/bin/env bash
# Compiles these kernels to the PTX beside them, with clang 19 (Debian: clang-19) and nothing of CUDA's toolkit.
set -euo pipefail
cd "$(dirname "$0")"
compile() {
    clang++-19 -x cuda --cuda-device-only --cuda-gpu-arch="$2" --cuda-feature=+ptx84 -nocudainc -nocudalib -std=c++20 -O3 -S -o "$1.ptx" "$1.cu"
}
compile reduction sm_80
compile transpose sm_80
compile gemm sm_80
compile wgmma sm_90a
