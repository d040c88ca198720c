namespace Octet.Cuda;

/// <summary>Of an operation of a model, the layer that took its outputs last time: who makes them can make that layer's operands too.</summary>
sealed class OutputConsumer
{
    /// <summary>Null: none so far.</summary>
    internal CudaWeight? Layer { get; set; }
}
