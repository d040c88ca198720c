using Octet.Cuda.CublasLt;
using Octet.Cuda.Driver;

namespace Octet.Cuda.Diagnosis;

/// <summary>What NVIDIA's driver and cards can do here, and what to do about what is missing.</summary>
/// <param name="Probe">The driver.</param>
/// <param name="Facts">What the system says of it.</param>
/// <param name="Cards">What it sees.</param>
/// <param name="Problem">Why no card can be used, in one line; null: one can.</param>
/// <param name="Advice">What to do, a sentence each.</param>
/// <param name="Library">NVIDIA's cuBLASLt.</param>
sealed record CudaDiagnosis(DriverProbe Probe, MachineFacts Facts, IReadOnlyList<CardDiagnosis> Cards, string? Problem, IReadOnlyList<string> Advice, CublasLtProbe Library)
{
    /// <param name="probe">The driver.</param>
    /// <param name="facts">What the system says of it.</param>
    /// <param name="tries">Whether cards are opened, tried and measured.</param>
    /// <param name="model">The directory of a small model that cards generate with; null: they are not tried that way.</param>
    /// <param name="cancellationToken">Ends the measurements.</param>
    /// <param name="library">NVIDIA's library, which cards that are tried are tried with too; null: nobody wants it.</param>
    internal static CudaDiagnosis Run(DriverProbe probe, MachineFacts facts, bool tries, string? model, CancellationToken cancellationToken, CublasLtProbe? library = null)
    {
        library ??= CublasLtProbe.NotAsked;
        var cards = new List<CardDiagnosis>();
        string? problem = probe.Reason;
        if (probe.Driver is { } driver)
        {
            try
            {
                int count = driver.CountDevices();
                for (int i = 0; i < count; i++)
                {
                    cards.Add(CardDiagnosis.Of(driver, i, tries, model, library, cancellationToken));
                }
            }
            catch (CudaException error)
            {
                problem = error.Message;
            }

            problem ??= cards.Any(card => card.IsUsable) ? null : WhyNone(cards);
        }

        return new CudaDiagnosis(probe, facts, cards, problem, [.. DriverAdvice.Of(probe, facts, cards.Count), .. cards.SelectMany(DriverAdvice.Of)], library);
    }

    static string WhyNone(List<CardDiagnosis> cards)
        => cards.Count == 0
            ? "the driver knows no card"
            : string.Join("; ", cards.Select(card => $"cuda:{card.Info.Ordinal} ({card.Info.Name}): {card.Refusal ?? card.Checks.First(check => check.Problem is not null).Problem}"));
}
