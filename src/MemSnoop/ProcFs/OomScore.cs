using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>
/// What <c>/proc/PID/oom_score</c> says: when memory runs out, the kernel kills the process with the highest score first.
/// </summary>
/// <param name="Points">
/// From 0 to 2000: the memory and swap that the process holds, in parts of what there is to hold, moved by its
/// <see cref="OomScoreAdjustment"/>. Since Linux 5.9 a process that holds next to nothing and is not adjusted has 666.
/// </param>
/// <remarks>
/// One number: <code>668</code>
/// See <see href="https://man7.org/linux/man-pages/man5/proc_pid_oom_score.5.html">proc_pid_oom_score(5)</see>, <c>fs/proc/base.c</c>.
/// </remarks>
public readonly record struct OomScore(uint Points)
{
    /// <summary>Parses the text of the file. False when it is not one number, or may have been cut short.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out OomScore value)
    {
        Utf8Cursor cursor = new(text);
        bool isRead = cursor.TryReadField(out uint points) && cursor.IsAtEnd;
        value = isRead ? new OomScore(points) : default;
        return isRead;
    }
}

/// <summary>What <c>/proc/PID/oom_score_adj</c> says: how the score of the process was moved by its owner or root.</summary>
/// <param name="Points">From -1000, never to be killed, to 1000, the first to be killed.</param>
/// <remarks>
/// One number: <code>-998</code>
/// See <see href="https://man7.org/linux/man-pages/man5/proc_pid_oom_score_adj.5.html">proc_pid_oom_score_adj(5)</see>.
/// </remarks>
public readonly record struct OomScoreAdjustment(int Points)
{
    private const int Most = 1000;

    /// <summary>Parses the text of the file. False when it is not one number within bounds, or may have been cut short.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out OomScoreAdjustment value)
    {
        Utf8Cursor cursor = new(text);
        bool isRead = cursor.TryReadField(out int points) && cursor.IsAtEnd && points is >= -Most and <= Most;
        value = isRead ? new OomScoreAdjustment(points) : default;
        return isRead;
    }
}
