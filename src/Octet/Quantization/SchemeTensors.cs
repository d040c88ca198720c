using Octet.Numerics;

namespace Octet.Quantization;

/// <summary>What the tensors of a scheme are named, after the module's name, and the type under which scales are stored.</summary>
readonly record struct SchemeTensors(string Codes, string Scale, DataType ScaleType);
