using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.PageIdle.Handover;

/// <summary>Where this host has memory, so that a file that tells of more cannot take more than there is.</summary>
internal sealed class MemoryExtent
{
    /// <summary>Where the kernel does not say it: 1 TiB.</summary>
    private const long Otherwise = 8192;

    private readonly List<ZoneInfo> _zones = [];

    private MemoryExtent()
    {
    }

    internal static MemoryExtent Read(string zoneInfo)
    {
        MemoryExtent extent = new();
        using KernelText text = new(zoneInfo, new KernelBuffer(16384));
        if (!ZoneInfo.TryParse(text.Read(), extent._zones))
        {
            extent._zones.Clear();
            extent._zones.Add(new ZoneInfo(0, (ulong)Otherwise << FrameBlock.FrameShift));
        }

        return extent;
    }

    /// <summary>Whether there is memory in a block.</summary>
    internal bool Contains(long block)
    {
        foreach (ZoneInfo zone in _zones)
        {
            if (block >= (long)(zone.First >> FrameBlock.FrameShift) && block <= (long)((zone.First + zone.Count - 1) >> FrameBlock.FrameShift))
            {
                return true;
            }
        }

        return false;
    }
}
