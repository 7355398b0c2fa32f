using System.Diagnostics;
using MemSnoop.Locks;

namespace MemSnoop.WorkingSets.PageIdle.Handover;

/// <summary>Bounds what is handed over, in bytes and in time: the exporter is to end soon.</summary>
/// <param name="maxBytes">The most bytes of the file.</param>
/// <param name="maxTime">When to leave out the rest.</param>
internal sealed class HandoverRoom(long maxBytes, TimeSpan maxTime)
{
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>The file's own bound, and a time of which there is twice as much until the exporter has to have ended.</summary>
    internal HandoverRoom()
        : this(AgesFile.MaxBytes - AgesHeader.Bytes - 16, TimeSpan.FromSeconds(0.8))
    {
    }

    /// <summary>Whether there is room for something more, and time.</summary>
    internal bool Has(AgesWriter written, AgesWriter more) => written.Length + more.Length <= maxBytes && Stopwatch.GetElapsedTime(_start) < maxTime;
}
