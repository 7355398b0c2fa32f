using System.Text;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>Totals of one direction of a disk since boot.</summary>
/// <param name="Bytes">Bytes moved.</param>
/// <param name="Operations">Operations completed.</param>
/// <param name="Merged">Operations that were merged into a neighbour before they were issued.</param>
/// <param name="Seconds">Time the operations took, summed over all of them.</param>
public readonly record struct DiskTraffic(ulong Bytes, ulong Operations, ulong Merged, double Seconds);

/// <summary>Totals of one block device since boot.</summary>
/// <param name="Device">Its name, like <c>sda</c>.</param>
/// <param name="Read">Reads.</param>
/// <param name="Write">Writes.</param>
/// <param name="Discard">Discards (Linux 4.18), null before.</param>
/// <param name="InProgress">Operations issued and not yet complete.</param>
/// <param name="IoSeconds">Time during which at least one operation was in progress.</param>
/// <param name="WeightedIoSeconds">The same, weighted by the number in progress.</param>
public readonly record struct DiskSample(
    string Device,
    DiskTraffic Read,
    DiskTraffic Write,
    DiskTraffic? Discard,
    ulong InProgress,
    double IoSeconds,
    double WeightedIoSeconds);

/// <summary>
/// Reads <c>/proc/diskstats</c> (<c>Documentation/admin-guide/iostats.rst</c>). The disks are the machine's; beside the
/// measurements of a process they tell what its IO met there.
/// </summary>
/// <param name="paths">Where the kernel files are.</param>
/// <param name="isWanted">Which devices are reported, by name; asked once for each. Default value: all.</param>
public sealed class DiskIoMeasurement(KernelPaths paths, Predicate<string>? isWanted = null) : IMeasurement<IReadOnlyList<DiskSample>>
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "disk-io";

    private readonly KernelBuffer _buffer = new(16 * 1024);
    private readonly Dictionary<string, bool> _wanted = [];

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <summary>A list of its own for each reading: samples are kept beyond the next one.</summary>
    public ReadOutcome Measure(TrackedProcess process, out IReadOnlyList<DiskSample> sample)
    {
        List<DiskSample> disks = [];
        sample = disks;
        return Measure(disks);
    }

    /// <summary>Replaces the content of <paramref name="disks"/> by one sample for each wanted device.</summary>
    public ReadOutcome Measure(ICollection<DiskSample> disks)
    {
        ArgumentNullException.ThrowIfNull(disks);
        disks.Clear();
        ReadOutcome outcome = KernelFile.Open(paths.Proc("diskstats"), out KernelHandle handle);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        using (handle)
        {
            KernelLines lines = new(handle, _buffer);
            while (lines.MoveNext())
            {
                if (!DiskStats.TryParse(lines.Current, out DiskStats line))
                {
                    disks.Clear();
                    return ReadOutcome.Malformed;
                }

                if (TryGetWanted(line.Name, out string device))
                {
                    disks.Add(Convert(device, line));
                }
            }

            return lines.Outcome;
        }
    }

    private bool TryGetWanted(ReadOnlySpan<byte> name, out string device)
    {
        Span<char> text = stackalloc char[Encoding.UTF8.GetMaxCharCount(name.Length)];
        text = text[..Encoding.UTF8.GetChars(name, text)];
        var lookup = _wanted.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(text, out string? known, out bool wanted))
        {
            device = known;
            return wanted;
        }

        device = text.ToString();
        wanted = isWanted?.Invoke(device) ?? true;
        _wanted.Add(device, wanted);
        return wanted;
    }

    private static DiskSample Convert(string device, in DiskStats line) => new(
        device,
        Traffic(line.ReadSectors, line.ReadsCompleted, line.ReadsMerged, line.ReadMilliseconds),
        Traffic(line.WriteSectors, line.WritesCompleted, line.WritesMerged, line.WriteMilliseconds),
        line.HasDiscards ? Traffic(line.DiscardSectors, line.DiscardsCompleted, line.DiscardsMerged, line.DiscardMilliseconds) : null,
        line.InProgress,
        line.IoMilliseconds / 1000.0,
        line.WeightedIoMilliseconds / 1000.0);

    private static DiskTraffic Traffic(ulong sectors, ulong operations, ulong merged, ulong milliseconds) =>
        new(sectors * DiskStats.BytesPerSector, operations, merged, milliseconds / 1000.0);
}
