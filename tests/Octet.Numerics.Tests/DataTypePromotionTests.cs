using System.Numerics;
using System.Text;
using Octet.Testing;

namespace Octet.Numerics.Tests;

public class DataTypePromotionTests
{
    static readonly DataType[] s_all = Enum.GetValues<DataType>();

    static bool IsSmall(DataType type) => type.IsFloatingPoint() && type.BitSize() <= 8;

    static bool IsSigned(DataType type) => type is DataType.Int8 or DataType.Int16 or DataType.Int32 or DataType.Int64;

    [Fact]
    public void It_is_commutative_and_a_type_with_itself_is_itself()
    {
        foreach (DataType left in s_all)
        {
            Assert.Equal(left, DataType.Promote(left, left));
            foreach (DataType right in s_all)
            {
                Assert.Equal(DataType.Promote(left, right), DataType.Promote(right, left));
            }
        }
    }

    [Fact]
    public void It_is_associative_but_for_the_two_kinds_that_are_documented()
    {
        int exceptions = 0;
        foreach (DataType a in s_all)
        {
            foreach (DataType b in s_all)
            {
                foreach (DataType c in s_all)
                {
                    if (DataType.Promote(DataType.Promote(a, b), c) == DataType.Promote(a, DataType.Promote(b, c)))
                    {
                        continue;
                    }

                    DataType[] types = [a, b, c];
                    bool float16 = types.Contains(DataType.Float16) && types.Any(IsSmall);
                    bool uint64 = types.Contains(DataType.UInt64) && types.Any(IsSigned) && types.Any(type => type.IsFloatingPoint());
                    Assert.True(float16 || uint64, $"{a}, {b}, {c}");
                    exceptions++;
                }
            }
        }

        Assert.InRange(exceptions, 1, s_all.Length * s_all.Length * s_all.Length / 10);
    }

    [Fact]
    public void The_result_holds_every_finite_value_of_two_floating_point_types()
    {
        foreach (DataType left in s_all.Where(type => type.IsFloatingPoint()))
        {
            foreach (DataType right in s_all.Where(type => type.IsFloatingPoint()))
            {
                DataType result = DataType.Promote(left, right);
                Assert.All(FiniteValues(left).Concat(FiniteValues(right)), value => Assert.True(Holds(result, value), $"{left}, {right}, {value}"));
            }
        }
    }

    [Fact]
    public void No_narrower_16_bit_type_would_do_where_the_result_is_Float32()
    {
        foreach (DataType left in s_all.Where(IsSmall))
        {
            foreach (DataType right in s_all.Where(type => type.IsFloatingPoint() && type.BitSize() <= 16 && type != left))
            {
                DataType result = DataType.Promote(left, right);
                double[] values = [.. FiniteValues(left), .. FiniteValues(right)];
                DataType expected = values.All(value => Holds(DataType.BFloat16, value)) ? DataType.BFloat16
                    : values.All(value => Holds(DataType.Float16, value)) ? DataType.Float16 : DataType.Float32;
                Assert.Equal(expected, result);
            }
        }
    }

    [Fact]
    public void Integers_are_held_exactly_by_integers_and_8_bit_ones_by_every_float_result()
    {
        DataType[] integers = [.. s_all.Where(type => type == DataType.Bool || (!type.IsFloatingPoint() && type != DataType.Complex64))];
        foreach (DataType left in integers)
        {
            foreach (DataType right in integers)
            {
                DataType result = DataType.Promote(left, right);
                Assert.Equal(result.IsFloatingPoint(), (left == DataType.UInt64 && IsSigned(right)) || (right == DataType.UInt64 && IsSigned(left)));
                if (!result.IsFloatingPoint())
                {
                    Assert.True(Range(result).Min <= BigInteger.Min(Range(left).Min, Range(right).Min));
                    Assert.True(Range(result).Max >= BigInteger.Max(Range(left).Max, Range(right).Max));
                }
            }

            foreach (DataType right in s_all.Where(type => type.IsFloatingPoint()))
            {
                DataType result = DataType.Promote(left, right);
                Assert.True(result.BitSize() >= 16);
                Assert.Equal(right.BitSize() >= 16 ? right : DataType.BFloat16, result);
                if (left.BitSize() == 8)
                {
                    Assert.True(Holds(result, (double)Range(left).Min) && Holds(result, (double)Range(left).Max));
                }
            }
        }
    }

    [Theory]
    [InlineData(DataType.Float8E4M3FN, DataType.Float8E5M2, DataType.BFloat16)]
    [InlineData(DataType.Float8E4M3FN, DataType.BFloat16, DataType.BFloat16)]
    [InlineData(DataType.Float8E4M3FN, DataType.Float16, DataType.Float16)]
    [InlineData(DataType.Float8E8M0FNU, DataType.Float16, DataType.Float32)]
    [InlineData(DataType.Float8E8M0FNU, DataType.Float4E2M1FN, DataType.BFloat16)]
    [InlineData(DataType.BFloat16, DataType.Float16, DataType.Float32)]
    [InlineData(DataType.Float8E4M3FN, DataType.Float32, DataType.Float32)]
    [InlineData(DataType.Float32, DataType.Float64, DataType.Float64)]
    [InlineData(DataType.UInt8, DataType.Int8, DataType.Int16)]
    [InlineData(DataType.UInt32, DataType.Int8, DataType.Int64)]
    [InlineData(DataType.UInt64, DataType.Int8, DataType.Float64)]
    [InlineData(DataType.UInt16, DataType.Int64, DataType.Int64)]
    [InlineData(DataType.Bool, DataType.Int8, DataType.Int8)]
    [InlineData(DataType.Bool, DataType.Float8E4M3FN, DataType.BFloat16)]
    [InlineData(DataType.Int64, DataType.BFloat16, DataType.BFloat16)]
    [InlineData(DataType.Complex64, DataType.Float64, DataType.Complex64)]
    public void Examples(DataType left, DataType right, DataType result) => Assert.Equal(result, DataType.Promote(left, right));

