#!/usr/bin/env bash
# Makes what bench/gpu/run.sh takes to a machine with a card: the tool compiled ahead, and the tests of the kernels with the runtime they need.
#   bash bench/gpu/pack.sh [FOLDER]     by default bench/gpu/pack, which git ignores
set -euo pipefail
cd "$(dirname "$0")/../.."
pack=${1:-bench/gpu/pack}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$pack"
mkdir -p "$pack"
quiet='-v q -p:DebugType=none -p:GenerateDocumentationFile=false'

dotnet restore --ucr -p:NativeTool=true src/Octet.Cli -v q
dotnet publish -c Release --ucr --no-restore -p:NativeTool=true $quiet -o "$work/tool" src/Octet.Cli
rm -f "$work"/tool/*.dbg "$work"/tool/*.xml "$work"/tool/*.pdb

dotnet publish -c Release --ucr --self-contained $quiet -p:ErrorOnDuplicatePublishOutputFiles=false -o "$work/tests" tests/Octet.Cuda.Tests
rm -rf "$work"/tests/*.xml "$work"/tests/*.pdb "$work"/tests/{cs,de,es,fr,it,ja,ko,pl,pt-BR,ru,tr,zh-Hans,zh-Hant}

tar -C "$work" -czf "$pack/octet.tar.gz" tool tests
cp bench/gpu/run.sh bench/gpu/peers.py "$pack/"
git rev-parse --short HEAD > "$pack/commit" 2>/dev/null || echo unknown > "$pack/commit"
size=$(stat -c %s "$pack/octet.tar.gz")
echo "$pack: $((size / 1000000)) MB"
[ "$size" -lt 60000000 ] || { echo 'that is more than 60 MB, which device machines take at most' >&2; exit 1; }
