using Octet.Backends;
using Octet.Cuda.Driver;

namespace Octet.Cuda;

/// <summary>
/// A whole forward pass: what changes is brought to the card at once, and steps in which each sequence has one row run as graphs, one for each number of rows
/// (a power of two). The first such step runs as it is, which loads kernels and finds memory; the second is recorded.
/// </summary>
sealed partial class CudaBackend
{
    readonly Dictionary<(int Rows, CudaActivations States), Recorded> _graphs = [];
    bool _isForward;
    int _batchRows;
    int _moves;
    string? _unrecorded;

    /// <summary>Steps that ran as graphs.</summary>
    internal long GraphSteps { get; private set; }

    // What graphs were recorded with: where memory has moved since, they are of no use.
    (int, int, int) Moves => (_step.Moves, _input.Moves + _spread.Moves, _moves);

    internal override void Forward(ForwardPass pass, Batch batch, StateCache cache, Activations states, bool mayRepeat, CancellationToken cancellationToken)
    {
        FinishUpload();
        _prepared = null;
        _made = null;
        _step.Begin(batch, cache, fills: mayRepeat);
        _batchRows = batch.Count;
        _isForward = true;
        try
        {
            var to = (CudaActivations)states;
            if (mayRepeat && _step.IsDecode && _step.Rows <= CudaStep.MaxPadded)
            {
                Run(pass, batch, cache, to, cancellationToken);
            }
            else
            {
                pass(batch, cache, states, cancellationToken);
            }
        }
        finally
        {
            _isForward = false;
            _prepared = null;
            _made = null;
        }
    }

    void Run(ForwardPass pass, Batch batch, StateCache cache, CudaActivations states, CancellationToken cancellationToken)
    {
        (int, CudaActivations) key = (_step.Rows, states);
        if (!_graphs.TryGetValue(key, out Recorded? recorded) || recorded.Moves != Moves)
        {
            Forget(key);
            pass(batch, cache, states, cancellationToken);
            _graphs[key] = new Recorded(Moves);
            return;
        }

        if (recorded is { Graph: null, IsRefused: false })
        {
            Record(recorded, pass, batch, cache, states, cancellationToken);
        }

        if (recorded.Graph is null)
        {
            pass(batch, cache, states, cancellationToken);
            return;
        }

        recorded.Graph.Launch(_stream);
        GraphSteps++;
    }

    void Record(Recorded recorded, ForwardPass pass, Batch batch, StateCache cache, CudaActivations states, CancellationToken cancellationToken)
    {
        _stream.BeginCapture();
        try
        {
            pass(batch, cache, states, cancellationToken);
            recorded.Graph = _stream.EndCapture();
        }
        catch (CudaException error) when (CudaResult.IsOfRecording(error.Code))
        {
            // A graph takes memory of the card, which the cache may have filled, and drivers differ in what they record: the step runs without one.
            _stream.CancelCapture();
            recorded.IsRefused = true;
            _unrecorded = error.Message;
            _prepared = null;
            _made = null;
        }
        catch
        {
            _stream.CancelCapture();
            throw;
        }
    }

    // What is recorded anew, and what was recorded for states that are there no longer.
    void Forget((int Rows, CudaActivations States) key)
    {
        foreach ((int Rows, CudaActivations States) known in _graphs.Keys.Where(known => known == key || known.States.IsDisposed).ToArray())
        {
            _graphs[known].Graph?.Dispose();
            _graphs.Remove(known);
        }
    }

    void DropGraphs()
    {
        foreach (Recorded recorded in _graphs.Values)
        {
            recorded.Graph?.Dispose();
        }

        _graphs.Clear();
    }

    /// <summary>Rows of the batch, with those that fill the step up.</summary>
    int Padded(int rows) => _isForward && rows == _batchRows ? _step.Rows : rows;

    sealed class Recorded((int, int, int) moves)
    {
        internal (int, int, int) Moves => moves;

        internal CudaGraph? Graph { get; set; }

        /// <summary>Whether the driver makes no graph of it.</summary>
        internal bool IsRefused { get; set; }
    }
}
