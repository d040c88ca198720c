namespace PtxEmulator;

/// <summary>
/// Since which version of PTX and for which targets forms of instructions exist, as the PTX ISA's notes on each say.
/// Forms that are in every version from 6.0 and every target from sm_70 on are not listed.
/// </summary>
static class InstructionSupport
{
    static readonly Rule[] s_rules =
    [
        new("cvt", ["bf16x2"], new(7, 0), 80),
        new("cvt", ["f16x2", "f32"], new(7, 0), 80),
        new("cvt", ["rn", "bf16", "f32"], new(7, 0), 80),
        new("cvt", ["rz", "bf16", "f32"], new(7, 0), 80),
        new("cvt", ["f32", "bf16"], new(7, 1), 80),
        new("cvt", ["relu"], new(7, 0), 80),
        new("cvt", ["rna", "tf32"], new(7, 0), 80),
        new("cvt", ["rn", "tf32"], new(7, 8), 90),
        new("cvt", ["rz", "tf32"], new(7, 8), 90),
        new("cvt", ["e4m3x2"], new(8, 1), 89),
        new("cvt", ["e5m2x2"], new(8, 1), 89),
        new("mma", ["m16n8k8"], new(6, 5), 75),
        new("mma", ["m16n8k16"], new(7, 0), 80),
        new("mma", ["m16n8k32"], new(7, 0), 80),
        new("mma", ["bf16"], new(7, 0), 80),
        new("mma", ["tf32"], new(7, 0), 80),
        new("mma", ["e4m3"], new(8, 4), 89),
        new("mma", ["e5m2"], new(8, 4), 89),
        new("mma", ["m16n8k16", "e4m3"], new(8, 7), 89),
        new("mma", ["m16n8k16", "e5m2"], new(8, 7), 89),
        new("mma", ["f16", "e4m3"], new(8, 7), 89),
        new("mma", ["f16", "e5m2"], new(8, 7), 89),
        new("ldmatrix", [], new(6, 5), 75),
        new("stmatrix", [], new(7, 8), 90),
        new("movmatrix", [], new(7, 8), 75),
        new("redux", [], new(7, 0), 80),
        new("cp", ["async"], new(7, 0), 80),
        new("cp", ["bulk"], new(8, 0), 90),
        new("cp", ["bulk", "shared::cta", "global"], new(8, 6), 90),
        new("mbarrier", [], new(7, 0), 80),
        new("mbarrier", ["parity"], new(7, 1), 80),
        new("mbarrier", ["try_wait"], new(7, 8), 90),
        new("mbarrier", ["expect_tx"], new(8, 0), 90),
        new("mbarrier", ["complete_tx"], new(8, 0), 90),
        new("mbarrier", ["shared::cta"], new(7, 8), 80),
        new("mbarrier", ["shared::cluster"], new(8, 0), 90),
        new("mbarrier", ["acquire"], new(8, 0), 80),
        new("mbarrier", ["release"], new(8, 0), 80),
        new("wgmma", [], new(8, 0), 90) { Specific = true },
        new("setmaxnreg", [], new(8, 0), 90) { Specific = true },
        new("elect", [], new(8, 0), 90),
        new("griddepcontrol", [], new(7, 8), 90),
        new("fence", ["proxy"], new(7, 5), 70),
        new("fence", ["proxy", "async"], new(8, 0), 90),
        new("fence", ["proxy", "async::generic"], new(8, 0), 90),
        new("fence", ["proxy", "tensormap::generic"], new(8, 3), 90),
        new("fence", ["mbarrier_init"], new(8, 0), 90),
        new("fence", ["cluster"], new(7, 8), 90),
        new("fma", ["bf16"], new(7, 0), 80),
        new("fma", ["bf16x2"], new(7, 0), 80),
        new("fma", ["relu"], new(7, 0), 80),
        new("add", ["bf16"], new(7, 8), 90),
        new("add", ["bf16x2"], new(7, 8), 90),
        new("sub", ["bf16"], new(7, 8), 90),
        new("sub", ["bf16x2"], new(7, 8), 90),
        new("mul", ["bf16"], new(7, 8), 90),
        new("mul", ["bf16x2"], new(7, 8), 90),
        new("neg", ["bf16"], new(7, 0), 80),
        new("neg", ["bf16x2"], new(7, 0), 80),
        new("abs", ["bf16"], new(7, 0), 80),
        new("abs", ["bf16x2"], new(7, 0), 80),
        new("min", ["f16"], new(7, 0), 80),
        new("max", ["f16"], new(7, 0), 80),
        new("min", ["f16x2"], new(7, 0), 80),
        new("max", ["f16x2"], new(7, 0), 80),
        new("min", ["bf16"], new(7, 0), 80),
        new("max", ["bf16"], new(7, 0), 80),
        new("min", ["bf16x2"], new(7, 0), 80),
        new("max", ["bf16x2"], new(7, 0), 80),
        new("min", ["NaN"], new(7, 0), 80),
        new("max", ["NaN"], new(7, 0), 80),
        new("min", ["xorsign"], new(7, 2), 86),
        new("max", ["xorsign"], new(7, 2), 86),
        new("min", ["relu", "s32"], new(8, 0), 90),
        new("max", ["relu", "s32"], new(8, 0), 90),
        new("add", ["u16x2"], new(8, 0), 90),
        new("add", ["s16x2"], new(8, 0), 90),
        new("min", ["u16x2"], new(8, 0), 90),
        new("min", ["s16x2"], new(8, 0), 90),
        new("max", ["u16x2"], new(8, 0), 90),
        new("max", ["s16x2"], new(8, 0), 90),
        new("setp", ["bf16"], new(7, 8), 90),
        new("tanh", [], new(7, 0), 75),
        new("tanh", ["bf16"], new(7, 8), 90),
        new("tanh", ["bf16x2"], new(7, 8), 90),
        new("ex2", ["f16"], new(7, 0), 75),
        new("ex2", ["f16x2"], new(7, 0), 75),
        new("ex2", ["bf16"], new(7, 8), 90),
        new("ex2", ["bf16x2"], new(7, 8), 90),
        new("szext", [], new(7, 6), 70),
        new("bmsk", [], new(7, 6), 70),
        new("nanosleep", [], new(6, 3), 70),
        new("activemask", [], new(6, 2), 30),
        new("cvta", ["param"], new(7, 7), 70),
        new("isspacep", ["param"], new(7, 7), 70),
        new("isspacep", ["const"], new(3, 1), 20),
        new("atom", ["bf16"], new(7, 8), 90),
        new("atom", ["bf16x2"], new(7, 8), 90),
        new("red", ["bf16"], new(7, 8), 90),
        new("red", ["bf16x2"], new(7, 8), 90),
        new("atom", ["f16"], new(6, 3), 70),
        new("red", ["f16"], new(6, 3), 70),
        new("red", ["v2"], new(8, 1), 90),
        new("red", ["v4"], new(8, 1), 90),
        new("atom", ["v2"], new(8, 1), 90),
        new("atom", ["v4"], new(8, 1), 90),
        new("ld", ["L1::evict_normal"], new(7, 4), 70),
        new("ld", ["L1::evict_first"], new(7, 4), 70),
        new("ld", ["L1::evict_last"], new(7, 4), 70),
        new("ld", ["L1::no_allocate"], new(7, 4), 70),
        new("ld", ["L2::64B"], new(7, 4), 75),
        new("ld", ["L2::128B"], new(7, 4), 75),
        new("ld", ["L2::256B"], new(7, 4), 80),
        new("ld", ["L2::cache_hint"], new(7, 4), 80),
        new("st", ["L1::no_allocate"], new(7, 4), 70),
        new("st", ["L2::cache_hint"], new(7, 4), 80),
        new("createpolicy", [], new(7, 4), 80),
        new("barrier", ["cluster"], new(7, 8), 90),
        new("mapa", [], new(7, 8), 90),
    ];

