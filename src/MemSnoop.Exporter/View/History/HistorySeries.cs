namespace MemSnoop.Exporter.View.History;

/// <summary>What a ring has beside the bands of idle memory, which come after these.</summary>
internal static class HistorySeries
{
    /// <summary>Resident bytes.</summary>
    internal const int Resident = 0;

    /// <summary>The least that the working set was, in bytes.</summary>
    internal const int Lower = 1;

    /// <summary>The most that it was.</summary>
    internal const int Upper = 2;

    /// <summary>Of a process: page faults without I/O, in thousandths a second.</summary>
    internal const int MinorFaults = 3;

    /// <summary>Of a process: page faults with I/O, in thousandths a second.</summary>
    internal const int MajorFaults = 4;

    /// <summary>Of a process: processor time, in thousandths of a second a second.</summary>
    internal const int Cpu = 5;

    /// <summary>Of a container, which has no faults of its own: what is charged to it, in bytes.</summary>
    internal const int Charged = 3;

    /// <summary>Of a container: the most that was used of what is charged to it.</summary>
    internal const int ChargedUsed = 4;

    /// <summary>How many these are.</summary>
    internal const int Fixed = 6;
}
