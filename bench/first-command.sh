#!/usr/bin/env bash
# How long a newcomer waits: from `git clone` to the answer of the README's first command, and the whole solution's build, each in a
# fresh clone with nothing built and no compiler running. Packages are downloaded before the clock starts. Several commits are measured
# in turns, so that they share a machine's moods:
#
#     bash bench/first-command.sh [COMMIT ...]        (default: HEAD)
#
# It stops the machine's .NET build servers: run nothing else beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
unset CI
[ $# -gt 0 ] || set -- HEAD

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

clone() {
  rm -rf "$work/clone"
  git clone -q "$repository" "$work/clone"
  git -C "$work/clone" checkout -q --detach "$1"
}

# Seconds that a command takes, its output aside.
seconds() {
  local start
  start=$(date +%s.%N)
  "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  date +%s.%N | awk -v start="$start" '{ printf "%.1f", $1 - start }'
}

first_command() {
  clone "$1"
  cd "$work/clone"
  dotnet run -c Release --project src/Octet.Cli -- run "What is E4M3?"
}

solution() {
  cd "$work/clone"
  dotnet build -c Release
}

commits=()
for name in "$@"; do commits+=("$(git rev-parse --short "$name^{commit}")"); done
for commit in "${commits[@]}"; do
  clone "$commit"
  (cd "$work/clone" && dotnet restore >/dev/null)
done

echo "$(nproc) processors, $(uname -sm), .NET SDK $(dotnet --version), $(date -u +%F)"
for commit in "${commits[@]}"; do
  dotnet build-server shutdown >/dev/null 2>&1
  echo "$commit clone to answer $(seconds first_command "$commit") s"
  clone "$commit"
  dotnet build-server shutdown >/dev/null 2>&1
  echo "$commit whole solution $(seconds solution) s"
done
dotnet build-server shutdown >/dev/null 2>&1
