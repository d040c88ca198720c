using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Backends.Cpu;

/// <summary>
/// A matrix in the checkpoint's own bits, read from the mapped file, or a copy in E4M3 in memory of its own. Scales are float32, [ceil(rows / BlockRows), ScaleStride];
/// a weight that is not quantised is one block as wide as the matrix with no scales.
/// </summary>
/// <remarks>
/// What kernels do not read in place (<see cref="IsExpanded"/>: codes of other formats, scales in 8 bits, rows that are columns) stays in its bits all the same;
/// some rows at a time become a matrix that they do read, by <see cref="Expand"/>.
/// </remarks>
sealed unsafe class CpuWeight : Weight
{
    /// <summary>Rows that are expanded together: the widest kernels' panel.</summary>
    internal const int ExpandedRows = 32;

    // A row may bring 2 MiB of a file into a process, all that the system's cache keeps together; to give it back interrupts every processor.
    const int RowsKept = 16;

    readonly RowExpansion? _expansion;
    readonly long _rowBytes;
    readonly long _firstRow;
    readonly int _rowStep = 1;
    readonly long _codeRows = 1;
    readonly ScaleCodes? _scaleCodes;
    readonly float[]? _scaleTable;
    readonly int _workers;
    readonly int _transposedRows;
    CpuWeight?[]? _expanded;
    CpuWeight?[]? _scaledRows;
    byte* _data;
    int _rowsRead;
    int _fitsBFloat16;
    float* _scales;
    NativeBlock? _copy;
    NativeBlock? _packed;
    NativeBlock? _ownScales;

