using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Otlp;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using Microsoft.AspNetCore.WebUtilities;

namespace MemSnoop.Exporter.Tests.Fuzzing;

/// <summary>What is written in one of these forms comes back when it is read.</summary>
public class StructureTests
{
    [Fact]
    public void A_request_for_a_window() => Holds(
        from pid in Gen.Choose(1, int.MaxValue)
        from ticks in Gen.Choose(0, int.MaxValue)
        from milliseconds in Gen.Choose(1, 86_400_000)
        from hasWindow in Gen.Elements(true, false)
        from ages in Gen.ListOf(Gen.Choose(100, 400), 3)
        from hasAges in Gen.Elements(true, false)
        select new WindowRequest(
            new ProcessIdentity(pid, (ulong)ticks << 20),
            hasAges ? TimeSpan.FromDays(1) : hasWindow ? TimeSpan.FromMilliseconds(milliseconds) : null,
            hasAges ? new IdleAges([TimeSpan.Zero, .. Rising(ages)]) : null),
        static request =>
        {
            Dictionary<string, Microsoft.Extensions.Primitives.StringValues> query = QueryHelpers.ParseQuery(request.ToTarget()[WindowRequest.FormerPath.Length..]);
            string? Value(string name) => query.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues value) ? value.ToString() : null;
            return WindowRequest.TryParse(Value("pid"), Value("start"), Value("seconds"), Value("ages"), Value("areas"), Value("id"), out WindowRequest read)
                && read.Process == request.Process && read.ByArea == request.ByArea && read.Id == request.Id && read.Window == request.Window && Times(read.Ages).SequenceEqual(Times(request.Ages));
        });

    [Fact]
    public void Which_mount_of_proc_is_seen_and_whether_it_hides() => Holds(
        Gen.ListOf(
            from point in Gen.Elements("/proc", "/host/proc", "/proc/sys", "/sys")
            from type in Gen.Elements("proc", "sysfs", "tmpfs")
            from option in Gen.Elements("", ",hidepid=0", ",hidepid=off", ",hidepid=2", ",hidepid=invisible", ",hidepid=ptraceable")
            from tags in Gen.Elements("", "shared:12 ", "shared:12 master:3 ")
            select (point, type, option, tags)),
        static mounts =>
        {
            string text = string.Concat(mounts.Select(static (mount, at) =>
                string.Create(CultureInfo.InvariantCulture, $"{at + 22} 1 0:{at} / {mount.point} rw,nosuid {mount.tags}- {mount.type} {mount.type} rw{mount.option}\n")));
            string? last = mounts.LastOrDefault(static mount => mount is { point: "/proc", type: "proc" }).option;
            return HiddenProcesses.AreIn(text, "/proc") == last is ",hidepid=2" or ",hidepid=invisible" or ",hidepid=ptraceable";
        });

    [Fact]
    public void What_a_receiver_has_dropped() => Holds(
        from rejected in Gen.Choose(0, int.MaxValue)
        from text in Gen.Elements("", "too old", "\u00e9\u2028", new string('x', 300))
        from before in Gen.Choose(0, 3)
        select (rejected, text, before),
        static answer =>
        {
            byte[] words = Encoding.UTF8.GetBytes(answer.text);
            byte[] partial = [.. Tag(1, 0), .. Varint((ulong)answer.rejected), .. Tag(2, 2), .. Varint((ulong)words.Length), .. words];
            byte[] message = [.. Enumerable.Range(0, answer.before).SelectMany(static field => (byte[])[.. Tag(5 + field, 0), .. Varint(ulong.MaxValue)]), .. Tag(1, 2), .. Varint((ulong)partial.Length), .. partial];
            ReceiverAnswer read = ReceiverAnswer.OfMessage(message);
            return (read.Rejected, read.Warning ?? "", read.Failure) == (answer.rejected, answer.text, null);
        });

    private static IEnumerable<TimeSpan> Rising(IEnumerable<int> steps)
    {
        int sum = 0;
        foreach (int step in steps)
        {
            yield return TimeSpan.FromMilliseconds(sum += step);
        }
    }

    private static IEnumerable<TimeSpan> Times(IdleAges? ages) => ages is null ? [] : Enumerable.Range(0, ages.Count).Select(age => ages[age]);

    private static byte[] Tag(int field, int type) => Varint((ulong)((field << 3) | type));

    private static byte[] Varint(ulong number)
    {
        List<byte> bytes = [];
        for (; number >= 0x80; number >>= 7)
        {
            bytes.Add((byte)(number | 0x80));
        }

        return [.. bytes, (byte)number];
    }

    private static void Holds<T>(Gen<T> written, Func<T, bool> comesBack) => Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(written.ToArbitrary(), comesBack));
}
