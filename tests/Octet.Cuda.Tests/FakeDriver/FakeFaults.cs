namespace Octet.Cuda.Tests.FakeDriver;

/// <summary>Errors that a <see cref="FakeCuda"/> is to have.</summary>
sealed class FakeFaults
{
    readonly Dictionary<string, int> _calls = [];
    readonly List<(string? Function, int Call, int Code)> _planned = [];
    int _all;

    /// <summary>Whether one of them was had.</summary>
    internal bool HaveCome { get; private set; }

    /// <summary>Calls of a function so far.</summary>
    internal int Calls(string function) => _calls.GetValueOrDefault(function);

    /// <summary>The <paramref name="nth"/> call of a function from now on, 1 being the next one, returns a code and does nothing.</summary>
    internal void Fail(string function, int nth, int code) => _planned.Add((function, Calls(function) + nth, code));

    /// <summary>The <paramref name="nth"/> call of whatever function from now on returns a code and does nothing.</summary>
    internal void FailAny(int nth, int code) => _planned.Add((null, _all + nth, code));

    /// <summary>Counts a call; the code that it is to return, 0: none.</summary>
    internal int Next(string function)
    {
        _all++;
        int call = _calls[function] = Calls(function) + 1;
        int code = _planned.FirstOrDefault(fault => fault.Function is null ? fault.Call == _all : fault.Function == function && fault.Call == call).Code;
        HaveCome |= code != 0;
        return code;
    }
}
