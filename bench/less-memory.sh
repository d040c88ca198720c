#!/usr/bin/env bash
# octet bench with less memory than the checkpoint has: bash bench/less-memory.sh BYTES MODEL [OPTION...]
# In a control group of its own (Linux, root), whose page cache counts too; the model's files are dropped from the cache first.
set -euo pipefail
limit=${1:?expected the bytes of memory, then a model} model=${2:?expected a model}
shift 2
tool=$(cd "$(dirname "$0")/.." && pwd)/artifacts/bin/Octet.Cli/release/octet
if [ -d /sys/fs/cgroup/memory ]; then
  group=/sys/fs/cgroup/memory/octet-less-memory.$$ file=memory.limit_in_bytes peak=memory.max_usage_in_bytes
else
  group=/sys/fs/cgroup/octet-less-memory.$$ file=memory.max peak=memory.peak
fi
mkdir "$group"
trap 'cat "$group/$peak" | sed "s/^/peak of the group  /"; rmdir "$group"' EXIT
echo "$limit" >"$group/$file"
find -L "$model" -name '*.safetensors' -exec dd of=/dev/null iflag=nocache count=0 status=none if={} \;
(
  echo "$BASHPID" >"$group/cgroup.procs"
  exec "$tool" bench "$model" "$@"
)
