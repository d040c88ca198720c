namespace Octet.Server.Answers;

/// <summary>The latest constraints: clients send the same schema with every request, and what was found out about it is kept with it.</summary>
sealed class ConstraintCache
{
    const int Most = 64;
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
                _byKey[form.Key] = _oldestFirst.AddLast((form.Key, made));
                if (_oldestFirst.Count > Most)
                {
                    _byKey.Remove(_oldestFirst.First!.Value.Key);
                    _oldestFirst.RemoveFirst();
                }
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
