using Microsoft.AspNetCore.Connections;

namespace MemSnoop.Exporter.Web;

/// <summary>
/// All connections to the endpoint, never more than there are descriptors for. A new one always gets in unless all others are at work: it takes the place of one that does
/// nothing. So whoever opens connections and keeps them does not keep others out.
/// </summary>
internal sealed class ConnectionTable(int limit, RefusalCounts refusals, TimeProvider clock) : IDisposable
{
    /// <summary>Below this limit of open files the program does not start.</summary>
    internal const int MinOpenFiles = 128;

    /// <summary>Dropped connections whose descriptors are not free yet. No more is accepted until some are.</summary>
    private const int MaxClosing = 16;

    private const int MinConnections = 16;

    private readonly Lock _gate = new();
    private readonly List<OpenConnection> _open = new(limit);
    private readonly Dictionary<UInt128, int> _peers = [];
    private readonly SemaphoreSlim _closing = new(MaxClosing);

    /// <summary>How many connections there can be.</summary>
    internal int Limit => limit;

    /// <summary>How many there are.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>How many connections fit the files that the process may open: an eighth of them, so that most are left for what is measured.</summary>
    internal static int Fitting(int openFiles, int wanted) => Math.Min(wanted, Math.Max(openFiles / 8, MinConnections));

    /// <summary>Makes room for a connection that has been accepted.</summary>
    /// <returns>Its entry, or null: all others are at work, and it must be closed.</returns>
    internal async ValueTask<OpenConnection?> AdmitAsync(ConnectionContext connection, CancellationToken cancel)
    {
        OpenConnection entry = new(connection, clock.GetTimestamp());
        OpenConnection? victim = null;
        lock (_gate)
        {
            if (_open.Count >= limit)
            {
                victim = Idlest();
                if (victim is null)
                {
                    refusals.Add(Refusal.Connections);
                    return null;
                }

                Remove(victim);
                victim.IsDropped = true;
                refusals.Add(victim.HadRequest ? Refusal.Idle : Refusal.NoRequest);
            }

            Add(entry);
        }

        if (victim is not null)
        {
            victim.Abort();
            await _closing.WaitAsync(cancel).ConfigureAwait(false);
        }

        return entry;
    }

    /// <summary>The connection's descriptor is free again, or was never given to it.</summary>
    internal void Leave(OpenConnection entry)
    {
        lock (_gate)
        {
            if (!entry.IsDropped)
            {
                Remove(entry);
                return;
            }
        }

        _closing.Release();
    }

    /// <summary>A whole request has come on the connection.</summary>
    internal void BeginRequest(OpenConnection entry)
    {
        lock (_gate)
        {
            entry.HadRequest = true;
            entry.Requests++;
        }
    }

    /// <summary>The request is answered.</summary>
    internal void EndRequest(OpenConnection entry)
    {
        lock (_gate)
        {
            entry.Requests--;
            entry.IdleSince = clock.GetTimestamp();
        }
    }

    public void Dispose() => _closing.Dispose();

    // First who has not sent a request, then whose peer has most connections, then who has been idle for longest.
    private OpenConnection? Idlest()
    {
        OpenConnection? idlest = null;
        int most = 0;
        foreach (OpenConnection entry in _open)
        {
            if (entry.Requests > 0)
            {
                continue;
            }

            int ofPeer = _peers[entry.Peer];
            if (idlest is null
                || (idlest.HadRequest, -most, idlest.IdleSince).CompareTo((entry.HadRequest, -ofPeer, entry.IdleSince)) > 0)
            {
                idlest = entry;
                most = ofPeer;
            }
        }

        return idlest;
    }

    private void Add(OpenConnection entry)
    {
        entry.Place = _open.Count;
        _open.Add(entry);
        _peers[entry.Peer] = _peers.GetValueOrDefault(entry.Peer) + 1;
    }

    private void Remove(OpenConnection entry)
    {
        OpenConnection last = _open[^1];
        _open[entry.Place] = last;
        last.Place = entry.Place;
        _open.RemoveAt(_open.Count - 1);
        if (--_peers[entry.Peer] == 0)
        {
            _peers.Remove(entry.Peer);
        }
    }
}
