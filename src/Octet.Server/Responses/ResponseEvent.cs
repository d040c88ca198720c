namespace Octet.Server.Responses;

/// <summary>An event that is kept.</summary>
/// <param name="Number">Its sequence number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Json">Its data.</param>
readonly record struct ResponseEvent(int Number, string Name, byte[] Json)
{
    // Of the event's own fields, and its place in a list.
    const int Overhead = 64;

    /// <summary>About how many bytes it takes.</summary>
    internal long Bytes => Json.Length + Overhead;
}
