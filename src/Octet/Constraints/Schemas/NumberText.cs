using System.Globalization;

namespace Octet.Constraints.Schemas;

/// <summary>
/// The numbers between two bounds, digit by digit. What has been written is compared with the first digits of a bound: as long as they are equal the
/// bound is near, and a digit may not pass it; after that anything may come. Multiples are told by the remainder so far.
/// </summary>
sealed class NumberText
{
    // Places grow with it.
    internal const int MostMultiple = 1000;

    readonly List<(int From, Expression? With, int To)> _edges = [];
    readonly Dictionary<Place, int> _nodes = [];
    readonly Queue<(Place Place, Bound Low, Bound High)> _open = new();
    readonly bool _isWhole;
    readonly int _multiple;
    readonly List<int> _ends = [];
    int _count = 1;

    NumberText(bool isWhole, int multiple)
    {
        _isWhole = isWhole;
        _multiple = multiple;
    }

    /// <summary>A bound of a number's magnitude: its digits in front of the point and behind it.</summary>
    sealed record Bound(string Whole, string Fraction, bool IsExclusive);

    /// <summary>Where one is in a number. Where no bound is near, numbers of all lengths share their places.</summary>
    /// <param name="Rest">Digits that are still to come in front of the point; -1: right behind it, -2: further on.</param>
    /// <param name="At">Digits that came of the part at hand; 0 where no bound is near and they do not matter.</param>
    /// <param name="IsNearLow">Whether all digits so far are those of the lower bound.</param>
    /// <param name="IsNearHigh">The same of the upper bound.</param>
    /// <param name="Remainder">Of the number so far.</param>
    readonly record struct Place(int Rest, int At, bool IsNearLow, bool IsNearHigh, int Remainder);

    /// <param name="low">The lower bound; null: none.</param>
    /// <param name="isLowExclusive">Whether the bound itself is out.</param>
    /// <param name="high">The upper bound; null: none.</param>
    /// <param name="isHighExclusive">Whether the bound itself is out.</param>
    /// <param name="isWhole">Whether only integers are meant.</param>
    /// <param name="multiple">Of integers, what they are multiples of; 1: anything.</param>
    internal static Expression Between(decimal? low, bool isLowExclusive, decimal? high, bool isHighExclusive, bool isWhole, int multiple = 1)
    {
        if (low > high || (low == high && (isLowExclusive || isHighExclusive)))
        {
            return Expression.Nothing;
        }

        List<Expression> signs = [];
        if (high is null or >= 0)
        {
            bool fromZero = low is null or < 0;
            signs.Add(Magnitudes(fromZero ? 0 : low!.Value, !fromZero && isLowExclusive, high, isHighExclusive, isWhole, multiple));
        }

        if (low is null or < 0)
        {
            // No minus zero.
            bool toZero = high is null or >= 0;
            signs.Add(Expression.Sequence(
                Expression.Literal("-"),
                Magnitudes(toZero ? 0 : -high!.Value, toZero || isHighExclusive, -low, isLowExclusive, isWhole, multiple)));
        }

        return Expression.Choice(signs);
    }

    static GraphExpression Magnitudes(decimal low, bool isLowExclusive, decimal? high, bool isHighExclusive, bool isWhole, int multiple)
    {
        NumberText text = new(isWhole, multiple);
        Bound lower = Split(low, isLowExclusive);
        Bound upper = high is { } value ? Split(value, isHighExclusive) : new Bound(new string('9', JsonText.MostDigits + 1), "", false);
        for (int length = lower.Whole.Length; length <= Math.Min(upper.Whole.Length, JsonText.MostDigits); length++)
        {
            text.Begin(length, lower, upper);
        }

        while (text._open.TryDequeue(out (Place Place, Bound Low, Bound High) next))
        {
            text.Continue(next.Place, next.Low, next.High);
        }

        text._edges.AddRange(text._ends.Select(node => (node, (Expression?)null, text._count)));
        return new GraphExpression(text._count + 1, text._edges);
    }

    static Bound Split(decimal value, bool isExclusive)
    {
        string[] parts = value.ToString(CultureInfo.InvariantCulture).Split('.');
        return new Bound(parts[0], parts.Length > 1 ? parts[1].TrimEnd('0') : "", isExclusive);
    }

    void Begin(int length, Bound low, Bound high)
    {
        var start = new Place(length, 0, length == low.Whole.Length, length == high.Whole.Length, 0);
        Digits(0, start, low, high, length == 1 ? 0 : 1);
    }

    void Continue(Place place, Bound low, Bound high)
    {
        int node = _nodes[place];
        if (place.Rest > 0)
        {
            Digits(node, place, low, high, 0);
            return;
        }

        if (place.Rest != -1 && MayEnd(place, low, high))
        {
            _ends.Add(node);
        }

        if (_isWhole)
        {
            return;
        }

        if (place.Rest == 0)
        {
            Edge(node, Expression.Literal("."), place with { Rest = -1, At = 0 }, low, high);
        }
        else if (place.At < FractionDigits(low, high))
        {
            Digits(node, place, low, high, 0);
        }
    }

    static int FractionDigits(Bound low, Bound high) => Math.Max(JsonText.MostFractionDigits, Math.Max(low.Fraction.Length, high.Fraction.Length) + 1);

    static bool MayEnd(Place place, Bound low, Bound high)
    {
        int at = place.Rest == 0 ? 0 : place.At;
        bool isLow = place.IsNearLow && at >= low.Fraction.Length;
        bool isHigh = place.IsNearHigh && at >= high.Fraction.Length;
        bool isBelow = place.IsNearLow && (!isLow || low.IsExclusive);
        return !isBelow && !(isHigh && high.IsExclusive) && place.Remainder == 0;
    }

    /// <summary>The edges of one more digit, those together that lead to the same place.</summary>
    void Digits(int node, Place place, Bound low, Bound high, int first)
    {
        int least = Math.Max(first, place.IsNearLow ? Digit(low, place) : 0);
        int most = place.IsNearHigh ? Digit(high, place) : 9;
        for (int digit = least; digit <= most;)
        {
            Place next = Behind(place, digit, low, high);
            int last = digit;
            while (last < most && Behind(place, last + 1, low, high) == next)
            {
                last++;
            }

            Edge(node, new SetExpression(CharacterSet.Of(('0' + digit, '0' + last))), next, low, high);
            digit = last + 1;
        }
    }

    Place Behind(Place place, int digit, Bound low, Bound high)
    {
        bool isNearLow = place.IsNearLow && digit == Digit(low, place);
        bool isNearHigh = place.IsNearHigh && digit == Digit(high, place);

        // Behind the point the length counts in any case.
        bool counts = place.Rest < 0 || isNearLow || isNearHigh;
        return place with
        {
            Rest = place.Rest > 0 ? place.Rest - 1 : -2,
            At = counts ? place.At + 1 : 0,
            IsNearLow = isNearLow,
            IsNearHigh = isNearHigh,
            Remainder = _multiple == 1 ? 0 : (place.Remainder * 10 + digit) % _multiple,
        };
    }

    static int Digit(Bound bound, Place place)
    {
        string digits = place.Rest > 0 ? bound.Whole : bound.Fraction;
        return place.At < digits.Length ? digits[place.At] - '0' : 0;
    }

    void Edge(int from, Expression with, Place to, Bound low, Bound high)
    {
        if (!_nodes.TryGetValue(to, out int node))
        {
            node = _count++;
            _nodes.Add(to, node);
            _open.Enqueue((to, low, high));
        }

        _edges.Add((from, with, node));
    }
}
