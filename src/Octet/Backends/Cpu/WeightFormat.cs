namespace Octet.Backends.Cpu;

/// <summary>The element types that the CPU multiplies with in place.</summary>
enum WeightFormat
{
    E4M3,
    BFloat16,
    Float16,
    Float32,
}
