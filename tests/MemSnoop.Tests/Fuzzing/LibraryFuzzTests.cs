using System.Reflection;
using System.Text;
using MemSnoop.Analysis;
using MemSnoop.Containers;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.ProcFs;
using MemSnoop.Testing.Fuzzing;
using MemSnoop.Tracing;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Generations;
using MemSnoop.WorkingSets.PageIdle.Handover;

namespace MemSnoop.Tests.Fuzzing;

/// <summary>The parsers of the library: texts of the kernel, control groups, answers that tell names of containers, recorded pages.</summary>
public sealed class LibraryFuzzTests : FuzzTests
{
    private static readonly List<ZoneInfo> ZonesOfHost = new(4096);
    private static readonly SmapsParser SmapsOfProcess = new();

    private protected override IReadOnlyList<Assembly> Assemblies { get; } = [typeof(Stat).Assembly];

    private protected override IReadOnlyList<FuzzTarget> Targets { get; } =
    [
        KernelRecord.Target<Stat>("stat", Stat.TryParse, static value => Hold.That(char.IsAsciiLetter((char)value.State) && value.Comm.Bytes.Length <= Comm.MaxBytes, "a state is a letter")),
        KernelRecord.TargetOfWholes<Statm>("statm", Statm.TryParse),
        KernelRecord.Target<Status>("status", Status.TryParse, static value => Hold.That(
            value.HasContextSwitches || (value.VoluntaryContextSwitches | value.InvoluntaryContextSwitches) == 0, "switches are there or are not")),
        KernelRecord.TargetOfWholes<ProcessIo>("io", ProcessIo.TryParse),
        KernelRecord.TargetOfWholes<SchedStat>("schedstat", SchedStat.TryParse),
        KernelRecord.TargetOfWholes<LoadAverage>("loadavg", LoadAverage.TryParse, static value => Hold.That(value.LastPid >= 0, "a pid is not negative")),
        KernelRecord.TargetOfWholes<OomScore>("oom-score", OomScore.TryParse),
        KernelRecord.TargetOfWholes<OomScoreAdjustment>("oom-score-adj", OomScoreAdjustment.TryParse, static value => Hold.That(value.Points is >= -1000 and <= 1000, "it is within bounds")),
        KernelRecord.TargetOfWholes<Uptime>("uptime", Uptime.TryParse),
        KernelRecord.Target<SystemStat>("system-stat", SystemStat.TryParse),
        KernelRecord.Target<VmStat>("vmstat", VmStat.TryParse),
        KernelRecord.TargetOfWholes<MemInfo>("meminfo", MemInfo.TryParse),
        KernelRecord.Target<SmapsSums>("smaps-rollup", SmapsRollup.TryParse),
        KernelRecord.Target<MemoryStat>("memory-stat", MemoryStat.TryParse),
        KernelRecord.Target<MemoryCharge>("memory-charge", MemoryCharge.TryParse),
        KernelRecord.Target<MemoryAmounts>("memory-amounts", MemoryAmounts.TryParse),
        KernelRecord.Target<MemoryAmounts>("memory-amounts-v1", MemoryAmounts.TryParseVersion1),
        KernelRecord.Target<MemoryEvents>("memory-events", MemoryEvents.TryParse),
        KernelRecord.TargetOfWholes<MemoryPressure>("memory-pressure", MemoryPressure.TryParse),
        KernelRecord.Target<OomControl>("oom-control", OomControl.TryParse),
        KernelRecord.TargetOfWholes<CgroupValue>("cgroup-value", CgroupValue.TryParse),
        new("flat-keyed", FlatKeyedLines, typeof(FlatKeyed)),
        new("maps-line", MapsLine, typeof(MapsEntry), typeof(PageKinds)),
        new("smaps", Smaps, typeof(SmapsParser)),
        new("diskstats-line", DiskStatsLine, typeof(DiskStats)),
        new("zoneinfo", Zones, typeof(ZoneInfo)),
        new("lru-gen", Generations, typeof(LruGen)),
        new("cmdline", Names, typeof(CommandLine), typeof(Comm)) { PerByte = 40, Besides = 2_000 },
        new("utf8-cursor", Cursor, typeof(Utf8Cursor)),
        new("directory-entries", Entries, typeof(DirectoryEntries)),
        new("swaps", static input => AnonymousAging.HasSwap(input), typeof(AnonymousAging)),
        new("moment", Moment, typeof(MomentBytes)) { PerByte = 60, Besides = 8_000 },
        new("lock-line", LockLine, typeof(LockHolder)) { PerByte = 60, Besides = 4_000 },
        FuzzTarget.OfText("locks", static text => KernelLocks.FindHolder(text, new FileIdentity(0x18, 0, 1104), LockMode.Shared), typeof(KernelLocks)),

        new("cgroup", ControlGroups, typeof(Cgroup)),
        new("membership", Memberships, typeof(Membership), typeof(MembershipPath), typeof(CgroupSegment)) { PerByte = 8, Besides = 1_000 },
        FuzzTarget.OfText("quantity", Quantity, typeof(KubernetesQuantity)),
        FuzzTarget.OfText("log-links", LogNames, typeof(LogLinks), typeof(KubernetesName)),
        new("protobuf", Fields, typeof(ProtobufReader)),
        new("cri", RuntimeAnswer, typeof(CriContainers), typeof(CriMessages)) { PerByte = 400, Besides = 20_000 },
        new("kubelet-pods", KubeletAnswer, typeof(PodList)) { PerByte = 600, Besides = 50_000 },
        new("watch-line", WatchLine, typeof(WatchedPods)) { PerByte = 4_000, Besides = 50_000 },   // each byte may be a line, and each line an exception
        new("answer-lines", AnswerLines, typeof(LineReader)) { PerByte = 20, Besides = 50_000 },

        new("page-trace", static input => Analyse(input.ToArray()), typeof(PageTraceFile), typeof(PageTraceFrame)) { PerByte = 200, Besides = 300_000 },
        new("page-trace-payloads", static input => Analyse(PageTracePayloads.ToFile(input)), typeof(PayloadReader), typeof(PageSampleCodec), typeof(HeatMap), typeof(WorkingSetCurve), typeof(ReuseDistance), typeof(ReclaimCurve))
        {
            PerByte = 20_000, Besides = 40_000_000,
        },
    ];

