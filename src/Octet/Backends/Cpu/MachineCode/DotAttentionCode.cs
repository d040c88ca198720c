using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// The two products of <see cref="AttentionCode"/> with VDPBF16PS, for one size of heads: pairs of the elements of 16 queries, or of the keys of 16
/// elements, are vectors; a key's pair, or a query's, is repeated in every lane. 16 sums are in registers.
/// </summary>
static class DotAttentionCode
{
    const int VectorBytes = 64;
    const int TileBytes = 1024;
    const int PairBytes = sizeof(uint);
    const int Together = 2;

    // Vectors 0 and 1 are those of pairs, 2 to 5 what is repeated; 16 and up, which no system wants kept, are sums.
    const int FirstRepeated = 2;
    const int Repeated = 4;
    const int FirstSum = 16;
    const int Sums = 16;

    /// <summary>Scores of a page's 32 keys with one or two groups of 16 queries.</summary>
    internal static byte[] Scores(GeneralRegister argument, int size, int groups)
    {
        int keys = Sums / groups;
        int keyBytes = size * sizeof(ushort);
        var code = new X64Encoder();
        code.Move(Rax, argument);
        code.Load(R10, Rax, AttentionBlock.OutputOffset);
        for (int key = 0; key < KvCacheLayout.PageTokens; key += keys)
        {
            code.Load(R8, Rax, AttentionBlock.LeftOffset);
            code.Add(R8, key * keyBytes);
            code.Load(R9, Rax, AttentionBlock.RightOffset);
            for (int sum = 0; sum < Sums; sum++)
            {
                code.ZeroVector(FirstSum + sum);
            }

            Multiply(code, pairs: size / 2, rows: keys, rowBytes: keyBytes, vectors: groups, vectorsApart: size / ProductBlock.StepColumns * TileBytes);
            for (int sum = 0; sum < Sums; sum++)
            {
                code.StoreVector(R10, sum % groups * ProductBlock.GroupSumBytes + (key + sum / groups) * VectorBytes, FirstSum + sum);
            }
        }

        code.ZeroUpper();
        code.Return();
        return code.ToArray();
    }

    /// <summary>Adds the values of up to four pages, by the probabilities of one or two groups of 16 queries, 32 elements at a time.</summary>
    internal static byte[] Values(GeneralRegister argument, int size, int groups)
    {
        const int Vectors = 2;
        const int Queries = Sums / Vectors;
        var code = new X64Encoder();
        code.Move(Rax, argument);
        code.Load(R10, Rax, AttentionBlock.OutputOffset);
        for (int element = 0; element < size; element += Vectors * ProductBlock.GroupTokens)
        {
            for (int query = 0; query < groups * ProductBlock.GroupTokens; query += Queries)
            {
                for (int sum = 0; sum < Sums; sum++)
                {
                    code.LoadVector(FirstSum + sum, R10, At(sum));
                }

                code.Load(R8, Rax, AttentionBlock.LeftOffset);
                code.Add(R8, query / ProductBlock.GroupTokens * AttentionCode.BlockPages * TileBytes + query % ProductBlock.GroupTokens * VectorBytes);
                code.Load(R9, Rax, AttentionBlock.RightOffset);
                code.Add(R9, element / ProductBlock.GroupTokens * TileBytes);
                code.Load(Rdx, Rax, AttentionBlock.PagesOffset);
                int page = code.Position;
                Multiply(code, KvCacheLayout.PageTokens / 2, Queries, VectorBytes, Vectors, TileBytes);

                // From the end of a page's pairs to the beginning of the next page's.
                code.Add(R8, TileBytes - VectorBytes);
                code.Add(R9, (size / ProductBlock.GroupTokens - 1) * TileBytes);
                code.Decrement(Rdx);
                code.JumpIfNotZero(page);
                for (int sum = 0; sum < Sums; sum++)
                {
                    code.StoreVector(R10, At(sum), FirstSum + sum);
                }

                int At(int sum) => (query + sum / Vectors) * size * sizeof(float) + element * sizeof(float) + sum % Vectors * VectorBytes;
            }
        }

        code.ZeroUpper();
        code.Return();
        return code.ToArray();
    }

    /// <summary>Sums += the pairs of some rows at R8 times those of one vector or two at R9, which both go on; RCX counts.</summary>
    static void Multiply(X64Encoder code, int pairs, int rows, int rowBytes, int vectors, int vectorsApart)
    {
        code.Move(Rcx, pairs / Together);
        int loop = code.Position;
        for (int pair = 0; pair < Together; pair++)
        {
            for (int vector = 0; vector < vectors; vector++)
            {
                code.LoadVector(vector, R9, vector * vectorsApart + pair * VectorBytes);
            }

            for (int row = 0; row < rows; row++)
            {
                int repeated = FirstRepeated + row % Repeated;
                code.LoadLanes(repeated, R8, row * rowBytes + pair * PairBytes);
                for (int vector = 0; vector < vectors; vector++)
                {
                    code.MultiplyPairs(FirstSum + row * vectors + vector, vector, repeated);
                }
            }
        }

        code.Add(R8, Together * PairBytes);
        code.Add(R9, Together * VectorBytes);
        code.Decrement(Rcx);
        code.JumpIfNotZero(loop);
    }
}
