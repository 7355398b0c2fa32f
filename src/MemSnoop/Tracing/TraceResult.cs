namespace MemSnoop.Tracing;

/// <summary>What a trace has collected: a column for each measurement, under the name the caller gave it.</summary>
public sealed class TraceResult
{
    private readonly TraceSlots _slots;

    internal TraceResult(TraceRun run)
    {
        _slots = run.Slots;
        Names = [.. _slots.All.Select(static slot => slot.Name)];
        Count = run.Index + 1;
        Skipped = run.Skipped;
        End = run.End;
    }

    /// <summary>The names of the measurements, in the order in which they were taken.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>How many samples there are.</summary>
    public int Count { get; }

    /// <summary>How many slots of the schedule passed while a set of measurements was still under way.</summary>
    public long Skipped { get; }

    /// <summary>Why the trace ended.</summary>
    public TraceEnd End { get; }

    /// <summary>The values of a measurement.</summary>
    /// <param name="name">The name given to it.</param>
    /// <typeparam name="T">What it yields.</typeparam>
    /// <exception cref="ArgumentException">There is no measurement of this name and type.</exception>
    public TraceColumn<T> Column<T>(string name) => _slots.Find<T>(name).Column;
}