    private protected override IReadOnlyDictionary<Type, string> NoParsers { get; } = new Dictionary<Type, string>
    {
        [typeof(KernelFile)] = "It reads bytes and gives them to the parsers.",
        [typeof(MemoryExtent)] = "It gives a file to the parser of zoneinfo.",
        [typeof(PidEnumerator)] = "It takes the name of a directory and reads the numbers in it.",
    };

    private static void FlatKeyedLines(ReadOnlySpan<byte> input)
    {
        FlatKeyed lines = new(input);
        int count = 0;
        while (lines.MoveNext())
        {
            Hold.That(lines.Name.IsEmpty || lines.Read() is not null || lines.IsMalformed, "a line has a number or the text is malformed");
            Hold.That(++count <= input.Length, "each line takes at least a byte");
        }
    }

    private static void Moment(ReadOnlySpan<byte> input)
    {
        // Whose it is matters when it is given back.
        HostMoment moment = new(null!);
        if (MomentBytes.TryRead(input, moment, TimeSpan.FromDays(1)))
        {
            byte[] again = MomentBytes.Write(moment, TimeSpan.FromDays(1));
            Hold.That(!moment.Generations.IsKnown || again.Length == input.Length, "what is taken is written as long as it was");
        }
        else
        {
            Hold.That(moment.At == default && moment.Host == default, "what is refused leaves nothing");
        }
    }

    private static void MapsLine(ReadOnlySpan<byte> input)
    {
        if (MapsEntry.TryParse(input, out MapsEntry entry))
        {
            Hold.That(entry.Start <= entry.End, "an area does not end before it starts");
            Hold.That(input.EndsWith(entry.Path) || input[..^1].EndsWith(entry.Path), "the path is the line's end");
            _ = PageKinds.ByName(entry.Path, entry.Inode);
        }
        else
        {
            Hold.That(entry.End == 0 && entry.Path.IsEmpty && entry.Inode == 0, "what is refused leaves nothing");
        }
    }

    private static void Smaps(ReadOnlySpan<byte> input)
    {
        SmapsOfProcess.Reset();
        int areas = 0;
        foreach (Range line in input.Split((byte)'\n'))
        {
            areas += SmapsOfProcess.Accept(input[line]) ? 1 : 0;
            Hold.That(SmapsOfProcess.Area.Entry.Start <= SmapsOfProcess.Area.Entry.End, "an area does not end before it starts");
        }

        areas += SmapsOfProcess.Complete() ? 1 : 0;
        Hold.That(!SmapsOfProcess.Complete() && areas <= input.Length / 20, "an area takes a line");
    }

