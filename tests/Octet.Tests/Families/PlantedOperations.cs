using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Tests.Backends;

namespace Octet.Tests.Families;

/// <summary>Backends of which one operation is wrong, for bugs that no family's data can express.</summary>
static unsafe class PlantedOperations
{
    // The logistic function of it is 1 in float32.
    const float Open = 100;

    static Span<float> Row(Activations buffer, int row) => new(((CpuActivations)buffer).Row(row), buffer.Columns);

    static double Logistic(double x) => 1 / (1 + Math.Exp(-x));

    internal sealed class OutputGateOpen(Backend backend) : ForwardingBackend(backend)
    {
        internal override void GateOutput(Activations states, Activations gate, int rows)
        {
        }
    }

    internal sealed class BetaOfOne(Backend backend) : ForwardingBackend(backend)
    {
        internal override void GatedDelta(Activations mixed, Activations beta, Activations step, Weight logRate, Weight bias, RecurrentCache cache, int layer, DeltaShape shape, Batch batch, Activations output)
        {
            for (int row = 0; row < batch.Count; row++)
            {
                Row(beta, row).Fill(Open);
            }

            base.GatedDelta(mixed, beta, step, logRate, bias, cache, layer, shape, batch, output);
        }
    }

    internal sealed class UnscaledQueries(Backend backend) : ForwardingBackend(backend)
    {
        internal override void GatedDelta(Activations mixed, Activations beta, Activations step, Weight logRate, Weight bias, RecurrentCache cache, int layer, DeltaShape shape, Batch batch, Activations output)
        {
            base.GatedDelta(mixed, beta, step, logRate, bias, cache, layer, shape, batch, output);
            for (int row = 0; row < batch.Count; row++)
            {
                foreach (ref float read in Row(output, row))
                {
                    read *= MathF.Sqrt(shape.KeyDim);
                }
            }
        }
    }

    /// <summary>Two key heads of two value heads each: the second value head meets the second key head, the third the first. Wants A_log and dt_bias exchanged alike.</summary>
    internal sealed class TiledKeys(Backend backend) : ForwardingBackend(backend)
    {
        internal override void GatedDelta(Activations mixed, Activations beta, Activations step, Weight logRate, Weight bias, RecurrentCache cache, int layer, DeltaShape shape, Batch batch, Activations output)
        {
            Assert.Equal((2, 4), (shape.KeyHeads, shape.ValueHeads));
            for (int row = 0; row < batch.Count; row++)
            {
                Exchange(Row(mixed, row)[(2 * shape.Queries)..], shape.ValueDim);
                Exchange(Row(beta, row), 1);
                Exchange(Row(step, row), 1);
            }

            base.GatedDelta(mixed, beta, step, logRate, bias, cache, layer, shape, batch, output);
            for (int row = 0; row < batch.Count; row++)
            {
                Exchange(Row(output, row), shape.ValueDim);
            }
        }

        static void Exchange(Span<float> heads, int width)
        {
            for (int i = width; i < 2 * width; i++)
            {
                (heads[i], heads[i + width]) = (heads[i + width], heads[i]);
            }
        }
    }

    internal sealed class CorrectedWeights(Backend backend) : ForwardingBackend(backend)
    {
        internal override void Route(Activations logits, RoutingRule rule, Weight? correction, Weight? factors, Routes routes, int rows)
        {
            base.Route(logits, rule, correction, factors, routes, rows);
            for (int row = 0; row < rows; row++)
            {
                double[] scores = new double[rule.Chosen];
                for (int slot = 0; slot < scores.Length; slot++)
                {
                    int expert = routes.Experts(row)[slot];
                    scores[slot] = Logistic(Row(logits, row)[expert]) + ((CpuVector)correction!).Data[expert];
                }

                for (int slot = 0; slot < scores.Length; slot++)
                {
                    ((CpuRoutes)routes).WeightsToFill(row)[slot] = (float)(scores[slot] / scores.Sum() * rule.Scale);
                }
            }
        }
    }

    internal sealed class EqualWeights(Backend backend) : ForwardingBackend(backend)
    {
        internal override void Route(Activations logits, RoutingRule rule, Weight? correction, Weight? factors, Routes routes, int rows)
        {
            base.Route(logits, rule, correction, factors, routes, rows);
            for (int row = 0; row < rows; row++)
            {
                ((CpuRoutes)routes).WeightsToFill(row).Fill(1f / rule.Chosen);
            }
        }
    }

    /// <summary>The norm of latents with another epsilon. A huge one, and its root as the norm's weight, leave latents as they are.</summary>
    internal sealed class LatentEpsilon(Backend backend, float other) : ForwardingBackend(backend)
    {
        internal override void StoreLatent(Activations latent, Weight norm, float epsilon, LatentHeads heads, KvCache cache, int layer, Batch batch)
            => base.StoreLatent(latent, norm, other, heads, cache, layer, batch);
    }

    internal sealed class NormedRotatingKeys(Backend backend) : ForwardingBackend(backend)
    {
        internal override void StoreLatent(Activations latent, Weight norm, float epsilon, LatentHeads heads, KvCache cache, int layer, Batch batch)
        {
            for (int row = 0; row < batch.Count; row++)
            {
                Span<float> key = Row(latent, row)[heads.Rank..];
                double squares = 0;
                foreach (float value in key)
                {
                    squares += value * value;
                }

                foreach (ref float value in key)
                {
                    value = (float)(value / Math.Sqrt((squares / key.Length) + epsilon));
                }
            }

            base.StoreLatent(latent, norm, epsilon, heads, cache, layer, batch);
        }
    }
}
