namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// Blocks of bytes for the texts of scrapes. A text of megabytes in one array, or in one for each family, would lie in the large object heap, grow by doubling, and
/// leave its smaller forms behind. Blocks of one size fit every family, whichever is large this time.
/// </summary>
/// <remarks>Families return their blocks on the thread that lets the last text go, so it is locked.</remarks>
internal sealed class BlockPool
{
    /// <summary>Some seventy sample lines. Every family wastes half a block on average.</summary>
    internal const int BlockLength = 8 * 1024;

    private readonly Lock _gate = new();
    private readonly Stack<byte[]> _free = [];
    private int _inUse;
    private int _most;
    private int _kept;

    /// <summary>A block. One that is longer than the usual is made for the purpose and not kept.</summary>
    internal byte[] Rent(int length)
    {
        if (length > BlockLength)
        {
            return new byte[length];
        }

        lock (_gate)
        {
            _inUse++;
            _most = Math.Max(_most, _inUse);
            return _free.TryPop(out byte[]? block) ? block : GC.AllocateUninitializedArray<byte>(BlockLength);
        }
    }

    /// <summary>Takes blocks back.</summary>
    internal void Return(List<byte[]> blocks)
    {
        lock (_gate)
        {
            foreach (byte[] block in blocks)
            {
                if (block.Length == BlockLength)
                {
                    _inUse--;
                    _free.Push(block);
                }
            }
        }
    }

    /// <summary>
    /// Called once a collection: keeps what the last ones needed. After a large one, what is too much goes a quarter at a time: the next may be as large again.
    /// </summary>
    internal void Trim()
    {
        lock (_gate)
        {
            _kept = Math.Max(_most, _kept - (_kept / 4));
            _most = _inUse;
            while (_free.Count > 0 && _free.Count + _inUse > _kept)
            {
                _free.Pop();
            }
        }
    }
}
