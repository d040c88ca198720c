namespace Octet.Quantization;

/// <summary>The tensor that codes of more or fewer dimensions than a matrix become in bfloat16.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Dimensions">Its shape.</param>
/// <param name="TransposedRows">Rows of each matrix in it that are stored as its columns; 0: none are.</param>
sealed record WideShape(string Tensor, long[] Dimensions, long TransposedRows = 0);
