#!/usr/bin/env bash
# Planted mutants of the tokenizers and templates: each one line changed, which the tests must notice. bash tests/mutants.sh
# In a copy of the last commit. Prints a line a mutant; ends with 1 where one lives.
set -uo pipefail
cd "$(dirname "$0")/.."
here=$(pwd)
copy=$(mktemp -d)
trap 'git -C "$here" worktree remove --force "$copy/octet" 2>/dev/null; rm -rf "$copy"' EXIT
git worktree add -q --detach "$copy/octet" HEAD
export OCTET_FIXTURES=${OCTET_FIXTURES:-$(realpath "$here/../shared/fixtures" 2>/dev/null || true)} OCTET_MUTANTS=1
cd "$copy/octet"
lived=0 killed=0

mutant() { # name, file below src/Octet.Tokenizers, text that is there once, text instead
  local file=src/Octet.Tokenizers/$2
  if ! python3 - "$file" "$3" "$4" <<'P'; then
import sys
path, old, new = sys.argv[1:]
text = open(path).read()
if text.count(old) != 1:
    sys.exit('%s: %d times: %s' % (path, text.count(old), old))
open(path, 'w').write(text.replace(old, new))
P
    echo "NOT PLANTED  $1"; lived=$((lived + 1)); return
  fi
  if ! dotnet build -c Release -v q --nologo tests/Octet.Tokenizers.Tests >"$copy/build" 2>&1; then
    echo "NO BUILD     $1"; tail -3 "$copy/build"; lived=$((lived + 1))
  else
    artifacts/bin/Octet.Tokenizers.Tests/release/Octet.Tokenizers.Tests >"$copy/tests" 2>&1
    if [ $? -eq 0 ]; then
      echo "LIVES        $1"; lived=$((lived + 1))
    else
      echo "killed       $1: $(grep -c '\[FAIL\]' "$copy/tests") tests, e.g. $(grep -m1 '\[FAIL\]' "$copy/tests" | grep -oE '[A-Za-z]+Tests\.[A-Za-z_0-9]+')"; killed=$((killed + 1))
    fi
  fi
  git checkout -q -- .
}

mutant 'letter numbers are no numbers' PreTokenizers/ScalarClass.cs 'UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or' 'UnicodeCategory.DecimalDigitNumber or'
mutant 'letter numbers are no words' WordCharacter.cs 'UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber' 'UnicodeCategory.OtherLetter'
mutant 'joiners are no words' WordCharacter.cs '0x200C or 0x200D or ' ''
mutant 'the long s is no s' PreTokenizers/Contraction.cs '\u017F"u8' '\u017E"u8'
mutant 'a negative width of %*d does not align' ChatTemplates/PercentFormat.cs "('<', \" \", -into.Width)" "(into.Align, into.Fill, -into.Width)"
mutant '%e over a power of ten' ChatTemplates/DecimalText.cs 'exponent += text.Length > digits + 1 ? 1 : -1;' 'exponent += text.Length > digits + 1 ? 1 : 0;'
mutant '%e rounded over a power of ten' ChatTemplates/DecimalText.cs 'exponent += text.Length > digits + 1 ? 1 : -1;' 'exponent += text.Length > digits + 1 ? 0 : -1;'
mutant 'for-else after break' ChatTemplates/For.cs 'Flow flow = body.Execute(inner, state);' 'Flow flow = body.Execute(inner, state); ran = true;'
mutant 'nested post-processors the other way round' Reading/PostProcessorPart.cs 'inner.Within(outer)' 'outer.Within(inner)'
mutant '%U begins on Monday' ChatTemplates/Strftime.cs "'U' => ((time.DayOfYear + 6 - weekday) / 7)" "'U' => ((time.DayOfYear + 7 - isoWeekday) / 7)"
mutant '%W begins on Sunday' ChatTemplates/Strftime.cs "'W' => ((time.DayOfYear + 7 - isoWeekday) / 7)" "'W' => ((time.DayOfYear + 6 - weekday) / 7)"
mutant 'quotients round up at a half' ChatTemplates/DecimalText.cs '(half == 0 && !quotient.IsEven)' 'half == 0'
mutant 'a zero flag wins over minus' ChatTemplates/PercentFormat.cs "if (zero && into.Align == '\\0')" "if (zero)"
mutant 'contractions look at the case of none' PreTokenizers/Contraction.cs 'ignoreCase && value is' 'value is'
echo "$killed killed, $lived lived"
exit $((lived > 0))
