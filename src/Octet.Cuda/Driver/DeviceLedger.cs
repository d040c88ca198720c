using System.Runtime.CompilerServices;
using Octet.Backends;

namespace Octet.Cuda.Driver;

/// <summary>
/// What this process has taken of a card's memory, one for each card. Weights are counted as they are copied: two models of the same files have them twice.
/// </summary>
/// <param name="capacity">Bytes that models may take.</param>
/// <param name="owner">The card, for messages.</param>
sealed class DeviceLedger(long capacity, string owner) : MemoryLedger(capacity)
{
    // Of what is free when a card is first opened: the rest is for modules, graphs and what the driver keeps for itself.
    const double UsableShare = 0.95;

    static readonly ConditionalWeakTable<CudaDriver, Dictionary<int, DeviceLedger>> s_cards = [];

    internal override string Owner => owner;

    /// <summary>The ledger of the card that a context is of.</summary>
    internal static DeviceLedger Of(CudaContext context)
    {
        Dictionary<int, DeviceLedger> cards = s_cards.GetValue(context.Driver, static _ => []);
        lock (cards)
        {
            if (!cards.TryGetValue(context.Info.Ordinal, out DeviceLedger? ledger))
            {
                ledger = new DeviceLedger((long)(context.MemoryInfo().Free * UsableShare), $"cuda:{context.Info.Ordinal} ({context.Info.Name})");
                cards.Add(context.Info.Ordinal, ledger);
            }

            return ledger;
        }
    }

    internal override IDisposable AddWeights(string path, long bytes) => Nothing.Instance;

    sealed class Nothing : IDisposable
    {
        internal static Nothing Instance { get; } = new();

        public void Dispose()
        {
        }
    }
}
