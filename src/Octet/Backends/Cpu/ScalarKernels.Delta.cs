namespace Octet.Backends.Cpu;

/// <summary>Recurrent layers.</summary>
sealed unsafe partial class ScalarKernels
{
    internal override void MultiplyLogistic(float* values, float* gate, int count)
    {
        for (int i = 0; i < count; i++)
        {
            values[i] = (float)(values[i] * Logistic(gate[i]));
        }
    }

    internal override void Convolve(in ConvolutionRun run)
    {
        int before = run.TapCount - 1;
        Span<float> inputs = stackalloc float[run.TapCount];
        for (int channel = 0; channel < run.Channels; channel++)
        {
            for (int i = 0; i < before; i++)
            {
                inputs[i] = run.History[((nint)i * run.TapStride) + channel];
            }

            for (nint row = 0; row < run.Rows; row++)
            {
                float* mixed = run.Mixed + (row * run.Stride) + channel;
                inputs[before] = *mixed;
                double sum = run.Bias is null ? 0 : run.Bias[channel];
                for (int i = 0; i < inputs.Length; i++)
                {
                    sum += (double)inputs[i] * run.Taps[((nint)i * run.TapStride) + channel];
                }

                *mixed = (float)(run.HasSilu ? sum * Logistic(sum) : sum);
                inputs[1..].CopyTo(inputs);
            }

            for (int i = 0; i < before; i++)
            {
                run.History[((nint)i * run.TapStride) + channel] = inputs[i];
            }
        }
    }

    /// <summary>The state lies as [key, value].</summary>
    internal override void GatedDelta(in DeltaRun run)
    {
        Span<double> decays = stackalloc double[run.KeyDim];
        for (int row = 0; row < run.Rows; row++)
        {
            float* query = run.Query + ((nint)row * run.Stride);
            float* key = run.Key + ((nint)row * run.Stride);
            float* value = run.Value + ((nint)row * run.Stride);
            float* output = run.Output + ((nint)row * run.OutputStride);
            double queryFactor = DeltaRun.Normalizer(new(query, run.KeyDim)) / Math.Sqrt(run.KeyDim);
            double keyFactor = DeltaRun.Normalizer(new(key, run.KeyDim));
            for (int i = 0; i < decays.Length; i++)
            {
                decays[i] = i == 0 || run.DecaysChannels ? run.Decay(row, i) : decays[0];
            }

            double strength = run.Strength(row);
            for (int j = 0; j < run.ValueDim; j++)
            {
                double held = 0;
                for (int i = 0; i < run.KeyDim; i++)
                {
                    held += decays[i] * run.State[(i * run.ValueDim) + j] * key[i] * keyFactor;
                }

                double written = strength * (value[j] - held);
                double read = 0;
                for (int i = 0; i < run.KeyDim; i++)
                {
                    float* state = run.State + (i * run.ValueDim) + j;
                    *state = (float)((decays[i] * *state) + (key[i] * keyFactor * written));
                    read += *state * query[i] * queryFactor;
                }

                output[j] = (float)read;
            }
        }
    }
}
