namespace Octet.Server.Answers;

/// <summary>The latest constraints: clients send the same schema with every request, and what was found out about it is kept with it.</summary>
sealed class ConstraintCache
{
    const int Most = 64;

    // Of what was found out about all of them; the latest one is kept whatever it takes.
    const long MostBytes = 256 << 20;
    const int LongestKey = 64 * 1024;

    readonly Lock _gate = new();
    readonly Dictionary<string, LinkedListNode<(string Key, OutputConstraint Constraint)>> _byKey = new(StringComparer.Ordinal);
    readonly LinkedList<(string Key, OutputConstraint Constraint)> _oldestFirst = [];

    /// <param name="form">A form that is not any.</param>
    /// <exception cref="Http.ApiException">Nothing can be held to it.</exception>
    internal OutputConstraint Get(OutputForm form)
    {
        lock (_gate)
        {
            if (_byKey.TryGetValue(form.Key, out LinkedListNode<(string, OutputConstraint Constraint)>? known))
            {
                _oldestFirst.Remove(known);
                _oldestFirst.AddLast(known);
                return known.Value.Constraint;
            }
        }

        OutputConstraint made = Make(form);
        lock (_gate)
        {
            if (form.Key.Length <= LongestKey && !_byKey.ContainsKey(form.Key))
            {
                long bytes = _oldestFirst.Sum(static kept => kept.Constraint.Bytes);
                while (_oldestFirst.First is { } oldest && (_oldestFirst.Count >= Most || bytes > MostBytes))
                {
                    bytes -= oldest.Value.Constraint.Bytes;
                    _byKey.Remove(oldest.Value.Key);
                    _oldestFirst.RemoveFirst();
                }

                _byKey[form.Key] = _oldestFirst.AddLast((form.Key, made));
            }
        }

        return made;
    }

    static OutputConstraint Make(OutputForm form)
    {
        try
        {
            return form.Make!();
        }
        catch (ConstraintException error)
        {
            throw new Http.ApiException(StatusCodes.Status400BadRequest, $"{form.Path} cannot be promised: {error.Message}", form.Path, error.Error == ConstraintError.Unsupported ? "unsupported_parameter" : null, error);
        }
    }
}
