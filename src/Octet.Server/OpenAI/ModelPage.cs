using System.Globalization;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary>The part of a list that Anthropic's clients ask for: <c>limit</c>, <c>after_id</c>, <c>before_id</c>. Without them it is the whole list, as OpenAI's clients expect it.</summary>
static class ModelPage
{
    internal static T[] Of<T>(T[] all, Func<T, string> name, IQueryCollection query, out bool hasMore)
    {
        const int Most = 1000;
        int first = query["after_id"].ToString() is { Length: > 0 } after ? 1 + Find(all, name, "after_id", after) : 0;
        int end = query["before_id"].ToString() is { Length: > 0 } before ? Find(all, name, "before_id", before) : all.Length;
        int count = Math.Max(0, end - first);
        if (query["limit"].ToString() is { Length: > 0 } limit)
        {
            count = int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out int most) && most is >= 1 and <= Most
                ? Math.Min(count, most)
                : throw ApiException.Invalid("limit", string.Create(CultureInfo.InvariantCulture, $"limit is '{Shown(limit)}'; expected a whole number from 1 to {Most}"));
        }

        // Those before a model are the nearest ones, not the first of all.
        bool isBackward = end < all.Length && first == 0;
        int start = isBackward ? end - count : first;
        hasMore = isBackward ? start > 0 : start + count < end;
        return all[start..(start + count)];
    }

    static int Find<T>(T[] all, Func<T, string> name, string param, string id)
        => Array.FindIndex(all, item => name(item) == id) is >= 0 and var found ? found
            : throw ApiException.Invalid(param, $"{param} is '{Shown(id)}'; expected the id of a model that is listed");

    static string Shown(string text) => text.Length <= 60 ? text : $"{text.AsSpan(0, 60)}...";
}
