using MemSnoop.Paging;

namespace MemSnoop.Tracing;

/// <summary>The active pages of one process over time: the samples, the process and the start.</summary>
/// <param name="pageBytes">The size of a page in bytes.</param>
/// <param name="pid">The process's id.</param>
/// <param name="comm">The process's name, as <c>/proc/PID/comm</c> has it.</param>
/// <param name="start">When the trace began; offsets of samples count from here.</param>
/// <param name="samples">The samples, in the order of time.</param>
public sealed class PageTrace(int pageBytes, int pid, string comm, DateTimeOffset start, IReadOnlyList<PageSample> samples)
{
    private IReadOnlyList<TracedArea>? _areas;
    private PageRangeSet? _active;

    /// <summary>The size of a page in bytes.</summary>
    public int PageBytes { get; } = pageBytes > 0 ? pageBytes : throw new ArgumentOutOfRangeException(nameof(pageBytes));

    /// <summary>The process's id.</summary>
    public int Pid { get; } = pid;

    /// <summary>The process's name.</summary>
    public string Comm { get; } = comm;

    /// <summary>When the trace began.</summary>
    public DateTimeOffset Start { get; } = start;

    /// <summary>The samples, in the order of time.</summary>
    public IReadOnlyList<PageSample> Samples { get; } = samples;

    /// <summary>
    /// All areas of the trace, ascending and disjoint. If the address space changed, an address belongs to the last area that had it. Adjacent areas with the
    /// same name and permissions are one area. So a heap that grew appears once, with its largest size.
    /// </summary>
    public IReadOnlyList<TracedArea> Areas => _areas ??= AreaUnion.Of(Samples);

    /// <summary>Every page that was active in at least one sample.</summary>
    public PageRangeSet Active => _active ??= UnionOf(Samples, 0, Samples.Count);

    /// <summary>Pages by samples, for one area.</summary>
    /// <param name="area">An area, of <see cref="Areas"/> or any other range of addresses.</param>
    /// <exception cref="ArgumentOutOfRangeException">The area has more bits (pages times samples) than an array can hold.</exception>
    public PageBitmap Bitmap(TracedArea area)
    {
        ulong first = area.Start / (ulong)PageBytes;
        ulong end = (area.End + (ulong)PageBytes - 1) / (ulong)PageBytes;
        return new PageBitmap(first, end - first, Samples);
    }

    /// <summary>Reads a trace from a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="loss">What could not be read, or null when all was; see <see cref="PageTraceFile.Load"/>.</param>
    /// <exception cref="InvalidDataException">The file is no page trace, or one of a newer version.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static PageTrace Load(string path, out PageTraceLoss? loss)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 64 * 1024, FileOptions.SequentialScan);
        return PageTraceFile.Load(file, out loss);
    }

    /// <summary>Writes the trace to a file.</summary>
    /// <param name="path">The file; what it held is replaced.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path)
    {
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.Read, 64 * 1024);
        using PageTraceWriter writer = PageTraceWriter.Create(file, PageBytes, Pid, Comm, Start);
        foreach (PageSample sample in Samples)
        {
            writer.Write(sample);
        }
    }

    // Unites halves: each range is copied log(samples) times, not once for each sample.
    private static PageRangeSet UnionOf(IReadOnlyList<PageSample> samples, int first, int count) => count switch
    {
        0 => PageRangeSet.Empty,
        1 => samples[first].Active,
        _ => UnionOf(samples, first, count / 2).Union(UnionOf(samples, first + (count / 2), count - (count / 2))),
    };
}
