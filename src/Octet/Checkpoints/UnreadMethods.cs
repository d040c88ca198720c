namespace Octet.Checkpoints;

/// <summary>Values of <c>quant_method</c> that published checkpoints have and that are not read, each with the reason.</summary>
static class UnreadMethods
{
    const string Integers = "its codes are integers, not FP8 or FP4";
    const string Codebooks = "its codes are entries of codebooks, not FP8 or FP4";
    const string WhileLoading = "it quantises while a model is loaded and says nothing of what files hold";
    const string Rotated = "inputs have to be rotated while running (Hadamard), which is not implemented";

    /// <summary>In small letters. Sources: the lists of vLLM, SGLang and Transformers.</summary>
    internal static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["awq"] = Integers,
        ["awq_marlin"] = Integers,
        ["gptq"] = Integers,
        ["gptq_marlin"] = Integers,
        ["marlin"] = Integers,
        ["bitsandbytes"] = "its codes are int8, NF4 or bitsandbytes' own FP4",
        ["hqq"] = Integers,
        ["eetq"] = Integers,
        ["spqr"] = Integers,
        ["sinq"] = Integers,
        ["bitnet"] = Integers,
        ["blockwise_int8"] = Integers,
        ["experts_int8"] = Integers,
        ["w8a8_int8"] = Integers,
        ["w4afp8"] = "its weights are integers of 4 bits, only inputs are FP8",
        ["w4a8_awq"] = "its weights are integers of 4 bits, only inputs are FP8",
        ["qqq"] = Integers,
        ["aqlm"] = Codebooks,
        ["vptq"] = Codebooks,
        ["higgs"] = Codebooks,
        ["gguf"] = "its blocks are those of GGUF files",
        ["fp_quant"] = Rotated,
        ["quartet"] = Rotated,
        ["spinquant"] = Rotated,
        ["fouroversix"] = "its tensors have names and layouts of their own",
        ["deepspeedfp"] = WhileLoading,
        ["ptpc_fp8"] = WhileLoading,
        ["inc"] = "it is Intel Neural Compressor's own format, whose weights lie transposed: save with format=\"vllm\"",
    };
}
