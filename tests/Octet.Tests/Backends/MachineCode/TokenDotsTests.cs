using System.Runtime.InteropServices;
using Octet.Backends.Cpu;
using Octet.Backends.Cpu.MachineCode;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>The generated loops for several tokens, and for scales in 8 bits, on their own. As parts of linear layers they are in <see cref="LinearTests"/> and <see cref="PowerScaleTests"/>.</summary>
public unsafe class TokenDotsTests
{
    const int Rows = 3;
    const int Steps = 3;

    /// <summary>By definition: the columns of a lane are added up in their order, from 0 with each block; a block's sum times its scale is added to what is there. Columns may come in parts.</summary>
    [Theory]
    [MemberData(nameof(VbmiDotsTests.Codes), MemberType = typeof(VbmiDotsTests))]
    public void Blocks_are_summed_on_their_own_and_times_their_scales_added(string code)
    {
        VbmiDotsFunctions functions = VbmiDotsTests.Get(code);
        using var memory = new Memory();
        foreach ((int tokens, bool powers) in ((int, bool)[])[(1, true), (2, true), (3, true), (4, true), (2, false), (3, false), (4, false)])
        {
            foreach ((int into, bool ofRows) in ((int, bool)[])[(0, true), (1, true), (63, false)])
            {
                const int Columns = Steps * VbmiDotsCode.ScaledColumns;
                memory.Fill(seed: tokens + into, isE4M3: true, tokens, Columns, into);
                int walks = DotsFunctions.WalksOf(tokens);
                foreach ((int step, int count) in into == 1 ? ((int, int)[])[(0, 1), (1, 2)] : [(0, Steps)])
                {
                    functions.MultiplyTokens(memory.Run(tokens, Columns, into, powers, ofRows, step, count));
                }

                Assert.Empty(InterpretedCode.Failures);
                for (int i = 0; i < walks * Rows * tokens * 16; i++)
                {
                    (int walk, int row, int token, int lane) = (i / 16 / tokens / Rows, i / 16 / tokens % Rows, i / 16 % tokens, i % 16);
                    byte* codes = memory.Weights + into + (walk * Rows + row) * Columns;
                    float total = Memory.First;
                    float sum = 0;
                    for (int k = 0; k < Columns / 16; k++)
                    {
                        // A line of 64 columns is four to a lane.
                        int column = k / 4 * 64 + 4 * lane + k % 4;
                        int inBlock = powers ? k % 4 : k % 8;
                        float product = (float)E4M3.Decode(codes[column]);
                        float input = memory.Inputs[(k * tokens + token) * 16 + lane];
                        sum = inBlock == 0 ? product * input : MathF.FusedMultiplyAdd(product, input, sum);
                        if (inBlock == (powers ? 3 : 7))
                        {
                            int step = ((ofRows ? row : 0) * Steps + column / 128) * walks + walk;
                            float scale = powers ? MathF.ScaleB(1, memory.Powers[step * 4 + column % 128 / 32] - 127) : memory.Scales[step];
                            total = MathF.FusedMultiplyAdd(sum, scale, total);
                        }
                    }

                    Assert.Equal(total, memory.Sums[walk * DotsRun.WalkFloats(tokens) + (row * tokens + token) * 16 + lane]);
                }
            }
        }
    }

