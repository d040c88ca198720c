#!/usr/bin/env bash
# Octet beside llama.cpp on this machine: bash bench/peers/run.sh [SHAPE...] [OPTION...]; --help lists both.
set -euo pipefail
cd "$(dirname "$0")/../.."
dotnet build -c Release -v quiet --nologo src/Octet.Cli >&2
exec dotnet run -c Release --project bench/Octet.Measurements -- peers "$@"
