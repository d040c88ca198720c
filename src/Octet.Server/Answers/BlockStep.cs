namespace Octet.Server.Answers;

/// <summary>What happens to a block of an answer.</summary>
enum BlockStep
{
    /// <summary>It begins.</summary>
    Start,

    /// <summary>More of it came.</summary>
    More,

    /// <summary>It has ended.</summary>
    End,
}
