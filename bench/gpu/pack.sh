#!/usr/bin/env bash
# Makes what bench/gpu/run.sh takes to a machine with a card: the tool compiled ahead, and the tests of the kernels with the runtime they need. Takes python3,
# and what a native build of the tool takes (a C compiler and zlib).
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
# The tests use the tool's classes, and nothing of its server; nobody debugs there.
python3 bench/gpu/prune.py "$work/tests" 'Microsoft.AspNetCore.*' 'Microsoft.VisualBasic*' System.Data.Common.dll System.Private.DataContractSerialization.dll \
    'libmscor*.so' libclrgcexp.so libcoreclrtraceptprovider.so 'Microsoft.Extensions.*' 'System.Net.Quic*' 'System.Net.Mail*' 'System.Net.WebSockets*' \
    'System.Net.HttpListener*' 'Spectre.Console*'
rm -rf "$work"/tests/models "$work"/tests/*.xml "$work"/tests/*.pdb "$work"/tests/{cs,de,es,fr,it,ja,ko,pl,pt-BR,ru,tr,zh-Hans,zh-Hant}

tar -C "$work" -c tool tests | gzip -9 > "$pack/octet.tar.gz"
cp bench/gpu/run.sh bench/gpu/tests.sh bench/gpu/peers.py "$pack/"
git rev-parse --short HEAD > "$pack/commit" 2>/dev/null || echo unknown > "$pack/commit"
size=$(stat -c %s "$pack/octet.tar.gz")
echo "$pack: $((size / 1000000)) MB"
[ "$size" -lt 60000000 ] || { echo 'that is more than 60 MB, which device machines take at most' >&2; exit 1; }