    [Fact]
    public void What_is_no_type_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => DataType.Promote((DataType)99, DataType.Bool));
        Assert.Throws<ArgumentOutOfRangeException>(() => DataType.Promote((DataType)99, (DataType)99));
    }

    [Fact]
    public void The_table_of_the_documentation_is_that_of_the_code()
    {
        var table = new StringBuilder();
        table.Append("| | ").AppendJoin(" | ", s_all.Select(Short)).Append(" |\n").Append("|---|").Insert(table.Length, "---|", s_all.Length).Append('\n');
        foreach (DataType left in s_all)
        {
            table.Append("| **").Append(Short(left)).Append("** | ").AppendJoin(" | ", s_all.Select(right => Short(DataType.Promote(left, right)))).Append(" |\n");
        }

        string document = File.ReadAllText(Path.Combine(Fixtures.Repository, "docs", "numerics.md")).ReplaceLineEndings("\n");
        Assert.True(document.Contains(table.ToString(), StringComparison.Ordinal), "docs/numerics.md lacks this table:\n" + table);
    }

    [Fact]
    public void The_types_of_the_documentation_are_those_of_their_definition()
    {
        string document = File.ReadAllText(Path.Combine(Fixtures.Repository, "docs", "numerics.md"));
        foreach (ExactFormat format in Formats.Values)
        {
            string row = FormattableString.Invariant($"| `{format.Name}` | 1, {format.ExponentBits}, {format.MantissaBits} | {format.Bias} | {format.Value(format.MaxFinite)} | ")
                + Power(1 - format.Bias) + " | " + Power(1 - format.Bias - format.MantissaBits) + " | " + (format.HasInfinity ? format.Overflow.ToString("X2", System.Globalization.CultureInfo.InvariantCulture) : "no");
            Assert.Contains(row, document, StringComparison.Ordinal);
        }

        static string Power(int exponent) => exponent == 0 ? "1" : $"2^{exponent}";
    }

    static string Short(DataType type) => type.ToString()
        .Replace("Float64", "F64", StringComparison.Ordinal).Replace("BFloat", "BF", StringComparison.Ordinal).Replace("Complex", "C", StringComparison.Ordinal)
        .Replace("Float8", "", StringComparison.Ordinal).Replace("Float6", "", StringComparison.Ordinal).Replace("Float4", "", StringComparison.Ordinal)
        .Replace("Float", "F", StringComparison.Ordinal).Replace("UInt", "U", StringComparison.Ordinal).Replace("Int", "I", StringComparison.Ordinal);

    static (BigInteger Min, BigInteger Max) Range(DataType type)
    {
        if (type == DataType.Bool)
        {
            return (0, 1);
        }

        BigInteger values = BigInteger.One << type.BitSize();
        return IsSigned(type) ? (-values / 2, (values / 2) - 1) : (0, values - 1);
    }

    // All of them for a small format; the ends and the finest of the wide ones.
    static IEnumerable<double> FiniteValues(DataType type) => type switch
    {
        DataType.Float16 => [65504, Math.ScaleB(1, -24), 1 + Math.ScaleB(1, -10)],
        DataType.BFloat16 => [Math.ScaleB(255, 120), Math.ScaleB(1, -133), 1 + Math.ScaleB(1, -7)],
        DataType.Float32 => [float.MaxValue, float.Epsilon, MathF.BitIncrement(1)],
        DataType.Float64 => [double.MaxValue, double.Epsilon, Math.BitIncrement(1)],
        DataType.Float8E8M0FNU => Enumerable.Range(-127, 255).Select(exponent => Math.ScaleB(1, exponent)),
        _ => Formats[type] is var format ? Enumerable.Range(0, format.Codes).Select(format.Value).Where(double.IsFinite) : [],
    };

    static Dictionary<DataType, ExactFormat> Formats { get; } = new ExactFormat[]
    {
        ExactFormat.Float8E4M3FN, ExactFormat.Float8E5M2, ExactFormat.Float8E4M3FNUZ, ExactFormat.Float8E5M2FNUZ, ExactFormat.Float8E4M3B11FNUZ,
        ExactFormat.Float8E4M3, ExactFormat.Float8E3M4, ExactFormat.Float6E2M3FN, ExactFormat.Float6E3M2FN, ExactFormat.Float4E2M1FN,
    }.ToDictionary(format => Enum.Parse<DataType>(format.Name));

    static bool Holds(DataType type, double value) => type switch
    {
        DataType.Float64 => true,
        DataType.Float32 => (float)value == value,
        DataType.Float16 => (double)(Half)value == value,
        DataType.BFloat16 => ExactFormat.BFloat16.Value(ExactFormat.BFloat16.Round(value)) == value,
        DataType.Float8E8M0FNU => value > 0 && Math.ScaleB(1, Math.ILogB(value)) == value,
        _ => Formats[type].Value(Formats[type].Round(value)) == value,
    };
}