    /// <summary>By definition: the first of each pair of columns is added to what is there, the second to another sum.</summary>
    [Theory]
    [MemberData(nameof(VbmiDotsTests.Codes), MemberType = typeof(VbmiDotsTests))]
    public void Pairs_of_bfloat16_are_two_sums(string code)
    {
        VbmiDotsFunctions functions = VbmiDotsTests.Get(code);
        using var memory = new Memory();
        foreach (int tokens in (int[])[2, 3, 4])
        {
            foreach (int into in (int[])[0, 2, 62])
            {
                const int Columns = Steps * TokenDotsCode.StepOfBFloat16;
                memory.Fill(seed: tokens + into, isE4M3: false, tokens, Columns, into);
                functions.MultiplyTokens(memory.Run(tokens, Columns, into, powers: false, ofRows: false) with { IsBFloat16 = true, Apart = Rows * Columns * sizeof(ushort), Scales = null });
                Assert.Empty(InterpretedCode.Failures);
                for (int i = 0; i < 2 * Rows * tokens * 16; i++)
                {
                    (int walk, int row, int token, int lane) = (i / 16 / tokens / Rows, i / 16 / tokens % Rows, i / 16 % tokens, i % 16);
                    var numbers = (ushort*)(memory.Weights + into) + (walk * Rows + row) * Columns;
                    float[] sums = [Memory.First, 0];
                    for (int k = 0; k < Columns / 16; k++)
                    {
                        float number = BitConverter.UInt32BitsToSingle((uint)numbers[k / 2 * 32 + 2 * lane + k % 2] << 16);
                        sums[k % 2] = MathF.FusedMultiplyAdd(number, memory.Inputs[(k * tokens + token) * 16 + lane], sums[k % 2]);
                    }

                    Assert.Equal(sums[0] + sums[1], memory.Sums[walk * DotsRun.WalkFloats(tokens) + (row * tokens + token) * 16 + lane]);
                }
            }
        }
    }

    [Fact]
    public void A_processor_that_multiplies_one_kind_wrongly_is_found_out()
    {
        DotsFunctions right = InterpretedCode.VbmiDots;
        Assert.True(KnownDots.AreExact(new Wrong(right, _ => false), unit: 1));
        foreach (Func<DotsRun, bool> isWrong in (Func<DotsRun, bool>[])[run => run.IsBFloat16, run => run.Powers is not null, run => run.Scales is not null, run => run.Tokens == 1, run => run.Tokens == 4])
        {
            Assert.False(KnownDots.AreExact(new Wrong(right, isWrong), unit: 1));
        }
    }

    // Adds to one sum of some runs.
    sealed class Wrong(DotsFunctions right, Func<DotsRun, bool> isWrong) : DotsFunctions
    {
        internal override bool LeavesLanes => right.LeavesLanes;

        internal override int ScaledColumns => right.ScaledColumns;

        internal override int MostTokens => right.MostTokens;

        internal override void MultiplyE4M3(in DotsRun run) => right.MultiplyE4M3(run);

        internal override void MultiplyBFloat16(in DotsRun run) => right.MultiplyBFloat16(run);

        internal override void MultiplyTokens(in DotsRun run)
        {
            right.MultiplyTokens(run);
            run.Sums[DotsRun.WalkFloats(run.Tokens)] += isWrong(run) ? 1 : 0;
        }
    }

    [Fact]
    public void Both_calling_conventions_give_the_same_sums_and_keep_what_is_to_be_kept()
    {
        using var memory = new Memory();
        byte* tables = stackalloc byte[VbmiDotsCode.TableBytes + VbmiDotsCode.OrdersBytes + TokenDotsCode.PlacesBytes];
        byte* orders = tables + VbmiDotsCode.TableBytes;
        byte* places = orders + VbmiDotsCode.OrdersBytes;
        VbmiE4M3Weights.WriteTables(new Span<byte>(tables, VbmiDotsCode.TableBytes));
        VbmiDotsCode.WriteOrders(new Span<byte>(orders, VbmiDotsCode.OrdersBytes), ofCodes: true);
        TokenDotsCode.WritePlaces(new Span<byte>(places, TokenDotsCode.PlacesBytes));
        foreach ((int tokens, bool powers, bool isBFloat16, bool whole) in ((int, bool, bool, bool)[])
            [(1, true, false, false), (1, true, false, true), (2, true, false, true), (4, true, false, true), (3, false, false, true), (4, false, false, true), (2, false, true, true), (4, false, true, true)])
        {
            int columns = Steps * (isBFloat16 ? TokenDotsCode.StepOfBFloat16 : VbmiDotsCode.ScaledColumns);
            memory.Fill(seed: 3, isE4M3: !isBFloat16, tokens, columns, into: 0);
            List<float[]> results = [];
            foreach (GeneralRegister argument in (GeneralRegister[])[GeneralRegister.Rdi, GeneralRegister.Rcx])
            {
                byte[] code = isBFloat16 ? TokenDotsCode.BFloat16(argument, tokens) : TokenDotsCode.E4M3(argument, tokens, DotsFunctions.WalksOf(tokens), powers, whole);
                DotsRun run = memory.Run(tokens, columns, 0, powers, ofRows: true);
                VbmiDotsBlock block = new()
                {
                    First = run.First,
                    Apart = isBFloat16 ? 2 * run.Apart : run.Apart,
                    Inputs = run.Inputs,
                    Sums = run.Sums,
                    Rows = run.Rows,
                    Steps = run.Steps,
                    InputMove = run.InputMove,
                    Tables = tables,
                    Order = orders + (whole ? 0 : 20 * 64),
                    Mask = 0xFFFF0000,
                    Signs = 0x80808080,
                    Scales = powers ? run.Powers : run.Scales,
                    ScaleMove = run.ScaleMove,
                    Places = places,
                    Unit = TokenDotsCode.SmallestPower,
                };
                new Span<float>(run.Sums, VbmiDotsBlock.WalksBytes / sizeof(float)).Clear();
                var processor = new Processor();
                InterpretedCode.AllowTokens(processor, &block, tokens, powers, isBFloat16, whole);
                processor.Call(new MachineProgram(code), argument, &block);
                results.Add(new ReadOnlySpan<float>(run.Sums, VbmiDotsBlock.WalksBytes / sizeof(float)).ToArray());
            }

            Assert.Equal(results[0], results[1]);
            Assert.Contains(results[0], value => value != 0);
        }
    }

