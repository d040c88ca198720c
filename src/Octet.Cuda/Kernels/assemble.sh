#!/bin/sh
# Assembles compiled kernels with NVIDIA's assembler, and says of each what it takes: sh assemble.sh [texts of Ptx], by default all.
# Needs ptxas (OCTET_PTXAS, or in PATH) and, to look at the machine code, nvdisasm beside it or in PATH; neither is needed to build or to run.
#
# A line is: kernel, target: registers; bytes of stack; of spills stored and loaded; of static shared memory; which of these there are in the machine code:
# products of matrices (HMMA, QMMA, HGMMA, QGMMA), loads of 16 bytes and copies that go on beside (LDG.128, LDGSTS.128, UTMALDG), and local memory (LDL, STL).
set -eu
export LC_ALL=C
ptxas=${OCTET_PTXAS:-ptxas}
case $ptxas in */*) disassembler=${ptxas%/*}/nvdisasm ;; *) disassembler=nvdisasm ;; esac
command -v "$disassembler" >/dev/null || disassembler=
cd "$(dirname "$0")/Ptx"
[ $# -gt 0 ] || set -- *.ptx
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

for text
do
    target=${text%.ptx}
    target=${target##*.}
    "$ptxas" -v -arch="$target" "$text" -o "$work/kernels" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    : >"$work/code"
    [ -z "$disassembler" ] || "$disassembler" -c "$work/kernels" >"$work/code"
    awk -v target="$target" -v disassembled="$disassembler" '
        FILENAME ~ /code$/ && /^\.text\./ { kernel = substr($1, 7, length($1) - 7) }
        FILENAME ~ /code$/ && /HMMA/ { has[kernel " HMMA"] = 1 }
        FILENAME ~ /code$/ && /QMMA/ { has[kernel " QMMA"] = 1 }
        FILENAME ~ /code$/ && /HGMMA/ { has[kernel " HGMMA"] = 1 }
        FILENAME ~ /code$/ && /QGMMA/ { has[kernel " QGMMA"] = 1 }
        FILENAME ~ /code$/ && /LDG\.E[A-Z.]*\.128/ { has[kernel " LDG.128"] = 1 }
        FILENAME ~ /code$/ && /LDGSTS[A-Z.]*\.128/ { has[kernel " LDGSTS.128"] = 1 }
        FILENAME ~ /code$/ && /UTMALDG/ { has[kernel " UTMALDG"] = 1 }
        FILENAME ~ /code$/ && / LDL/ { has[kernel " LDL"] = 1 }
        FILENAME ~ /code$/ && / STL/ { has[kernel " STL"] = 1 }
        FILENAME ~ /log$/ && /Compiling entry function/ { split($0, part, "\047"); kernel = part[2] }
        FILENAME ~ /log$/ && /bytes stack frame/ { stack = $1; stored = $5; loaded = $9 }
        FILENAME ~ /log$/ && /Used [0-9]+ registers/ {
            registers = $5
            shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH - 11) : 0
            line = kernel ", " target ": " registers "; " stack "; " stored ", " loaded "; " shared ";"
            count = split("HMMA QMMA HGMMA QGMMA LDG.128 LDGSTS.128 UTMALDG LDL STL", all, " ")
            for (i = 1; i <= count; i++) if (has[kernel " " all[i]]) line = line " " all[i]
            print line (disassembled == "" ? " ?" : "")
        }' "$work/code" "$work/log"
done | sort
