using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>The processes of one part of a pass, in the order in which they are walked over. Those of a group are adjacent, and in the same part.</summary>
internal sealed class PassOrder(EstimatorOptions options)
{
    private readonly List<(TrackedProcess Process, string? Group, uint Bound, int Index)> _order = [];

    internal int Count => _order.Count;

    internal (TrackedProcess Process, string? Group) this[int index] => (_order[index].Process, _order[index].Group);

    /// <summary>Takes the processes of a part.</summary>
    /// <param name="processes">All processes.</param>
    /// <param name="part">The part.</param>
    /// <param name="shareOf">
    /// The share of a process that is walked over. Within a group, larger shares come first: what a unit holds that two processes share was then counted by the first of them.
    /// </param>
    internal void Take(IReadOnlyList<TrackedProcess> processes, int part, Func<TrackedProcess, MemoryShare> shareOf)
    {
        _order.Clear();
        for (int i = 0; i < processes.Count; i++)
        {
            TrackedProcess process = processes[i];
            string? group = options.GroupOf?.Invoke(process);
            int share = group is null ? process.Identity.Pid : string.GetHashCode(group, StringComparison.Ordinal) & int.MaxValue;
            if (share % options.Parts == part)
            {
                _order.Add((process, group, shareOf(process).Bound, i));
            }
        }

        if (options.GroupOf is not null)
        {
            _order.Sort(static (left, right) => string.CompareOrdinal(left.Group, right.Group) is not 0 and int order ? order
                : right.Bound.CompareTo(left.Bound) is not 0 and int larger ? larger
                : left.Index - right.Index);
        }
    }
}
