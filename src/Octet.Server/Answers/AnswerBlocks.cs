namespace Octet.Server.Answers;

/// <summary>Puts an answer's pieces together to blocks, one open at a time, as the APIs of Anthropic and of responses have them.</summary>
sealed class AnswerBlocks
{
    readonly List<AnswerBlock> _blocks = [];
    AnswerBlock? _open;

    /// <summary>The blocks, without those that turned out to be none.</summary>
    internal IEnumerable<AnswerBlock> Whole => _blocks.Where(block => !block.IsBroken);

    /// <summary>Takes the next piece; what it changes is read in its order, and all of it.</summary>
    internal IEnumerable<(BlockStep Step, AnswerBlock Block, string Text)> Add(OutputPiece piece)
    {
        switch (piece.Kind)
        {
            case OutputKind.CallEnd:
                if (_open is { Kind: OutputKind.CallStart } call)
                {
                    call.IsBroken = piece.IsBroken;
                }

                return Close();
            case OutputKind.CallStart:
                return Close().Concat(Open(new AnswerBlock(OutputKind.CallStart, _blocks.Count) { Name = piece.Text, CallId = piece.Id }));
            case OutputKind.CallArguments:
                return More(piece.Text);
            default:
                return piece.Text.Length == 0 ? []
                    : _open?.Kind == piece.Kind ? More(piece.Text)
                    : Close().Concat(Open(new AnswerBlock(piece.Kind, _blocks.Count))).Concat(More(piece.Text));
        }
    }

    /// <summary>The answer is at its end.</summary>
    internal IEnumerable<(BlockStep Step, AnswerBlock Block, string Text)> Close()
    {
        if (_open is { } block)
        {
            _open = null;
            yield return (BlockStep.End, block, "");
        }
    }

    IEnumerable<(BlockStep, AnswerBlock, string)> Open(AnswerBlock block)
    {
        _blocks.Add(block);
        _open = block;
        yield return (BlockStep.Start, block, "");
    }

    IEnumerable<(BlockStep, AnswerBlock, string)> More(string text)
    {
        if (_open is { } block && text.Length > 0)
        {
            block.Text.Append(text);
            yield return (BlockStep.More, block, text);
        }
    }
}
