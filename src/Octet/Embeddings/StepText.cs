using Octet.Backends;

namespace Octet.Embeddings;

/// <summary>What a step has computed of a text: the last states of some of its tokens.</summary>
/// <param name="Text">Which of the texts.</param>
/// <param name="Index">Which of those in this step.</param>
/// <param name="States">Rows of hidden states, valid during the call.</param>
/// <param name="FirstRow">Of its tokens.</param>
/// <param name="FirstToken">The number of the first of them in the text.</param>
/// <param name="Count">How many they are.</param>
/// <param name="IsLast">Whether the text ends with them.</param>
readonly record struct StepText(int Text, int Index, Activations States, int FirstRow, int FirstToken, int Count, bool IsLast);
