using System.Numerics;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Python's equality, order, identity and membership.</summary>
static class Comparison
{
    internal static bool NumbersEqual(object? left, object? right)
    {
        if (left is double || right is double)
        {
            return CompareNumbers(left, right) == 0;
        }

        return left is long a && right is long b ? a == b : PythonType.ToBig(left) == PythonType.ToBig(right);
    }

    internal static bool Equal(RenderState state, object? left, object? right)
    {
        state.Charge();
        if (PythonType.IsText(left) && PythonType.IsText(right))
        {
            return TextsEqual(state, left, right);
        }

        if (PythonType.IsNumber(left) && PythonType.IsNumber(right))
        {
            return NumbersEqual(left, right);
        }

        switch (left, right)
        {
            case (Undefined, Undefined):
                return true;
            case (List<object?> a, List<object?> b):
                return ItemsEqual(state, a, b);
            case (PythonTuple a, PythonTuple b):
                return ItemsEqual(state, a.Items, b.Items);
            case (PythonDictionary a, PythonDictionary b):
                return EntriesEqual(state, a, b);
            case (PythonRange a, PythonRange b):
                return a.Count == b.Count && (a.Count == 0 || (a[0] == b[0] && a[a.Count - 1] == b[b.Count - 1]));
            default:
                return ReferenceEquals(left, right);
        }
    }

    /// <summary>Python's <c>is</c>, as far as CPython promises it: singletons, and one object with itself; equal small values are one.</summary>
    internal static bool Same(RenderState state, object? left, object? right) => (left, right) switch
    {
        (null, null) => true,
        (bool a, bool b) => a == b,
        (long a, long b) => a == b,
        (string, string) => TextsEqual(state, left, right),
        (double a, double b) => a.Equals(b),
        _ => ReferenceEquals(left, right),
    };

    /// <summary>The sign of left against right; an error where Python has no order.</summary>
    internal static int Compare(RenderState state, object? left, object? right, string symbol = "<")
    {
        state.Charge();
        if (PythonType.IsNumber(left) && PythonType.IsNumber(right))
        {
            // A NaN is neither below, nor above, nor equal.
            return CompareNumbers(left, right) ?? (symbol.StartsWith('<') ? 1 : -1);
        }

        if (PythonType.IsText(left) && PythonType.IsText(right))
        {
            state.ChargeScan(Math.Min(PythonType.TextLength(left), PythonType.TextLength(right)));
            return CodePoints.Compare(PythonType.Characters(left), PythonType.Characters(right));
        }

        return (left, right) switch
        {
            (List<object?> a, List<object?> b) => CompareItems(state, a, b, symbol),
            (PythonTuple a, PythonTuple b) => CompareItems(state, a.Items, b.Items, symbol),
            _ => throw (left is Undefined || right is Undefined
                ? state.Use((Undefined)(left is Undefined ? left : right!))
                : state.TypeError($"'{symbol}' not supported between instances of '{PythonType.Name(left)}' and '{PythonType.Name(right)}'")),
        };
    }

    /// <summary>A stable order, also in reverse, as Python's <c>sorted</c> keeps it.</summary>
    internal static List<T> Sorted<T>(RenderState state, IEnumerable<T> items, Func<T, object?> key, bool reverse)
    {
        IComparer<object?> order = Comparer<object?>.Create((left, right) => Compare(state, left, right));
        try
        {
            return [.. reverse ? items.OrderByDescending(key, order) : items.OrderBy(key, order)];
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException)
        {
            throw error.InnerException as ChatTemplateException ?? state.ValueError("the elements have no order: one of them is not a number");
        }
    }

    internal static bool Contains(RenderState state, object? container, object? item)
    {
        switch (container)
        {
            case string or Rope or Markup:
                if (!PythonType.IsText(item))
                {
                    throw item is Undefined undefined ? state.Use(undefined) : state.TypeError($"'in <string>' requires string as left operand, not {PythonType.Name(item)}");
                }

                ReadOnlySpan<char> sought = PythonType.Characters(item);
                return sought.IsEmpty || new TextSearch(state, sought).Find(state, PythonType.Characters(container)) >= 0;
            case PythonDictionary dictionary:
                return dictionary.TryGet(state, item, out _);
            case DictionaryView { TypeName: "dict_keys" } view:
                return view.Dictionary.TryGet(state, item, out _);
        }

        foreach (object? candidate in Iteration.Of(state, container, "argument of type '{0}' is not iterable"))
        {
            if (Equal(state, candidate, item))
            {
                return true;
            }
        }

        return false;
    }

    static bool TextsEqual(RenderState state, object? left, object? right)
    {
        int length = PythonType.TextLength(left);
        if (length != PythonType.TextLength(right))
        {
            return false;
        }

        state.ChargeScan(length);
        return PythonType.Characters(left).SequenceEqual(PythonType.Characters(right));
    }

    static bool ItemsEqual(RenderState state, IReadOnlyList<object?> left, IReadOnlyList<object?> right)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        state.Enter();
        bool equal = true;
        for (int index = 0; equal && index < left.Count; index++)
        {
            equal = Equal(state, left[index], right[index]);
        }

        state.Leave();
        return equal;
    }

    static bool EntriesEqual(RenderState state, PythonDictionary left, PythonDictionary right)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        state.Enter();
        bool equal = true;
        foreach ((object? key, object? value) in left)
        {
            equal = right.TryGet(state, key, out object? other) && Equal(state, value, other);
            if (!equal)
            {
                break;
            }
        }

        state.Leave();
        return equal;
    }

    static int CompareItems(RenderState state, IReadOnlyList<object?> left, IReadOnlyList<object?> right, string symbol)
    {
        state.Enter();
        int result = left.Count.CompareTo(right.Count);
        for (int index = 0; index < Math.Min(left.Count, right.Count); index++)
        {
            if (!Equal(state, left[index], right[index]))
            {
                result = Compare(state, left[index], right[index], symbol);
                break;
            }
        }

        state.Leave();
        return result;
    }

    /// <summary>Exact also between integers and floats; <see langword="null"/> with a NaN.</summary>
    static int? CompareNumbers(object? left, object? right)
    {
        if (left is double a && right is double b)
        {
            return double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b);
        }

        if (left is double real)
        {
            if (!double.IsFinite(real))
            {
                return double.IsNaN(real) ? null : Math.Sign(real);
            }

            BigInteger floor = new(Math.Floor(real));
            int order = floor.CompareTo(PythonType.ToBig(right));
            return order == 0 && real != Math.Floor(real) ? 1 : order;
        }

        return right is double ? -CompareNumbers(right, left) : PythonType.ToBig(left).CompareTo(PythonType.ToBig(right));
    }
}