    private static void DiskStatsLine(ReadOnlySpan<byte> input)
    {
        bool isParsed = DiskStats.TryParse(input, out DiskStats disk);
        Hold.That(isParsed ? !disk.Name.IsEmpty && !disk.Name.Contains((byte)' ') : disk.Name.IsEmpty && disk.ReadsCompleted == 0, "it has a name, or is refused and leaves nothing");
        Hold.That(!isParsed || disk.HasDiscards || (!disk.HasFlushes && disk.DiscardsCompleted == 0), "who has no discards has no flushes");
    }

    private static void Zones(ReadOnlySpan<byte> input)
    {
        Hold.That(ZoneInfo.TryParse(input, ZonesOfHost) == ZonesOfHost.Count > 0, "zones are there or are not");
        foreach (ZoneInfo zone in ZonesOfHost)
        {
            Hold.That(zone.Count > 0 && zone.First + zone.Count > zone.First, "a zone has frames, and its end is a number");
        }
    }

    private static void Generations(ReadOnlySpan<byte> input)
    {
        LruGen lines = new(input);
        int count = 0;
        while (lines.MoveNext())
        {
            Hold.That(lines.HasGroups && lines.Node >= 0 && lines.PathStart + lines.PathLength <= input.Length, "a generation is of a group and a node, whose path is in the text");
            Hold.That(!input.Slice(lines.PathStart, lines.PathLength).Contains((byte)'\n'), "a path is in one line");
            Hold.That(++count <= input.Length / 8, "a generation takes a line");
        }
    }

    private static void Names(ReadOnlySpan<byte> input)
    {
        Hold.That(!CommandLine.ToDisplay(input).Contains('\0', StringComparison.Ordinal), "no NUL is shown");
        Comm comm = new(input);
        Hold.That(comm == new Comm(comm.Bytes) && comm.GetHashCode() == new Comm(comm.Bytes).GetHashCode(), "a name is equal to itself");
        Hold.That(comm.ToString().Length <= Comm.MaxBytes, "a name is short");
    }

    private static void Cursor(ReadOnlySpan<byte> input)
    {
        Utf8Cursor cursor = new(input);
        for (int turn = 0; !cursor.IsAtEnd; turn++)
        {
            int before = cursor.Rest.Length;
            bool isRead = (turn % 8) switch
            {
                0 => cursor.TryReadField(out ulong _),
                1 => cursor.TryReadField(out int _),
                2 => cursor.TryReadHex(out uint _),
                3 => cursor.TryReadUntil((byte)':', out _),
                4 => cursor.TrySkipFields(2),
                5 => cursor.TryReadField(out long _),
                6 => cursor.TryReadHex(out ulong _),
                _ => cursor.TryReadLine(out _),
            };
            Hold.That(isRead ? cursor.Rest.Length < before : cursor.Rest.Length == before, "what is read is behind the cursor, and what fails leaves it where it was");
            if (turn % 8 == 7 && !isRead)
            {
                return;
            }
        }
    }

    private static void Entries(ReadOnlySpan<byte> input)
    {
        DirectoryEntries entries = new(input);
        int count = 0;
        while (entries.MoveNext())
        {
            Hold.That(!entries.Name.Contains((byte)0) && ++count <= input.Length / 19, "a name has no NUL, and an entry its bytes");
        }
    }

    private static void LockLine(ReadOnlySpan<byte> input)
    {
        string holder = LockHolder.Describe(input);
        Hold.That(!holder.Any(char.IsControl), "a holder is told in one line");
    }

    private static void ControlGroups(ReadOnlySpan<byte> input)
    {
        bool isParsed = Cgroup.TryParse(input, out Cgroup value);
        Hold.That(isParsed == !(value.UnifiedPath.IsEmpty && value.MemoryPath.IsEmpty), "there is a path, or it is refused");
        Hold.That(!value.Path.Contains((byte)'\n') && value.Path.Length < Math.Max(input.Length, 1), "a path is in one line");
    }

    private static void Memberships(ReadOnlySpan<byte> input)
    {
        Membership membership = Membership.Parse(input);
        Hold.That(membership.Container.Id.Length is 0 or 64 || membership.Container.Runtime == ContainerRuntimes.Ecs, "an id has 64 digits");
        Hold.That(membership.Container.PodUid.Length is 0 or 32 or 36, "a uid of a pod has 32 digits or is a UUID");
        Hold.That(!membership.Unit.Contains('/', StringComparison.Ordinal) && !membership.Slice.Contains('/', StringComparison.Ordinal), "a unit is one directory");
        Hold.That(membership == Membership.Parse(input), "it is the same twice");
        MembershipPath path = MembershipPath.Parse(input);
        Hold.That(path.Information is >= 0 and <= 3, "what is known of a path are its container and its pod");
    }

