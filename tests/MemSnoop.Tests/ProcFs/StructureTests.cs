using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

/// <summary>Whatever numbers and names a kernel has, its files say them, and the parsers give them back.</summary>
public class StructureTests
{
    // Of all sizes, and not only small ones.
    private static readonly Gen<ulong> Numbers = Gen.OneOf(
        Gen.Elements<ulong>(0, 1, 9, 10, uint.MaxValue, (ulong)uint.MaxValue + 1, long.MaxValue, ulong.MaxValue),
        from shift in Gen.Choose(0, 63)
        from low in Gen.Choose(0, int.MaxValue)
        select ((ulong)(uint)low << 33 >> shift) | ((uint)low & 0xff));

    private static readonly Gen<ulong[]> ManyNumbers = Gen.ArrayOf(Numbers, 64);

    // No NUL, and of a name in a line no newline.
    private static readonly Gen<string> Names = Gen.ArrayOf(Gen.OneOf(Gen.Choose(33, 126), Gen.Choose(128, 255)), 12).Select(static bytes => new string([.. bytes.Select(static value => (char)value)]));

    [Fact]
    public void A_statm() => Holds(ManyNumbers, static n =>
        Statm.TryParse(Bytes($"{n[0]} {n[1]} {n[2]} {n[3]} 0 {n[4]} 0\n"), out Statm value) && value == new Statm(n[0], n[1], n[2], n[3], n[4]));

    [Fact]
    public void A_schedstat() => Holds(ManyNumbers, static n => SchedStat.TryParse(Bytes($"{n[0]} {n[1]} {n[2]}\n"), out SchedStat value) && value == new SchedStat(n[0], n[1], n[2]));

    [Fact]
    public void An_io_file() => Holds(ManyNumbers, static n =>
        ProcessIo.TryParse(
            Bytes($"rchar: {n[0]}\nwchar: {n[1]}\nsyscr: {n[2]}\nsyscw: {n[3]}\nread_bytes: {n[4]}\nwrite_bytes: {n[5]}\ncancelled_write_bytes: {n[6]}\n"), out ProcessIo value)
        && value == new ProcessIo(n[0], n[1], n[2], n[3], n[4], n[5], n[6]));

    [Fact]
    public void A_stat_whatever_the_process_calls_itself() => Holds(
        from numbers in ManyNumbers
        from comm in Gen.ArrayOf(Gen.Choose(1, 255), 15)
        from state in Gen.Elements('R', 'S', 'D', 'Z', 'T', 't', 'X', 'I')
        select (numbers, comm: comm.Select(static value => (byte)value).ToArray(), state),
        static stat =>
        {
            ulong[] n = stat.numbers;
            int pid = (int)(n[0] & int.MaxValue);
            int parent = (int)(n[1] & int.MaxValue);
            int threads = (int)(n[8] & int.MaxValue);
            ulong resident = n[11] & long.MaxValue;
            byte[] text =
            [
                .. Bytes($"{pid} ("), .. stat.comm,
                .. Bytes($") {stat.state} {parent} -1 0 -1 -1 {(uint)n[2]} {n[3]} 7 {n[4]} 7 {n[5]} {n[6]} -1 -2 20 -19 {threads} 0 {n[9]} {n[10]} {resident} {string.Join(' ', n.Skip(20).Take(17))} {n[7]} 0 0\n"),
            ];
            return Stat.TryParse(text, out Stat value)
                && value == new Stat
                {
                    Pid = pid, Comm = new Comm(stat.comm), State = (byte)stat.state, ParentPid = parent, Flags = (uint)n[2], MinorFaults = n[3], MajorFaults = n[4], UserTicks = n[5],
                    SystemTicks = n[6], Threads = threads, StartTicks = n[9], VirtualBytes = n[10], ResidentPages = resident, BlockIoDelayTicks = n[7],
                };
        });

    [Fact]
    public void A_status_with_its_lines_in_any_order() => Holds(
        from numbers in ManyNumbers
        from order in Gen.Shuffle(Enumerable.Range(0, 6).ToArray())
        select (numbers, order),
        static status =>
        {
            ulong[] n = status.numbers;
            string[] lines =
            [
                $"Uid:\t{(uint)n[0]}\t{(uint)n[1]}\t7\t7\n", $"VmPTE:\t{n[2],8} kB\n", $"voluntary_ctxt_switches:\t{n[3]}\n", $"nonvoluntary_ctxt_switches:\t{n[4]}\n", "Name:\tUid: 7\n", "Vm:\t1\n",
            ];
            return Status.TryParse(Bytes(string.Concat(status.order.Select(at => lines[at]))), out Status value)
                && value == new Status
                {
                    RealUserId = (uint)n[0], EffectiveUserId = (uint)n[1], PageTablesKib = n[2], VoluntaryContextSwitches = n[3], InvoluntaryContextSwitches = n[4], HasContextSwitches = true,
                };
        });

