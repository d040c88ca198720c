namespace Octet;

/// <summary>One message of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>: what the model's chat template knows.</param>
/// <param name="Content">The message's text.</param>
public sealed record ChatTurn(string Role, string Content);
