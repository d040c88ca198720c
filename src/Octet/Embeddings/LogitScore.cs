using Octet.Checkpoints;

namespace Octet.Embeddings;

/// <summary>The score of a decoder: the last token's logit of one token, less that of another if there is one (sentence-transformers' module <c>LogitScore</c>).</summary>
/// <param name="True">The token that stands for yes.</param>
/// <param name="False">The token that stands for no; null: there is none.</param>
sealed record LogitScore(int True, int? False)
{
    /// <summary>The tokens whose logits are wanted.</summary>
    internal IReadOnlyList<int> Tokens => False is { } no ? [True, no] : [True];

    /// <param name="directory">Of the module.</param>
    /// <exception cref="ModelException">Its file is missing or broken, or asks for what is not implemented.</exception>
    internal static LogitScore Load(string directory)
    {
        ConfigObject json = ConfigObject.Load(Path.Combine(directory, ModelConfig.FileName));
        return json.TryString("module_input_name") is null or "causal_logits"
            ? new LogitScore(json.Int32("true_token_id", 0), json.TryInt32("false_token_id", 0))
            : throw json.Unsupported("module_input_name", "\"causal_logits\"");
    }
}
