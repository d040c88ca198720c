#!/usr/bin/env bash
# The tests of numbers, files, kernels and models as an Arm64 program under qemu's emulation, on Debian with x86-64, as root:
#   bash tools/arm64/test.sh                     the classes below
#   bash tools/arm64/test.sh PROJECT CLASS...    others
# Half an hour: on request. What it gave last is in tools/arm64/results.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$PWD/artifacts/arm64
root=$work/root
apt=$work/apt
framework=${OCTET_ARM64_FRAMEWORK:-$(dotnet --list-runtimes | sed -nE 's/^Microsoft\.NETCore\.App (10\.[^ ]+).*/\1/p' | tail -n 1)}

if ! command -v qemu-aarch64-static >/dev/null; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends qemu-user-static
fi

# Arm64 libraries beside the system's own: unpacked, not installed, with lists of packages of their own.
if [ ! -e "$root/lib/ld-linux-aarch64.so.1" ]; then
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$root"
  touch "$apt/status"
  arm=(-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache")
  apt-get "${arm[@]}" update -qq
  icu=$(apt-cache "${arm[@]}" pkgnames libicu | grep -E '^libicu[0-9]+$' | sort -V | tail -n 1)
  (cd "$apt" && apt-get "${arm[@]}" download -qq -o APT::Sandbox::User=root libc6 libstdc++6 libgcc-s1 zlib1g libssl3 "$icu")
  for package in "$apt"/*.deb; do
    dpkg-deb -x "$package" "$root"
  done
fi

export QEMU_LD_PREFIX=$root DOTNET_GCHeapHardLimit=0x80000000 DOTNET_EnableWriteXorExecute=0 DOTNET_EnableDiagnostics=0
failed=0
run() {
  local project=$1 class total
  shift
  [ -e "$work/$project/$project" ] || dotnet publish "tests/$project" -c Release -r linux-arm64 --self-contained -p:RuntimeFrameworkVersion="$framework" -o "$work/$project" -v quiet --nologo
  for class in "$@"; do
    printf '%s: ' "$class"
    qemu-aarch64-static "$work/$project/$project" -noColor -class "*.$class" >"$work/$class.log" 2>&1 || failed=1
    total=$(sed -nE 's/^ *Octet[.A-Za-z]+ +(Total: .*)/\1/p' "$work/$class.log" | tail -n 1)
    echo "${total:-no result}"
    [[ $total == "Total: "[1-9]* ]] || failed=1
    grep -E '\[FAIL\]' "$work/$class.log" || true
  done
}

if [ $# -gt 0 ]; then
  run "$@"
else
  run Octet.Numerics.Tests Float8E4M3FNTests Float8E5M2Tests BlockScalingTests
  run Octet.Tests WideningTests RowDequantizerTests InputQuantizationTests LinearTests AttentionTests TransformersTests
fi

exit "$failed"
