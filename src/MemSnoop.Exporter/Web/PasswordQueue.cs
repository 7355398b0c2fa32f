namespace MemSnoop.Exporter.Web;

/// <summary>
/// Computes hashes of passwords, a few at a time: each takes a processor for a tenth of a second or more, and whoever reaches the port can ask for one. The line of those who wait is
/// short, and no peer can fill it alone.
/// </summary>
internal sealed class PasswordQueue : IDisposable
{
    /// <summary>Most that wait or are computed at a time.</summary>
    internal const int MaxWaiting = 32;

    /// <summary>Most of one peer.</summary>
    internal const int MaxOfPeer = 4;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _free = new(Math.Max(1, Environment.ProcessorCount / 4));
    private readonly Dictionary<UInt128, int> _waiting = [];
    private int _all;

    /// <summary>Computes, once there is a processor for it.</summary>
    /// <returns>The result, or null if too many wait already.</returns>
    internal async Task<bool?> RunAsync(UInt128 peer, Func<bool> compute, CancellationToken cancel)
    {
        lock (_gate)
        {
            int ofPeer = _waiting.GetValueOrDefault(peer);
            if (_all >= MaxWaiting || ofPeer >= MaxOfPeer)
            {
                return null;
            }

            _all++;
            _waiting[peer] = ofPeer + 1;
        }

        try
        {
            await _free.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                return await Task.Run(compute, CancellationToken.None).ConfigureAwait(false);
            }
            finally
            {
                _free.Release();
            }
        }
        finally
        {
            lock (_gate)
            {
                _all--;
                if (--_waiting[peer] == 0)
                {
                    _waiting.Remove(peer);
                }
            }
        }
    }

    public void Dispose() => _free.Dispose();
}
