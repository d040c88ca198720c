namespace Octet.Backends;

/// <summary>The operations of a forward pass, from the embedding to the final hidden states.</summary>
/// <param name="batch">The rows.</param>
/// <param name="cache">Where their sequences have a place.</param>
/// <param name="states">Receives the final hidden states.</param>
/// <param name="cancellationToken">Looked at between layers.</param>
delegate void ForwardPass(Batch batch, StateCache cache, Activations states, CancellationToken cancellationToken);
