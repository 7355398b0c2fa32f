namespace MemSnoop.Processes;

/// <summary>Why a process is skipped, in addition to the outcomes of reading it.</summary>
public static class SkipReasons
{
    /// <summary>It has ended and waits for its parent; its memory reads as 0.</summary>
    public const string Zombie = "zombie";

    /// <summary>It is a kernel thread and has no memory of its own.</summary>
    public const string KernelThread = "kernel_thread";

    /// <summary>It holds less than the configured minimum.</summary>
    public const string BelowMinimum = "below_minimum";

    /// <summary>More processes are selected than may be watched.</summary>
    public const string Limit = "limit";
}

/// <summary>Running totals by reason. Written by one thread, read by any.</summary>
public sealed class SkipCounts
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _counts = [];

    /// <summary>Counts one.</summary>
    public void Add(string reason)
    {
        lock (_gate)
        {
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_counts, reason, out _)++;
        }
    }

    /// <summary>The totals so far.</summary>
    public KeyValuePair<string, long>[] ToArray()
    {
        lock (_gate)
        {
            return [.. _counts];
        }
    }
}
