namespace Octet.Tokenizers.Reading;

/// <summary>Makes the exception for a file that cannot be used; its type is the one that the caller's public method promises.</summary>
/// <param name="path">The file.</param>
/// <param name="reason">What is wrong with it, in one line, to follow the file's name.</param>
/// <param name="innerException">The cause, if any.</param>
delegate Exception Refusal(string path, string reason, Exception? innerException);