    /// <param name="source">The layer.</param>
    /// <param name="ledger">Where memory for scales comes from.</param>
    /// <param name="workers">Numbers below this one are workers in <see cref="Expand"/>.</param>
    internal CpuWeight(LinearTensor source, MemoryLedger ledger, int workers = 1)
        : base(source.Rows, source.Columns)
    {
        TensorView tensor = source.Tensor;
        _data = tensor.DangerousGetPointer();
        _transposedRows = checked((int)source.TransposedRows);
        _expansion = _transposedRows == 0 ? RowExpansion.For(source.ElementType, source.HighHalfFirst) : RowExpansion.ForTransposed(source.ElementType);
        (Format, ElementBytes) = source.ElementType switch
        {
            _ when _expansion is not null => (_expansion.Format, _expansion.ElementBytes),
            DataType.Float8E4M3FN => (WeightFormat.E4M3, 1),
            DataType.BFloat16 => (WeightFormat.BFloat16, 2),
            DataType.Float16 => (WeightFormat.Float16, 2),
            DataType.Float32 => (WeightFormat.Float32, 4),
            _ => throw new ModelException(ModelError.Unsupported, $"a linear layer of type {source.ElementType} is not supported", tensor.File.Path, tensor.Name),
        };
        _rowBytes = _expansion?.StoredBytes(Columns) ?? (long)Columns * ElementBytes;
        if (tensor.ByteLength != checked(source.StoredRows * _rowBytes))
        {
            throw new ModelException(ModelError.Damaged, $"{tensor.ByteLength} bytes do not hold [{source.StoredRows}, {Columns}] of {source.ElementType}", tensor.File.Path, tensor.Name);
        }

        _firstRow = source.FirstRow;
        _rowStep = source.RowStep;
        if ((_rowStep != 1 && _expansion is null && _transposedRows == 0) || (_transposedRows != 0 && (ElementBytes == 1 || source.Scales is { Codes: not null } || (_expansion is null && source.Scales is not null))))
        {
            throw new ModelException(ModelError.Unsupported, $"a layer of every {_rowStep}th row, which is not supported in {source.ElementType}", tensor.File.Path, tensor.Name);
        }

        _data += _transposedRows == 0 ? _firstRow * _rowBytes : 0;
        NaNGroups = _expansion is null && Format == WeightFormat.E4M3 ? new NaNGroups(_data, Rows, Columns) : null;
        BlockRows = 1;
        BlockColumns = Columns;
        Bytes = Rows * _rowBytes;
        if (source.Scales is { } scales)
        {
            BlockColumns = scales.BlockColumns;
            ScaleStride = (Columns + BlockColumns - 1) / BlockColumns;
            if (scales.Count != checked((source.StoredRows + scales.BlockRows - 1) / scales.BlockRows * ScaleStride))
            {
                throw new ModelException(ModelError.Damaged, $"{scales.Count} scales do not cover [{source.StoredRows}, {Columns}] in blocks of [{scales.BlockRows}, {BlockColumns}]", tensor.File.Path, tensor.Name);
            }

            // Rows that begin inside a block have a scale each, unless they are all in that block.
            long first = _firstRow / scales.BlockRows;
            long last = (_firstRow + ((Rows - 1) * _rowStep)) / scales.BlockRows;
            BlockRows = _rowStep == 1 && _firstRow % scales.BlockRows == 0 ? scales.BlockRows : first == last ? Rows : 1;
            if (scales.Values is { } values)
            {
                long count = (Rows + BlockRows - 1) / BlockRows * ScaleStride;
                _ownScales = NativeBlock.Allocate(ledger, count * sizeof(float));
                _scales = (float*)_ownScales.Pointer;
                for (long row = 0; row < Rows; row += BlockRows)
                {
                    long stored = TensorRow(row) / scales.BlockRows * ScaleStride;
                    values.AsSpan(checked((int)stored), ScaleStride).CopyTo(new Span<float>(_scales + (row / BlockRows * ScaleStride), ScaleStride));
                }

                Bytes += count * sizeof(float);
            }
            else
            {
                _scaleCodes = scales.Codes;
                _scaleTable = scales.Table;
                _codeRows = scales.BlockRows;
                Bytes += (last - first + 1) * ScaleStride;
            }
        }

        if (_expansion is not null || _scaleCodes is not null || _transposedRows != 0)
        {
            _workers = workers;
        }

        if (_transposedRows != 0 && _rowStep == 1 && TensorRow(0) / _transposedRows == TensorRow(Rows - 1) / _transposedRows)
        {
            StoredColumns = source.ElementType switch
            {
                DataType.Float8E4M3FN => WeightFormat.E4M3,
                DataType.BFloat16 => WeightFormat.BFloat16,
                _ => null,
            };
        }

        FourBitBlock = source is { ElementType: DataType.Float4E2M1FN, HighHalfFirst: false } && _scaleCodes is { IsTiled: false } && BlockColumns is 16 or 32 && Columns % 32 == 0 ? BlockColumns : 0;
        bool isMxFp8 = source.ElementType == DataType.Float8E4M3FN && _scaleCodes is { IsTiled: false } && BlockColumns == ScaledE4M3.BlockColumns && Columns % ScaledE4M3.BlockColumns == 0;
        if ((FourBitBlock > 0 || isMxFp8) && _codeRows == 1)
        {
            BlockScales = BlockScales.Of(BlockColumns, _scaleTable!);
        }
    }

    /// <summary>E4M3 codes and a scale for each row, to be written.</summary>
    /// <exception cref="ModelException">The system has no more memory.</exception>
    internal CpuWeight(long rows, int columns, MemoryLedger ledger)
        : base(rows, columns)
    {
        Format = WeightFormat.E4M3;
        ElementBytes = 1;
        _rowBytes = columns;
        BlockRows = 1;
        BlockColumns = columns;
        ScaleStride = 1;
        Bytes = checked(rows * columns + rows * sizeof(float));
        _copy = NativeBlock.AllocateLarge(ledger, checked(rows * columns));
        try
        {
            _ownScales = NativeBlock.Allocate(ledger, rows * sizeof(float));
        }
        catch (ModelException)
        {
            _copy.Dispose();
            throw;
        }

        _data = _copy.Pointer;
        _scales = (float*)_ownScales.Pointer;
    }

    /// <summary>What <see cref="Expand"/> fills for one worker, without scales of blocks.</summary>
    CpuWeight(CpuWeight source, WeightFormat format)
        : base(source.Rows, source.Columns)
    {
        IsExpansion = true;
        Format = format;
        ElementBytes = sizeof(ushort);
        _rowBytes = (long)Columns * ElementBytes;
        BlockRows = Rows;
        BlockColumns = Columns;
        ScaleStride = 1;
        Bytes = source.Bytes;
    }

