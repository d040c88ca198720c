namespace Octet.Backends.Cpu;

/// <summary>What encoders have that decoders do not.</summary>
sealed unsafe partial class ScalarKernels
{
    internal override int WithinScratch(int headDim) => 0;

    internal override void AddLayerNorm(float* residual, float* delta, float* norm, float* bias, float epsilon, float* output, int count)
    {
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            residual[i] += delta is null ? 0 : delta[i];
            sum += residual[i];
        }

        double mean = sum / count;
        double squares = 0;
        for (int i = 0; i < count; i++)
        {
            squares += (residual[i] - mean) * (residual[i] - mean);
        }

        double scale = 1 / Math.Sqrt((squares / count) + epsilon);
        for (int i = 0; i < count; i++)
        {
            output[i] = (float)(((residual[i] - mean) * scale * norm[i]) + (bias is null ? 0 : bias[i]));
        }
    }

    internal override void Apply(Nonlinearity function, float* values, int count)
    {
        for (int i = 0; i < count; i++)
        {
            double x = values[i];
            values[i] = (float)(function switch
            {
                Nonlinearity.Gelu => Gelu(x),
                Nonlinearity.GeluTanh => GeluTanh(x),
                Nonlinearity.Relu => x < 0 ? 0 : x,
                Nonlinearity.SquaredRelu => x < 0 ? 0 : x * x,
                Nonlinearity.Silu => x * Logistic(x),
                _ => Math.Tanh(x),
            });
        }
    }

    internal override void AttendWithin(in BidirectionalTile work)
    {
        int size = work.HeadDim;
        double[] scores = new double[work.Tokens];
        double[] sums = new double[size];
        for (int row = work.First; row < work.First + work.Rows; row++)
        {
            float* query = work.Query + ((nint)row * work.QueryStride);
            double max = double.NegativeInfinity;
            for (int p = work.From(row); p < work.End(row); p++)
            {
                float* key = work.Key + ((nint)p * work.KeyStride);
                double dot = 0;
                for (int i = 0; i < size; i++)
                {
                    dot += (double)query[i] * key[i];
                }

                scores[p] = dot * work.Scale;
                max = Math.Max(max, scores[p]);
            }

            double total = 0;
            Array.Clear(sums);
            for (int p = work.From(row); p < work.End(row); p++)
            {
                float* value = work.Value + ((nint)p * work.ValueStride);
                double weight = Math.Exp(scores[p] - max);
                total += weight;
                for (int i = 0; i < size; i++)
                {
                    sums[i] += weight * value[i];
                }
            }

            float* output = work.Output + ((nint)row * work.OutputStride);
            for (int i = 0; i < size; i++)
            {
                output[i] = (float)(sums[i] / total);
            }
        }
    }

    static double Gelu(double x) => 0.5 * x * (1 + Erf(x * Math.Sqrt(0.5)));

    static double GeluTanh(double x) => x * Logistic(2 * Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)));

    /// <summary>2/sqrt(pi) exp(-x^2) times the sum of 2^n x^(2n + 1) / (1 * 3 * ... * (2n + 1)), whose terms have one sign; beyond 6 it is 1 to the last bit.</summary>
    static double Erf(double x)
    {
        if (Math.Abs(x) > 6)
        {
            return Math.Sign(x);
        }

        double term = x;
        double sum = x;
        for (int n = 1; Math.Abs(term) > Math.Abs(sum) * 1e-17; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
