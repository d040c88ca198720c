#!/usr/bin/env bash
# The tests of kernels, models and drawing on the card that OCTET_CARD names. Each class is a process of its own: where a kernel breaks the card's context, no later
# call of its process works any more, and the other classes still tell. Such a class runs once more, and waits for each kernel, so that the first error names the one.
#   bash tests.sh RUNNER
set -uo pipefail
runner=$1
broken='CUDA_ERROR_(ECC_UNCORRECTABLE|NVLINK_UNCORRECTABLE|ILLEGAL_ADDRESS|LAUNCH_TIMEOUT|ASSERT|HARDWARE_STACK_ERROR|ILLEGAL_INSTRUCTION|MISALIGNED_ADDRESS|INVALID_ADDRESS_SPACE|INVALID_PC|LAUNCH_FAILED)'
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM
status=0

run() {
    local rc=0
    timeout -k 2 40 "$runner" -class "$class" -parallel none -noColor >"$log" 2>&1 || rc=$?
    grep -vE '^ *(Discover|Starting|Finished)|^xUnit|^=== ' "$log"
    [ "$rc" -eq 0 ] || echo "$class ended with $rc"
    return "$rc"
}

# Those of the emulator itself skip; those of the sources are for where these are.
classes=$("$runner" -list classes -class '*.Kernels.*' -class '*.Models.*' -class '*.Sampling.*' -class- '*.SourceTests' -class- '*.CountTests' -class- '*.BudgetTests' -class- '*.MutantTests' -noColor 2>&1)
names=$(grep '^Octet\.' <<<"$classes")
[ -n "$names" ] || { echo "$runner names no classes of tests: $classes" >&2; exit 1; }
for class in $names; do
    echo "$class"
    run && continue
    status=1
    grep -qE "$broken" "$log" && { echo "$class, waiting for each kernel"; OCTET_CUDA_SYNC=1 run || true; }
done

exit "$status"
