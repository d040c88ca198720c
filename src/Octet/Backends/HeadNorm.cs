namespace Octet.Backends;

/// <summary>RMSNorm over each query and key head before they turn; null: none.</summary>
readonly record struct HeadNorm(Weight? Query, Weight? Key, float Epsilon);
