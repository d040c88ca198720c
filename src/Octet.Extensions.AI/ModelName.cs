namespace Octet.Extensions.AI;

/// <summary>What a model is called in answers, and what calls may call it.</summary>
/// <param name="path">The model's directory.</param>
/// <param name="given">A name of the program's; null: the model's id, or the name of its directory.</param>
sealed class ModelName(string path, string? given)
{
    internal string Text { get; } = given ?? ModelLocation.Name(path);

    /// <summary>Refuses a call for another model.</summary>
    /// <param name="asked">The name in the call; null: none.</param>
    /// <param name="asks">What was called.</param>
    /// <exception cref="ModelException">The name is another's.</exception>
    internal void Require(string? asked, string asks)
    {
        if (asked is not null && asked != Text && (given is not null || !ModelLocation.Answers(path, asked)))
        {
            throw new ModelException(ModelError.InvalidInput, $"the call asks for the model {asked}, and this {asks} has {Text}: expected that name or none");
        }
    }
}
