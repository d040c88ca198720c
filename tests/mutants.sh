#!/usr/bin/env bash
# Planted mutants, each a line changed, which the tests must notice: of tokenizers and templates, and of the engine the faults that it once had
# (misuse, pressed memory). bash tests/mutants.sh [tokenizers|engine [PART OF A NAME]]
# In a copy of the last commit. Prints a line a mutant; ends with 1 where one lives.
set -uo pipefail
cd "$(dirname "$0")/.."
here=$(pwd)
copy=$(mktemp -d)
trap 'git -C "$here" worktree remove --force "$copy/octet" 2>/dev/null; rm -rf "$copy"' EXIT
git worktree add -q --detach "$copy/octet" HEAD
export OCTET_FIXTURES=${OCTET_FIXTURES:-$(realpath "$here/../shared/fixtures" 2>/dev/null || true)} OCTET_MUTANTS=1
cd "$copy/octet"
lived=0 killed=0 only=${2:-}

mutant() { # name, file below src, text that is there once, text instead
  [[ $1 == *"$only"* ]] || return 0
  local file=src/$source/$2
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
  if ! dotnet build -c Release -v q --nologo "tests/$project" >"$copy/build" 2>&1; then
    echo "NO BUILD     $1"; tail -3 "$copy/build"; lived=$((lived + 1))
  else
    # A deadlock is an answer too.
    timeout 120 "artifacts/bin/$project/release/$project" "${filter[@]}" >"$copy/tests" 2>&1
    if [ $? -eq 0 ]; then
      grep -q 'Total: [1-9]' "$copy/tests" || echo "no test ran for:"
      echo "LIVES        $1"; lived=$((lived + 1))
    else
      echo "killed       $1: $(grep -c '\[FAIL\]' "$copy/tests") tests, e.g. $(grep -m1 '\[FAIL\]' "$copy/tests" | grep -oE '[A-Za-z]+Tests\.[A-Za-z_0-9]+')"; killed=$((killed + 1))
    fi
  fi
  git checkout -q -- .
}

if [ "${1:-tokenizers}" = tokenizers ]; then
# Without what measures time and steps.
source=Octet.Tokenizers project=Octet.Tokenizers.Tests filter=(-class- '*GrowthTests' -class- '*GrowthFuzzTests' -class- '*HostileTemplateTests' -class- '*DepthTests' -class- '*PropertyTests')
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
fi

if [ "${1:-engine}" = engine ]; then
source=Octet project=Octet.Tests filter=()
for class in MemoryFault Forgotten SharedMemory Callback Session Cancellation End BatchedDecode ContextBudget WorkerPool NativeMemory Sampler Statistics AnswerText ScoreWindow; do filter+=(-class "*.${class}Tests"); done
mutant 'a callback of Score runs in the turn' Generation/Engine.cs 'logits(start + done + row + i, space.Logits.AsSpan(i * VocabularySize, VocabularySize));' '_turns.Enter(cancellationToken); try { logits(start + done + row + i, space.Logits.AsSpan(i * VocabularySize, VocabularySize)); } finally { _turns.Leave(); }'
mutant 'a session of another model generates' LanguageModel.Text.cs 'if (session?.IsOf(_engine) == false)' 'if (session?.IsOf(_engine) == null && session is not null)'
mutant 'a session of another model is evaluated' LanguageModel.cs 'if (!sessions[i].IsOf(_engine))' 'if (!sessions[i].IsOf(_engine) && i > 99)'
mutant 'a disposed session begins' Generation/InferenceSession.cs 'ObjectDisposedException.ThrowIf((state & Disposed) != 0, this);
        if (state != 0)' 'if (state == InUse)'
mutant 'two operations on one session' Generation/InferenceSession.cs 'if (state != 0)
        {
            throw' 'if (state > 99)
        {
            throw'
mutant 'a session that is disposed of in its wait computes' Generation/Engine.cs 'ThrowIfDisposed();
        session.ThrowIfDisposed();' 'ThrowIfDisposed();'
mutant 'the plan ignores what was asked for' Generation/ContextBudget.cs 'Math.Min(options.ContextLength ?? longest, fits)' 'Math.Min(longest, fits)'
mutant 'other models are ignored' Backends/MemoryLedger.cs 'internal long Room => Math.Max(0, capacity - WeightBytes - Taken);' 'internal long Room => Math.Max(0, capacity - WeightBytes);'
mutant 'room that was not used is kept' Generation/InferenceSession.cs '=> Computed = Math.Min(Computed, Sequence.Truncate(Length));' '=> _ = Computed;'
mutant 'a size is raised before its memory is there' Backends/Cpu/GrowingMemory.cs 'NativeBlock block = NativeBlock.Allocate(ledger, bytes);' '_bytes = bytes; NativeBlock block = NativeBlock.Allocate(ledger, bytes);'
mutant 'memory is freed before the new one is there' Backends/Cpu/GrowingMemory.cs 'NativeBlock block = NativeBlock.Allocate(ledger, bytes);
            _block?.Dispose();' '_block?.Dispose();
            NativeBlock block = NativeBlock.Allocate(ledger, bytes);'
mutant 'a cancellation waits for the chunk' Models/DecoderModel.cs 'cancellationToken.ThrowIfCancellationRequested();' ''
mutant 'a drawn seed is not told' Generation/TextGeneration.cs '{ Seed = seed }' '{ Seed = 0 * seed }'
mutant 'threads stay where one cannot start' Backends/Cpu/WorkerCrew.cs 'Stop();
                Join(i);' 'Join(0);'
mutant 'a forgotten pool lives on' Backends/Cpu/WorkerPool.cs '~WorkerPool() => _crew?.Stop();' '~WorkerPool() => _ = _crew;'
mutant 'a full cache does not look for forgotten sessions' Generation/Engine.cs '&& !TryReserveAfterCollection(session, ids.Length)' ''
mutant 'what a failed step had begun is counted' Generation/Engine.cs '_model.Forward(_batch, _cache, states, cancellationToken);
        }
        finally
        {
            _model.Observer = null;' '_model.Forward(_batch, _cache, states, CancellationToken.None);
        }
        finally
        {
            _model.Observer = null;'
fi
echo "$killed killed, $lived lived"
exit $((lived > 0))
