using System.Text;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Exporter.View;

/// <summary>Reads the memory of one process by area. The kernel walks its page tables for that, so it is not done often, nor for everybody.</summary>
/// <param name="process">The process.</param>
internal sealed class AreaReading(TrackedProcess process) : IWatchedWork
{
    /// <summary>More areas than this are not gone through.</summary>
    internal const int MostAreas = 100_000;

    /// <summary>How many names are told one by one.</summary>
    internal const int MostNames = 100;

    private const ulong KiB = 1024;

    // Longer ones are cut: the end of a path tells more than its beginning.
    private const int LongestName = 256;

    private readonly Dictionary<string, AreaView> _byName = new(StringComparer.Ordinal);
    private bool _isHung;

    /// <summary>How it ended.</summary>
    internal ReadOutcome Outcome { get; private set; }

    public void Do()
    {
        if (!_isHung)
        {
            Outcome = Read();
        }
    }

    public void Skip(int pid) => (_isHung, Outcome) = (true, ReadOutcome.Hung);

    /// <summary>What was found.</summary>
    internal AreasView ToView(double now)
    {
        List<AreaView> areas = [.. _byName.Values.OrderByDescending(static area => area.ResidentBytes).ThenBy(static area => area.Name, StringComparer.Ordinal)];
        AreaView? others = null;
        foreach (AreaView area in areas.Skip(MostNames))
        {
            others = Sum(others ?? new AreaView("others", "others", 0, 0, 0, 0, 0), area);
        }

        return new AreasView { At = now, Areas = areas.Count > MostNames ? areas[..MostNames] : areas, Others = others };
    }

    private ReadOutcome Read()
    {
        ReadOutcome outcome = process.Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        try
        {
            outcome = directory.OpenFile("smaps"u8, Libc.OpenReadOnly, out KernelHandle smaps);
            if (outcome != ReadOutcome.Success)
            {
                return outcome;
            }

            using (smaps)
            {
                return Read(smaps);
            }
        }
        finally
        {
            process.Leave(directory);
        }
    }

    private ReadOutcome Read(KernelHandle smaps)
    {
        SmapsWalk walk = new(smaps, new SmapsParser(), new KernelBuffer(64 * 1024));
        for (int count = 0; walk.MoveNext(); count++)
        {
            if (count == MostAreas)
            {
                return ReadOutcome.TooLarge;
            }

            Add(walk.Current);
        }

        return walk.End();
    }

    private void Add(in SmapsArea area)
    {
        (string name, string kind) = Describe(area.Entry);
        AreaView one = new(name, kind, 1, area.Entry.End - area.Entry.Start, area.Sums.RssKib * KiB, area.Sums.PssKib * KiB, area.Sums.SwapKib * KiB);
        _byName[name] = _byName.TryGetValue(name, out AreaView? before) ? Sum(before, one) : one;
    }

    private static AreaView Sum(AreaView left, AreaView right) => left with
    {
        Areas = left.Areas + right.Areas,
        SizeBytes = left.SizeBytes + right.SizeBytes,
        ResidentBytes = left.ResidentBytes + right.ResidentBytes,
        ProportionalBytes = left.ProportionalBytes + right.ProportionalBytes,
        SwapBytes = left.SwapBytes + right.SwapBytes,
    };

    private static (string Name, string Kind) Describe(in MapsEntry entry)
    {
        if (entry.Path.IsEmpty)
        {
            return ("anonymous", "anonymous");
        }

        string path = Encoding.UTF8.GetString(entry.Path);
        string name = path.Length > LongestName ? "…" + path[^LongestName..] : path;
        return (name, entry.Path switch
        {
            _ when entry.Path.SequenceEqual("[heap]"u8) => "heap",
            _ when entry.Path.StartsWith("[stack"u8) => "stack",
            _ when entry.Path.StartsWith("[anon"u8) => "anonymous",
            _ when entry.Path[0] == (byte)'[' => "kernel",
            _ => "file",
        });
    }
}
