namespace Octet.Cuda.Tests.FakeLibrary;

/// <summary>The library's statuses, from its header by themselves and not from the code under test.</summary>
static class Status
{
    internal const int Success = 0;
    internal const int NotInitialized = 1;
    internal const int InvalidValue = 7;
    internal const int ExecutionFailed = 13;
    internal const int InternalError = 14;
    internal const int NotSupported = 15;
}