    /// <summary>Rows of four walks, inputs, scales and sums.</summary>
    sealed class Memory : IDisposable
    {
        internal const float First = 0.25f;

        const int Bytes = 1 << 17;
        readonly byte* _memory = (byte*)NativeMemory.AlignedAlloc(Bytes, 64);

        internal byte* Weights => _memory;

        internal float* Inputs => (float*)(_memory + (1 << 14));

        internal float* Scales => (float*)(_memory + (1 << 15));

        /// <summary>Exponents from subnormal numbers to large ones, 0 among them.</summary>
        internal byte* Powers => _memory + (1 << 15) + (1 << 14);

        internal float* Sums => (float*)(_memory + (1 << 16));

        internal void Fill(int seed, bool isE4M3, int tokens, int columns, int into)
        {
            var random = new Random(seed);
            for (int i = 0; i < DotsFunctions.Walks * Rows * columns; i++)
            {
                if (isE4M3)
                {
                    byte code = (byte)random.Next(256);
                    Weights[into + i] = (byte)((code & 0x7F) == 0x7F ? code - 1 : code);
                }
                else
                {
                    ((ushort*)(Weights + into))[i] = (ushort)(BitConverter.SingleToUInt32Bits(random.NextSingle() - 0.5f) >> 16);
                }
            }

            for (int i = 0; i < tokens * columns; i++)
            {
                Inputs[i] = random.NextSingle() - 0.5f;
            }

            for (int i = 0; i < Rows * Steps * DotsFunctions.Walks; i++)
            {
                Scales[i] = random.NextSingle() - 0.3f;
                for (int k = 0; k < 4; k++)
                {
                    Powers[4 * i + k] = (byte)((i + k) % 5 == 0 ? 0 : random.Next(1, 200));
                }
            }

            new Span<float>(Sums, VbmiDotsBlock.WalksBytes / sizeof(float)).Fill(First);
        }

        /// <summary>Some steps of all rows.</summary>
        internal DotsRun Run(int tokens, int columns, int into, bool powers, bool ofRows, int step = 0, int count = Steps)
        {
            int scaleBytes = DotsFunctions.WalksOf(tokens) * sizeof(float);
            int stepColumns = columns / Steps;
            return new()
            {
                First = Weights + into + step * stepColumns,
                Apart = Rows * columns,
                Inputs = Inputs + step * stepColumns * tokens,
                Sums = Sums,
                Rows = Rows,
                Steps = count,
                InputMove = -tokens * count * stepColumns * sizeof(float),
                Scales = powers ? null : Scales + step * scaleBytes / sizeof(float),
                Powers = powers ? Powers + step * scaleBytes : null,
                ScaleMove = (ofRows ? Steps - count : -count) * scaleBytes,
                RowMove = (Steps - count) * stepColumns,
                Tokens = tokens,
            };
        }

        public void Dispose() => NativeMemory.AlignedFree(_memory);
    }
}
