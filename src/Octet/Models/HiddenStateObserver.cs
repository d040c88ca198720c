using Octet.Backends;

namespace Octet.Models;

/// <summary>Called after each layer, and after the final norm; what it is given is valid during the call.</summary>
/// <param name="place">The layer, from 0; the number of layers: after the final norm.</param>
/// <param name="states">The rows of the batch.</param>
/// <param name="delta">What is still to be added to <paramref name="states"/>; null: nothing.</param>
/// <param name="rows">How many rows there are.</param>
delegate void HiddenStateObserver(int place, Activations states, Activations? delta, int rows);