    private static void Quantity(string text)
    {
        bool isParsed = KubernetesQuantity.TryParse(text, out ulong bytes);
        Hold.That(isParsed || bytes == 0, "what is refused leaves nothing");
    }

    private static void LogNames(string text)
    {
        NameCatalogue catalogue = new();
        LogLinks.AddLink(text, catalogue);
        LogLinks.AddTarget(text, catalogue);
        Hold.That(catalogue.Count <= 1, "a link names one container");
    }

    private static void Fields(ReadOnlySpan<byte> input)
    {
        ProtobufReader reader = new(input);
        int count = 0;
        while (reader.TryRead(out _, out ReadOnlySpan<byte> bytes))
        {
            Hold.That(bytes.Length < input.Length && ++count <= input.Length, "a field takes at least a byte");
        }
    }

    private static void RuntimeAnswer(ReadOnlySpan<byte> input)
    {
        // Two messages; where the first ends is in the first byte.
        int at = input.IsEmpty ? 0 : input.Length * input[0] / 256;
        NameAnswer answer = CriContainers.Read(input[at..], input[..at]);
        Hold.That(answer.Catalogue is null == (answer.Reason != NameAnswer.Ok), "there are names or a reason");
    }

    private static void KubeletAnswer(ReadOnlySpan<byte> input)
    {
        try
        {
            PodList? pods = System.Text.Json.JsonSerializer.Deserialize(input, PodListContext.Default.PodList);
            _ = pods?.ToCatalogue();
            if (pods is not null)
            {
                _ = new WatchedPods().TryReplace(pods);
            }
        }
        catch (System.Text.Json.JsonException)
        {
            // Who asks tells that the answer is none.
        }
    }

    private static void WatchLine(ReadOnlySpan<byte> input)
    {
        WatchedPods pods = new();
        bool isChanged = false;
        foreach (Range line in input.Split((byte)'\n'))
        {
            try
            {
                _ = pods.Take(input[line], ref isChanged);
                _ = pods.ToCatalogue();
            }
            catch (System.Text.Json.JsonException)
            {
                // The watch begins anew.
            }
        }
    }

    private static void AnswerLines(ReadOnlySpan<byte> input)
    {
        using MemoryStream stream = new(input.ToArray());
        LineReader reader = new(stream);
        int bytes = 0;
        do
        {
            while (reader.TryTake(out ReadOnlyMemory<byte> line))
            {
                Hold.That(!line.Span.Contains((byte)'\n') && line.Span.SequenceEqual(input.Slice(bytes, line.Length)), "a line is the next");
                bytes += line.Length + 1;
            }
        }
        while (reader.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult());
        Hold.That(bytes == input.LastIndexOf((byte)'\n') + 1, "all whole lines are taken");
    }

    private static void Analyse(byte[] bytes)
    {
        PageTrace trace;
        try
        {
            using MemoryStream file = new(bytes);
            trace = PageTraceFile.Load(file, out PageTraceLoss? loss);
            Hold.That(loss is null || (loss.SamplesKept == trace.Samples.Count && loss.Offset <= bytes.Length), "what is lost is told");
        }
        catch (InvalidDataException)
        {
            return;
        }

        ulong pages = 0;
        foreach (PageRange range in trace.Active.Ranges)
        {
            Hold.That(range.Count > 0 && range.End > range.FirstPage && range.End <= ulong.MaxValue / (ulong)trace.PageBytes, "pages are within the address space");
            pages += range.Count;
        }

        Hold.That(pages == trace.Active.Count, "the set counts its pages");
        for (int area = 1; area < trace.Areas.Count; area++)
        {
            Hold.That(trace.Areas[area - 1].End <= trace.Areas[area].Start, "areas are disjoint and ascend");
        }

        HeatMap map = HeatMap.Of(trace, 64, 64);
        Hold.That(map.Bands.Count == 0 || map.Rows > 0, "a band has rows");
        if (trace.Active.Count < 100_000)
        {
            // These take memory for each page.
            _ = WorkingSetCurve.Of(trace);
            _ = ReuseDistance.Of(trace);
            _ = ReclaimCurve.Of(trace);
        }
    }
}
