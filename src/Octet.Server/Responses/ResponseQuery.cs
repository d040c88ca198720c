using System.Globalization;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary>What is asked of a response that there is, behind its address.</summary>
static class ResponseQuery
{
    /// <summary><c>stream=true</c>, with <c>starting_after</c>: the number of the last event that is known, -1 for none. Null: no events are wanted.</summary>
    internal static int? Read(IQueryCollection query)
    {
        const string After = "starting_after";
        bool stream = query["stream"].ToString() switch
        {
            "true" => true,
            "" or "false" => false,
            var other => throw ApiException.Invalid("stream", $"stream is '{Shown(other)}'; expected true or false"),
        };
        string after = query[After].ToString();
        return after.Length == 0 ? (stream ? -1 : null)
            : !stream ? throw ApiException.Invalid(After, $"{After} is given and stream is not true; expected both")
            : int.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < int.MaxValue ? number
            : throw ApiException.Invalid(After, $"{After} is '{Shown(after)}'; expected the number of an event, from 0");
    }

    /// <summary>Which items of an input are listed: <c>limit</c> of them, in <c>order</c>, behind the one that <c>after</c> names.</summary>
    internal static (int Limit, bool NewestFirst, string? After) ReadList(IQueryCollection query)
    {
        const int Most = 100;
        const int Usual = 20;
        string limit = query["limit"].ToString();
        int count = Usual;
        if (limit.Length > 0 && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > Most))
        {
            throw ApiException.Invalid("limit", string.Create(CultureInfo.InvariantCulture, $"limit is '{Shown(limit)}'; expected a whole number from 1 to {Most}"));
        }

        bool newestFirst = query["order"].ToString() switch
        {
            "" or "desc" => true,
            "asc" => false,
            var other => throw ApiException.Invalid("order", $"order is '{Shown(other)}'; expected asc or desc"),
        };
        return (count, newestFirst, query["after"].ToString() is { Length: > 0 } after ? after : null);
    }

    static string Shown(string text) => text.Length <= 60 ? text : $"{text.AsSpan(0, 60)}...";
}
