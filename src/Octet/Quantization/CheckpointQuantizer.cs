using System.Text.Json.Nodes;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>
/// Turns a checkpoint into one of another scheme: wide weights into codes and scales, codes into codes of another scheme, or back to
/// bfloat16. Works on model directories of any architecture and on single safetensors files, a band of rows at a time, so that memory
/// does not depend on the model's size.
/// </summary>
public static class CheckpointQuantizer
{
    /// <summary>Quantises a checkpoint.</summary>
    /// <param name="source">A model directory, or a single safetensors file.</param>
    /// <param name="destination">
    /// The directory, or for a file the file, to be made; it must not be there yet. It appears when all is written and read back. Before, a
    /// directory is made as <c>NAME.partial</c>, which the next call removes where a process was killed, and a file beside it under a name
    /// of this call's own, <c>.NAME.RANDOM.partial</c>.
    /// </param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the work; nothing is left behind.</param>
    /// <exception cref="ModelException">The source is not sound or has values that cannot be quantised, a pattern of <see cref="QuantizationOptions.Exclude"/> is no module of it, <see cref="QuantizationOptions.ScalesFrom"/> is not quantised, or the destination is there already.</exception>
    /// <exception cref="SafetensorsException">A file of the source is cut or damaged, or one of the destination cannot be written.</exception>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static QuantizationReport Run(string source, string destination, QuantizationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentException.ThrowIfNullOrEmpty(destination);
        options ??= new QuantizationOptions();
        options.Validate();
        try
        {
            using var opened = new QuantizationSource(source, options.SourceBlocks);
            opened.RequireCompanions();
            using QuantizationSource? given = options.ScalesFrom is { } path ? new QuantizationSource(path) : null;
            if (given is null)
            {
                new ExcludedModules(options.Exclude).RequireMatches(source, opened.ModuleNames);
            }
            else if (!given.Modules.Modules.Any(module => module.IsQuantized))
            {
                throw new ModelException(ModelError.InvalidInput, $"{options.ScalesFrom} is not quantised: expected a quantised checkpoint, whose scales are taken", options.ScalesFrom);
            }

            EncodingTarget target = given is null
                ? new SchemeTarget(options, opened.OtherParts)
                : new GivenScalesTarget(given.Modules, given.PublishedQuantization());
            CacheCalibration? cache = options.CacheCalibrationText is { } text ? new CacheCalibration(source, text, options.Threads, cancellationToken) : null;
            bool head = given is null ? options.LmHead : given.Head is { IsQuantized: true };
            var plan = new QuantizationPlan(opened, target, head, cache);
            return opened.IsDirectory
                ? WriteDirectory(plan, destination, options, cancellationToken)
                : WriteFile(plan, destination, options, cancellationToken);
        }
        catch (Exception e) when (e is (IOException and not SafetensorsException) or UnauthorizedAccessException)
        {
            throw new ModelException(ModelError.Inaccessible, $"{source} to {destination}: {e.Message.ReplaceLineEndings(" ")}", destination, innerException: e);
        }
    }

    static QuantizationReport WriteDirectory(QuantizationPlan plan, string destination, QuantizationOptions options, CancellationToken cancellationToken)
    {
        using var partial = new PartialDirectory(destination);
        using (var writer = CheckpointWriter.CreateSharded(partial.Path, plan.Tensors, WriterOptions(plan, options)))
        {
            var run = new QuantizationRun(plan, writer, options, cancellationToken);
            run.Encode();
            writer.Commit();
            run.ReadBack(partial.Path);

            // Last: without a config nothing takes what a killed process leaves for a model.
            plan.Source.CopyCompanions(partial.Path, plan);
            if (plan.Source.IsModel)
            {
                ModelPairing.Check(partial.Path);
            }

            partial.Commit();
            return run.Report([.. Directory.EnumerateFiles(destination).Order(StringComparer.Ordinal)]);
        }
    }

    static QuantizationReport WriteFile(QuantizationPlan plan, string destination, QuantizationOptions options, CancellationToken cancellationToken)
    {
        if (File.Exists(destination) || Directory.Exists(destination))
        {
            throw new ModelException(ModelError.InvalidInput, $"{destination} is there already: remove it, or choose another destination; nothing is overwritten", destination);
        }

        var metadata = new Dictionary<string, string>(plan.Source.Checkpoint.Files[0].Metadata);
        metadata.Remove(QuantizationConfig.MetadataKey);
        metadata.Remove(LayerFormats.MetadataKey);
        if (plan.LayersMetadata is not null)
        {
            metadata.Add(LayerFormats.MetadataKey, plan.LayersMetadata);
        }

        if (plan.Config is not null)
        {
            metadata.Add(QuantizationConfig.MetadataKey, plan.Config.ToJsonString());
        }

        // Under its own name the file is seen only after it was read back. Until then it has one that no other run and nobody else uses.
        string full = Path.GetFullPath(destination);
        string written = Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Path.GetRandomFileName()}.partial");
        new FileStream(written, FileMode.CreateNew, FileAccess.Write).Dispose();
        try
        {
            using var writer = CheckpointWriter.CreateFile(written, plan.Tensors, new SafetensorsWriterOptions { Metadata = metadata });
            var run = new QuantizationRun(plan, writer, options, cancellationToken);
            run.Encode();
            writer.Commit();
            run.ReadBack(written);
            File.Move(written, destination, overwrite: false);
            return run.Report([destination]);
        }
        finally
        {
            File.Delete(written);
        }
    }

    static SafetensorsWriterOptions WriterOptions(QuantizationPlan plan, QuantizationOptions options)
    {
        var written = new SafetensorsWriterOptions { MaxShardSize = options.MaxShardSize };
        return plan.LayersMetadata is not { } layers ? written : written with { Metadata = new Dictionary<string, string>(written.Metadata) { [LayerFormats.MetadataKey] = layers } };
    }
}
