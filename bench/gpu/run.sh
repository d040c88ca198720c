#!/usr/bin/env bash
# On a machine with an NVIDIA driver and nothing else: whether the kernels are right there, and how fast they are. Its steps are ended after so long that all take under nine minutes together; it writes
# RESULTS/<card>.md and what it is made of.
#   bash bench/gpu/pack.sh                    on the machine that builds
#   bash bench/gpu/pack/run.sh [RESULTS]      on the machine with the card; by default a folder `results` beside this file
# OCTET_GPU_SHAPE names the model (4b), OCTET_GPU_PARTS some of: doctor tests bench library cpu peers, OCTET_CUBLASLT the library that prompts are measured
# with beside Octet's own kernels; without it that of PyTorch or of the system, where there is one.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
results=$(mkdir -p "${1:-$here/results}" && cd "${1:-$here/results}" && pwd)
shape=${OCTET_GPU_SHAPE:-4b}
parts=${OCTET_GPU_PARTS:-doctor tests bench library cpu peers}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
tar -C "$work" -xzf "$here/octet.tar.gz"
octet="$work/tool/octet"
started=$SECONDS
failed=0

# The tool wants ICU for the normal forms of text alone, which nothing here needs.
ldconfig -p 2>/dev/null | grep -q libicuuc || export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
# Random weights go where there is most room: in memory, where it is not the disk.
[ "$(df --output=avail -k /dev/shm 2>/dev/null | tail -1)" -gt 16000000 ] 2>/dev/null && export TMPDIR=/dev/shm

# cuBLASLt, which is used where a step says so and nowhere else. PyTorch is not loaded for it: that takes seconds.
library=${OCTET_CUBLASLT:-$(python3 -c '
import glob, importlib.util, os
torch = importlib.util.find_spec("torch")
found = sorted(glob.glob(os.path.join(os.path.dirname(os.path.dirname(torch.origin)), "nvidia/*/lib/libcublasLt.so.1[23]"))) if torch and torch.origin else []
print(found[-1] if found else "")' 2>/dev/null)}
[ -z "$library" ] && ldconfig -p 2>/dev/null | grep -q 'libcublasLt\.so\.1[23]' && library=1
unset OCTET_CUBLASLT

wants() { case " $parts " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

# step NAME SECONDS COMMAND...: its output goes to NAME.txt, and is shown.
step() {
    local name=$1 limit=$2 rc=0
    shift 2
    echo "== $name ($((SECONDS - started)) s)"
    timeout -k 2 "$limit" "$@" >"$results/$name.txt" 2>&1 || rc=$?
    tail -n 60 "$results/$name.txt"
    if [ "$rc" -ne 0 ]; then
        echo "$name ended with $rc" | tee -a "$results/$name.txt"
        failed=1
    fi
    return 0
}

# median NAME TEST: of a step's table.
median() { awk -v test="$2" '$1 == test { print $2; exit }' "$results/$1.txt" 2>/dev/null; }

wants doctor && step doctor 45 "$octet" doctor --gpu
card=$(sed -nE 's/^cuda:0 +([^,]+), compute.*/\1/p' "$results/doctor.txt" 2>/dev/null | head -1)
if wants doctor && [ -z "$card" ]; then
    echo 'there is no card: see above' >&2
    exit 1
fi

card=${card:-card}

# The very tests that run in the emulator, on the card.
wants tests && step tests 105 env OCTET_CARD=cuda:0 bash "$here/tests.sh" "$work/tests/Octet.Cuda.Tests"

if wants bench; then
    step dynamic 165 "$octet" bench --device cuda --shape "$shape" --activation dynamic --context 33000 -p 1024,4096,32768 -n 128 -s 1,8,16,32,64,256 -d 2048
    step weight-only 55 "$octet" bench --device cuda --shape "$shape" --context 4096 -p 4096 -n 64 -s 1
fi

# The same prompts, multiplied by cuBLASLt: what of it is used, and why not, the line of the device says.
if wants library && [ -n "$library" ] && [ "$library" != 0 ]; then
    step library 45 env OCTET_CUBLASLT="$library" "$octet" bench --device cuda --shape "$shape" --activation dynamic --context 4200 -p 1024,4096 -n 0
fi

if wants cpu; then
    step cpu 40 "$octet" bench --shape 0.6b -p 512 -n 32
fi

# Beside it, where there is PyTorch: Hugging Face transformers, and cuBLASLt's products of the same shapes.
wants peers && step peers 80 python3 "$here/peers.py"

slug=$(echo "$card" | tr 'A-Z' 'a-z' | tr -cs 'a-z0-9' '-' | sed 's/^-//; s/-$//')
report="$results/$slug.md"
{
    echo "# $card"
    echo
    echo "\`bench/gpu/run.sh\` at commit $(cat "$here/commit" 2>/dev/null || echo unknown), $(date -u +%Y-%m-%d), $((SECONDS - started)) s; the model is random weights of Qwen3-$shape's shape in E4M3."
    if grep -q 'E4M3 by cuBLASLt' "$results/library.txt" 2>/dev/null; then
        printf '\n| tokens/s of a prompt | Octet'"'"'s kernels | layers by cuBLASLt |\n|---|---|---|\n'
        for tokens in 1024 4096; do
            echo "| $tokens | $(median dynamic "pp$tokens") | $(median library "pp$tokens") |"
        done
    fi
    for name in doctor tests dynamic weight-only library cpu peers; do
        [ -s "$results/$name.txt" ] || continue
        printf '\n## %s\n\n```text\n' "$name"
        # Of the tests, what failed and their sum.
        if [ "$name" = tests ]; then grep -E 'FAIL|Total|ended with|waiting for' "$results/$name.txt" | head -90; else cat "$results/$name.txt"; fi
        printf '```\n'
    done
} >"$report"
echo "== $report ($((SECONDS - started)) s)"
exit "$failed"
