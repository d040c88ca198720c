namespace Octet.Output;

/// <summary>A mark that calls begin with, and what reads them.</summary>
/// <param name="Mark">The mark.</param>
/// <param name="Reader">Makes a reader, from what is known of the parameters; null where the mark stands around text.</param>
sealed record CallOpener(string Mark, Func<ParameterTypes, CallReader>? Reader)
{
    /// <summary>Whether the reader reads the mark itself.</summary>
    internal bool IsPartOfCall { get; init; }
}
