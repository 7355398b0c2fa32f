using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>The processes of one part of a pass, in the order in which they are walked over. Those of a group are adjacent, and in the same part.</summary>
internal sealed class PassOrder(EstimatorOptions options)
{
    private readonly List<(TrackedProcess Process, string? Group, int Index)> _order = [];

    internal int Count => _order.Count;

    internal (TrackedProcess Process, string? Group) this[int index] => (_order[index].Process, _order[index].Group);

    /// <summary>Takes the processes of a part.</summary>
    internal void Take(IReadOnlyList<TrackedProcess> processes, int part)
    {
        _order.Clear();
        for (int i = 0; i < processes.Count; i++)
        {
            TrackedProcess process = processes[i];
            string? group = options.GroupOf?.Invoke(process);
            int share = group is null ? process.Identity.Pid : string.GetHashCode(group, StringComparison.Ordinal) & int.MaxValue;
            if (share % options.Parts == part)
            {
                _order.Add((process, group, i));
            }
        }

        if (options.GroupOf is not null)
        {
            _order.Sort(static (left, right) => string.CompareOrdinal(left.Group, right.Group) is not 0 and int order ? order : left.Index - right.Index);
        }
    }
}
