namespace Octet.Checkpoints;

/// <summary>A key of <c>generation_config.json</c> that Octet cannot follow.</summary>
/// <param name="Key">The key.</param>
/// <param name="Reason">What is wrong with its value, for whoever generates without overruling it.</param>
sealed record RefusedSetting(string Key, ModelException Reason);
