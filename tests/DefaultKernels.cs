using System.Runtime.CompilerServices;
using Octet.Backends.Cpu;

namespace Octet.Tests;

/// <summary>
/// Models that a test opens without saying how compute in float32, so that they are held to its tolerance on processors with AMX too, or of AMD
/// with AVX-512, where the default rounds inputs. What generated code computes has tests of its own.
/// </summary>
static class DefaultKernels
{
    [ModuleInitializer]
    internal static void ComputeInFloat32()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(InstructionSet.Variable)))
        {
            Environment.SetEnvironmentVariable(InstructionSet.Variable, InstructionSet.Float32.First(set => set.IsSupported).Name);
        }
    }
}
