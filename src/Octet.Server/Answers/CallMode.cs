namespace Octet.Server.Answers;

/// <summary>Which calls of tools an answer may hold.</summary>
enum CallMode
{
    /// <summary>Any.</summary>
    Free,

    /// <summary>At most one, with which it ends.</summary>
    One,

    /// <summary>Exactly one, and nothing else, in a form that is not the model's own: <see cref="Octet.Output.ForcedCall"/>.</summary>
    Forced,
}