    /// <summary>The same with them.</summary>
    CpuWeight(CpuWeight source)
        : base(source.Rows, source.Columns)
    {
        IsExpansion = true;
        Format = source.Format;
        ElementBytes = source.ElementBytes;
        _rowBytes = (long)Columns * ElementBytes;
        _data = source._data;
        NaNGroups = source.NaNGroups;
        _scales = source._scales;
        BlockRows = source._scaleCodes is null ? source.BlockRows : 1;
        BlockColumns = source.BlockColumns;
        ScaleStride = source.ScaleStride;
        Bytes = source.Bytes;
    }

    /// <summary>The format that kernels multiply, after expansion where there is one.</summary>
    internal WeightFormat Format { get; }

    /// <summary>Bytes of an element in <see cref="Format"/>.</summary>
    internal int ElementBytes { get; }

    internal long BlockRows { get; }

    internal int BlockColumns { get; }

    internal int ScaleStride { get; }

    internal override long Bytes { get; }

    /// <summary>For E4M3 in place, where its NaN codes are; null where there are none.</summary>
    internal NaNGroups? NaNGroups { get; }

    /// <summary>What becomes of the inputs before they are multiplied; null: they stay as they are.</summary>
    internal InputQuantization? Input { get; init; }

    /// <summary>What each input is multiplied with before that; null: 1.</summary>
    internal float[]? InputFactors { get; init; }

    /// <summary>What is added to each output; null: nothing.</summary>
    internal CpuVector? Bias { get; init; }

    /// <summary>Whether rows are given back by <see cref="ReleaseRow"/>: only where they lie in a mapped file.</summary>
    internal bool ReleasesRows { get; init; }

    /// <summary>A copy in panels of so many rows each, [panel][column][row], where <see cref="Pack"/> made room for one; null: none.</summary>
    internal float* Packed { get; private set; }

