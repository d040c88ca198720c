namespace Octet.Tokenizers;

/// <summary>
/// A token matched as a whole in the text, outside the model: its flags carry the names of tokenizer.json.
/// </summary>
/// <param name="Id">The token's id.</param>
/// <param name="Content">The text it stands for.</param>
/// <param name="SingleWord">Matches only where no word character touches it.</param>
/// <param name="LeftStrip">Takes the white space before it along (<c>lstrip</c>).</param>
/// <param name="RightStrip">Takes the white space after it along (<c>rstrip</c>).</param>
/// <param name="Normalized">Its normalised content is matched in the normalised text; otherwise its content in the raw text.</param>
/// <param name="Special">Left out of the text by <c>skipSpecialTokens</c>.</param>
sealed record AddedToken(
    int Id, string Content, bool SingleWord, bool LeftStrip, bool RightStrip, bool Normalized, bool Special);
