namespace Octet.Numerics;

/// <summary>The data of a small float format. The struct that carries it is completed at compile time by <c>Octet.Numerics.Generator</c>.</summary>
#pragma warning disable CS9113 // The generator reads the arguments; nothing does at run time.
[AttributeUsage(AttributeTargets.Struct)]
sealed class SmallFloatFormatAttribute(int exponentBits, int mantissaBits, int exponentBias, NonFiniteValues nonFinite) : Attribute;
#pragma warning restore CS9113