    /// <summary>Makes room for <see cref="Packed"/>, which the kernels fill.</summary>
    /// <exception cref="ModelException">The system has no more memory.</exception>
    internal void Pack(int panelRows, long floats, MemoryLedger ledger)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(floats, (Rows + panelRows - 1) / panelRows * panelRows * Columns);
        _packed = NativeBlock.AllocateLarge(ledger, checked(floats * sizeof(float)));
        Packed = (float*)_packed.Pointer;
    }

    internal bool IsScaled => _scales is not null || _scaleCodes is not null;

    /// <summary>Whether kernels cannot read this, but only what <see cref="Expand"/> makes of it.</summary>
    internal bool IsExpanded => _workers > 0;

    /// <summary>Whether this is what <see cref="Expand"/> has made of another weight: inputs were prepared for that one.</summary>
    internal bool IsExpansion { get; }

    /// <summary>Bytes of memory that <see cref="Expand"/> wants.</summary>
    internal long ExpansionBytes
        => !IsExpanded ? 0 : Math.Max(CanScale ? (long)ExpandedRows * Columns * sizeof(ushort) + sizeof(float) : 0, ExpansionOfStoredBytes);

    long ExpansionOfStoredBytes
        => (_expansion is null && _transposedRows == 0 ? 0 : Align((long)ExpandedRows * Columns * ElementBytes)) + (_scaleCodes is null ? 0 : (long)ExpandedRows * ScaleStride * sizeof(float));

    /// <summary>
    /// Columns of a block, 16 or 32, where rows are E2M1 codes, the even column in the lower half of a byte, of whole 32 columns, and scales
    /// are 8-bit codes one after the other; otherwise 0.
    /// </summary>
    internal int FourBitBlock { get; }

    /// <summary>What generated code can compute scales in 8 bits by, of E2M1 codes as above or of E4M3, one after the other.</summary>
    internal BlockScales BlockScales { get; }

    /// <summary>Whether rows are E4M3 codes in place whose scales are powers of two in 8 bits, of 32 columns each, one after the other (MXFP8).</summary>
    internal bool HasPowers => FourBitBlock == 0 && BlockScales.Kind == BlockScaleKind.Powers;

    /// <summary>Of such rows, whether all of them times their scales are normal numbers of bfloat16. All scales are read when it is first asked for.</summary>
    internal bool FitsBFloat16
    {
        get
        {
            if (_fitsBFloat16 == 0)
            {
                bool isExact = true;
                for (long row = 0; row < Rows && isExact; row++)
                {
                    isExact = ScaledE4M3.AreExact(new ReadOnlySpan<byte>(StoredScales(row), ScaleStride));
                }

                _fitsBFloat16 = isExact ? 1 : -1;
            }

            return _fitsBFloat16 > 0;
        }
    }

    /// <summary>What codes of scales stand for, 256 values.</summary>
    internal float[]? ScaleTable => _scaleTable;

    /// <summary>Whether rows of another weight lie between this one's.</summary>
    internal bool IsInterleaved => _rowStep > 1;

    /// <summary>Whether the rows of another weight lie behind each of this one's, and nothing else between them.</summary>
    internal bool LiesByTurnsWith(CpuWeight next)
        => _rowStep == 2 && next._rowStep == 2 && next._firstRow == _firstRow + 1 && next.Rows == Rows && next._data == _data + _rowBytes && next._scaleCodes?.Tensor.DangerousGetPointer() == _scaleCodes?.Tensor.DangerousGetPointer();

    /// <summary>What elements are where rows are columns of one stored matrix, one beside the other, that kernels can read so: E4M3 or BFloat16; null elsewhere.</summary>
    internal WeightFormat? StoredColumns { get; }

    /// <summary>The first input of output <paramref name="row"/>, of a weight with <see cref="StoredColumns"/>; the next is <paramref name="step"/> bytes further.</summary>
    internal byte* StoredColumn(long row, out nint step)
    {
        (long matrix, long output) = Math.DivRem(TensorRow(row), _transposedRows);
        int stored = StoredColumns == WeightFormat.E4M3 ? 1 : sizeof(ushort);
        step = (nint)_transposedRows * stored;
        return _data + (((matrix * Columns * _transposedRows) + output) * stored);
    }

    // The row of the tensor, of which this may be a part.
    long TensorRow(long row) => _firstRow + (row * _rowStep);

    internal byte* Row(long row) => _data + row * _rowBytes;

    /// <summary>The codes of a row as they are in the file.</summary>
    internal byte* StoredRow(long row) => _data + row * _rowStep * _rowBytes;

    /// <summary>The codes of its scales, of a weight with a <see cref="ScaleTable"/>.</summary>
    internal byte* StoredScales(long row) => _scaleCodes!.Tensor.DangerousGetPointer() + _scaleCodes.Offset(TensorRow(row) / _codeRows);

    /// <summary>To be called after a row was read: takes what that brought into this process out of it again, for some rows at a time.</summary>
    internal void ReleaseRow()
    {
        if (ReleasesRows && Interlocked.Increment(ref _rowsRead) % RowsKept == 0)
        {
            MemoryAdvice.Release(_data, Rows * _rowBytes);
        }
    }

    /// <summary>The scales of the blocks that row <paramref name="row"/> crosses, left to right; null when not quantised.</summary>
    internal float* Scales(long row) => _scales is null ? null : _scales + (BlockRows == 1 ? row : row / BlockRows) * ScaleStride;

    /// <summary>
    /// A weight with the same row numbers that kernels can read, of which only the rows [first, end), at most <see cref="ExpandedRows"/>,
    /// are there, until <paramref name="worker"/> asks for others of this weight or uses <paramref name="memory"/> otherwise.
    /// </summary>
    /// <param name="worker">Who asks.</param>
    /// <param name="first">The first row.</param>
    /// <param name="end">The row after the last.</param>
    /// <param name="memory"><see cref="ExpansionBytes"/>.</param>
    /// <param name="scaled">Whether bfloat16 with the scales in it is wanted, of weights and rows that it can hold.</param>
    internal CpuWeight Expand(int worker, long first, long end, byte* memory, bool scaled = false)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(end - first, ExpandedRows);
        if (scaled && CanScale && ScaleFewRows(worker, first, end, memory) is { } whole)
        {
            return whole;
        }

        CpuWeight?[] all = _expanded ?? Interlocked.CompareExchange(ref _expanded, new CpuWeight?[_workers], null) ?? _expanded;
        CpuWeight expanded = all[worker] ??= new CpuWeight(this);
        if (_transposedRows != 0)
        {
            // Rows that lie beside each other are turned together.
            bool isWhole = _expansion is not null && _rowStep == 1 && TensorRow(first) / _transposedRows == TensorRow(end - 1) / _transposedRows;
            int together = isWhole ? (int)(end - first) : 1;
            for (long row = first; row < end; row += together)
            {
                Turn(TensorRow(row), memory + (row - first) * expanded._rowBytes, together);
            }

            expanded._data = memory - first * expanded._rowBytes;
        }
        else if (_expansion is not null)
        {
            for (long row = first; row < end; row++)
            {
                _expansion.Expand(StoredRow(row), memory + (row - first) * expanded._rowBytes, Columns);
            }

            expanded._data = memory - first * expanded._rowBytes;
            memory += Align((long)ExpandedRows * Columns * ElementBytes);
        }

        if (_scaleCodes is not null)
        {
            float* values = (float*)memory;
            expanded._scales = values - first * ScaleStride;
            fixed (float* table = _scaleTable)
            {
                byte* stored = _scaleCodes.Tensor.DangerousGetPointer();
                for (long row = first; row < end; row++, values += ScaleStride)
                {
                    byte* codes = stored + _scaleCodes.Offset(TensorRow(row) / _codeRows);
                    if (_scaleCodes.IsTiled)
                    {
                        for (int i = 0; i < ScaleStride; i++)
                        {
                            values[i] = table[codes[i / ScaleCodes.TileColumns * ScaleCodes.TileBytes + i % ScaleCodes.TileColumns]];
                        }
                    }
                    else
                    {
                        for (int i = 0; i < ScaleStride; i++)
                        {
                            values[i] = table[codes[i]];
                        }
                    }
                }
            }
        }

        return expanded;
    }

    /// <summary>Whether <see cref="Expand"/> can make bfloat16 with scales in it; not of rows with extreme ones.</summary>
    internal bool CanScale => FourBitBlock > 0 && BlockScales.Kind != BlockScaleKind.Table && Input is null;

    CpuWeight? ScaleFewRows(int worker, long first, long end, byte* memory)
    {
        for (long row = first; row < end; row++)
        {
            if (!ScaledE2M1.AreExact(BlockScales.Kind, new ReadOnlySpan<byte>(StoredScales(row), ScaleStride)))
            {
                return null;
            }
        }

        CpuWeight?[] all = _scaledRows ?? Interlocked.CompareExchange(ref _scaledRows, new CpuWeight?[_workers], null) ?? _scaledRows;
        CpuWeight scaled = all[worker] ??= new CpuWeight(this, WeightFormat.BFloat16);
        for (long row = first; row < end; row++)
        {
            ScaledE2M1.Expand(StoredRow(row), StoredScales(row), BlockScales.Kind, Columns, (ushort*)(memory + (row - first) * scaled._rowBytes));
        }

        scaled._data = memory - first * scaled._rowBytes;
        if (BlockScales.Factor != 1)
        {
            scaled._scales = (float*)(memory + ExpandedRows * scaled._rowBytes);
            *scaled._scales = BlockScales.Factor;
        }

        return scaled;
    }

    // Of 32 rows that are turned one after the other, the lines of the cache are the same.
    void Turn(long storedRow, byte* destination, int rows)
    {
        int stored = _expansion is null ? ElementBytes : 1;
        byte* source = _data + (((storedRow / _transposedRows * Columns * _transposedRows) + (storedRow % _transposedRows)) * stored);
        nint step = (nint)_transposedRows * stored;
        if (_expansion is not null)
        {
            _expansion.Turn(source, step, destination, rows, Columns);
            return;
        }

        for (nint i = 0; i < Columns; i++, source += step)
        {
            if (ElementBytes == sizeof(ushort))
            {
                ((ushort*)destination)[i] = *(ushort*)source;
            }
            else
            {
                ((uint*)destination)[i] = *(uint*)source;
            }
        }
    }

    public override void Dispose()
    {
        Bias?.Dispose();
        _ownScales?.Dispose();
        _copy?.Dispose();
        _packed?.Dispose();
        Packed = null;
        _scales = null;
    }

    static long Align(long bytes) => (bytes + 63) / 64 * 64;
}
