namespace Octet.Measurements;

/// <summary>A measurement cannot be made: one line that says what is missing or failed, and what to do.</summary>
sealed class MeasurementException(string message) : Exception(message);