    static readonly ILookup<string, Rule> s_byOpcode = s_rules.ToLookup(rule => rule.Opcode);

    /// <summary>The first version of PTX that has the target.</summary>
    public static PtxVersion MinimumVersion(PtxTarget target) => target.Capability switch
    {
        >= 120 => new(8, 7),
        >= 100 => new(8, 6),
        >= 90 => target.ArchitectureSpecific ? new(8, 0) : new(7, 8),
        89 => new(7, 8),
        87 => new(7, 4),
        86 => new(7, 1),
        >= 80 => new(7, 0),
        >= 75 => new(6, 3),
        >= 70 => new(6, 0),
        _ => new(6, 0),
    };

    /// <summary>Refuses an instruction that the version or target does not have.</summary>
    public static void Check(InstructionSyntax instruction, PtxVersion version, PtxTarget target)
    {
        foreach (Rule rule in s_byOpcode[instruction.Opcode])
        {
            if (!rule.Covers(instruction))
            {
                continue;
            }

            if (target.Capability < rule.Capability || (rule.Specific && !target.ArchitectureSpecific))
            {
                throw new PtxException(PtxError.NotInTarget, instruction.Line, $"{instruction.FullName} needs .target sm_{rule.Capability}{(rule.Specific ? "a" : " or later")}, not {target}");
            }

            if (rule.Specific && target.Capability != rule.Capability)
            {
                throw new PtxException(PtxError.NotInTarget, instruction.Line, $"{instruction.FullName} is in sm_{rule.Capability}a alone, not in {target}");
            }

            if (version.CompareTo(rule.VersionFor(target)) < 0)
            {
                throw new PtxException(PtxError.NotInTarget, instruction.Line, $"{instruction.FullName} needs .version {rule.VersionFor(target)}, not {version}");
            }
        }
    }

    sealed record Rule(string Opcode, string[] Modifiers, PtxVersion Version, int Capability)
    {
        /// <summary>Whether only the target with <c>a</c> has it.</summary>
        public bool Specific { get; init; }

        // In Hopper's PTX since 7.8, in Ada's since 8.1.
        bool IsFloat8Conversion => Opcode == "cvt" && Modifiers is ["e4m3x2" or "e5m2x2"];

        /// <summary>Whether the instruction has all of the modifiers, in this order.</summary>
        public bool Covers(InstructionSyntax instruction)
        {
            int at = -1;
            foreach (string modifier in Modifiers)
            {
                at = Array.IndexOf(instruction.Modifiers, modifier, at + 1);
                if (at < 0)
                {
                    return false;
                }
            }

            return true;
        }

        public PtxVersion VersionFor(PtxTarget target) => IsFloat8Conversion && target.Capability >= 90 ? new(7, 8) : Version;
    }
}