    [Fact]
    public void A_line_of_maps() => Holds(
        from numbers in ManyNumbers
        from path in Names
        from letters in Gen.Elements("rwxs", "r--p", "---p", "rw-p", "r-xs")
        from isNamed in Gen.Elements(true, false)
        select (numbers, path: isNamed ? "/" + path : "", letters),
        static area =>
        {
            ulong start = Math.Min(area.numbers[0], area.numbers[1]);
            ulong end = Math.Max(area.numbers[0], area.numbers[1]);
            uint device = (uint)area.numbers[3];
            byte[] path = Encoding.Latin1.GetBytes(area.path);
            byte[] line = [.. Bytes($"{start:x8}-{end:x8} {area.letters} {area.numbers[2]:x8} {device >> 8:x2}:{device & 0xff:x2} {area.numbers[4]} "), .. path.Length > 0 ? Bytes("        ") : [], .. path, (byte)'\n'];
            AreaPermissions permissions = (area.letters[0] == 'r' ? AreaPermissions.Read : 0) | (area.letters[1] == 'w' ? AreaPermissions.Write : 0)
                | (area.letters[2] == 'x' ? AreaPermissions.Execute : 0) | (area.letters[3] == 's' ? AreaPermissions.Shared : 0);
            return MapsEntry.TryParse(line, out MapsEntry value)
                && (value.Start, value.End, value.Permissions, value.Offset, value.DeviceMajor, value.DeviceMinor, value.Inode) == (start, end, permissions, area.numbers[2], device >> 8, device & 0xff, area.numbers[4])
                && value.Path.SequenceEqual(path);
        });

    [Fact]
    public void A_line_of_diskstats_of_any_kernel() => Holds(
        from numbers in ManyNumbers
        from name in Gen.ArrayOf(Gen.Choose(33, 126), 7)
        from count in Gen.Elements(11, 15, 17)
        select (numbers, name: new string([.. name.Select(static value => (char)value)]), count),
        static disk =>
        {
            ulong[] n = [.. disk.numbers.Take(disk.count), .. new ulong[17 - disk.count]];
            return DiskStats.TryParse(Bytes($"{(uint)n[0],4} {(uint)n[1],7} {disk.name} {string.Join(' ', n.Take(disk.count))}\n"), out DiskStats value)
                && (value.Major, value.Minor, Encoding.ASCII.GetString(value.Name)) == ((uint)n[0], (uint)n[1], disk.name)
                && (value.ReadsCompleted, value.ReadsMerged, value.ReadSectors, value.ReadMilliseconds) == (n[0], n[1], n[2], n[3])
                && (value.WritesCompleted, value.WritesMerged, value.WriteSectors, value.WriteMilliseconds) == (n[4], n[5], n[6], n[7])
                && (value.InProgress, value.IoMilliseconds, value.WeightedIoMilliseconds) == (n[8], n[9], n[10])
                && (value.DiscardsCompleted, value.DiscardsMerged, value.DiscardSectors, value.DiscardMilliseconds) == (n[11], n[12], n[13], n[14])
                && (value.FlushesCompleted, value.FlushMilliseconds, value.HasDiscards, value.HasFlushes) == (n[15], n[16], disk.count >= 15, disk.count >= 17);
        });

    [Fact]
    public void Control_groups_of_hosts_of_every_kind() => Holds(
        from unified in Names
        from memory in Names
        from kind in Gen.Choose(1, 3)
        select (unified: (kind & 1) != 0 ? "/" + unified : "", memory: (kind & 2) != 0 ? "/" + memory : ""),
        static paths =>
        {
            byte[] text =
            [
                .. Bytes("13:name=memory:/other\n"), .. paths.memory.Length > 0 ? Encoding.Latin1.GetBytes($"4:cpu,memory:{paths.memory}\n") : [],
                .. paths.unified.Length > 0 ? Encoding.Latin1.GetBytes($"0::{paths.unified}\n") : [], .. Bytes("2:cpu"),
            ];
            return Cgroup.TryParse(text, out Cgroup value)
                && value.UnifiedPath.SequenceEqual(Encoding.Latin1.GetBytes(paths.unified)) && value.MemoryPath.SequenceEqual(Encoding.Latin1.GetBytes(paths.memory));
        });

    [Fact]
    public void Pressure_and_generations_and_zones() => Holds(ManyNumbers, static n =>
    {
        LruGen line = new(Bytes($"memcg {n[0],5} /a b\n node {n[1] & 0xff,5}\n {n[2],10} {n[3],10} {n[4],10} {n[5],10}x\n  junk\n"));
        List<ZoneInfo> zones = [];
        ulong first = n[6] >> 1;
        ulong count = (n[7] >> 2) + 1;
        return MemoryPressure.TryParse(Bytes($"some avg10=0.00 avg60=0.12 avg300=0.05 total={n[0]}\nfull avg10=0.00 avg60=0.10 avg300=0.04 total={n[1]}\n"), out MemoryPressure pressure)
            && pressure == new MemoryPressure(n[0], n[1])
            && line.MoveNext() && (line.Group, line.Node, line.Generation, line.AgeMilliseconds, line.Anon, line.File) == (n[0], (int)(n[1] & 0xff), n[2], n[3], n[4], n[5]) && !line.MoveNext()
            && ZoneInfo.TryParse(Bytes($"Node 0, zone      DMA\n  pages free     3840\n        spanned  {count}\n  start_pfn:           {first}\n"), zones)
            && zones is [var zone] && zone == new ZoneInfo(first, count);
    });

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    private static void Holds<T>(Gen<T> written, Func<T, bool> comesBack) => Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(written.ToArbitrary(), comesBack));
}
