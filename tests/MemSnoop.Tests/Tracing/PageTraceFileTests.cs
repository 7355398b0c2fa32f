using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Paging;
using MemSnoop.ProcFs;
using MemSnoop.Tracing;

namespace MemSnoop.Tests.Tracing;

public class PageTraceFileTests
{
    [Fact]
    public void A_trace_comes_back_as_it_was()
    {
        PageTrace trace = Example();
        PageTrace loaded = Load(Save(trace), out PageTraceLoss? loss);
        Assert.Null(loss);
        AssertSame(trace, loaded, trace.Samples.Count);
        Assert.Same(loaded.Samples[0].Areas, loaded.Samples[1].Areas);
    }

    [Fact]
    public void Any_active_pages_and_areas_come_back() => Prop.ForAll<uint[], uint[]>(static (masks, areas) =>
    {
        PageTrace trace = Traces.Of([.. masks.Select((mask, index) => Traces.Sample(
            index,
            Traces.Pages(mask),
            [.. Traces.List(Traces.Pages(areas.ElementAtOrDefault(index))).Select(page => Traces.Area(page * 8, 1 + (page + (ulong)index) % 8, $"/lib{page % 5}"))]))]);
        PageTrace loaded = Load(Save(trace), out PageTraceLoss? loss);
        return loss is null && trace.Samples.Zip(loaded.Samples).All(static pair => IsSame(pair.First, pair.Second)) && loaded.Samples.Count == masks.Length;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithArbitrary([typeof(Masks)]));

    [Fact]
    public void A_file_yields_the_samples_before_the_place_where_it_was_cut()
    {
        PageTrace trace = Example();
        byte[] file = Save(trace);
        int kept = 0;
        int headerless = 0;
        for (int length = 0; length < file.Length; length++)
        {
            try
            {
                PageTrace loaded = Load(file[..length], out PageTraceLoss? loss);
                Assert.NotNull(loss);
                Assert.Equal("is cut short", loss.Reason);
                Assert.InRange(loss.Offset, 0, length);
                Assert.Equal(loaded.Samples.Count, loss.SamplesKept);
                Assert.InRange(loaded.Samples.Count, kept, kept + 1);
                kept = loaded.Samples.Count;
                AssertSame(trace, loaded, kept);
            }
            catch (InvalidDataException)
            {
                headerless++;
            }
        }

        Assert.Equal(trace.Samples.Count, kept);
        Assert.InRange(headerless, 20, 60);
    }

    [Fact]
    public void A_changed_byte_is_noticed_wherever_it_is()
    {
        PageTrace trace = Example();
        byte[] file = Save(trace);
        for (int index = 0; index < file.Length; index++)
        {
            byte[] changed = [.. file];
            changed[index] ^= 0x10;
            try
            {
                PageTrace loaded = Load(changed, out PageTraceLoss? loss);
                Assert.NotNull(loss);
                AssertSame(trace, loaded, loss.SamplesKept);
            }
            catch (InvalidDataException refused)
            {
                Assert.DoesNotContain('\n', refused.Message);
            }
        }
    }

    [Fact]
    public void Files_that_are_no_trace_are_told_from_newer_traces()
    {
        Assert.Equal("is not a page trace", Assert.Throws<InvalidDataException>(() => Load([], out _)).Message);
        Assert.Equal("is not a page trace", Assert.Throws<InvalidDataException>(() => Load("{\"a\": \"trace of another kind\"}"u8.ToArray(), out _)).Message);
        byte[] newer = Save(Example());
        newer[10] = 2;
        Assert.Equal("is a page trace of version 2, newer than 1, the newest that can be read", Assert.Throws<InvalidDataException>(() => Load(newer, out _)).Message);
    }

    [Fact]
    public void What_follows_the_end_is_told()
    {
        byte[] file = Save(Example());
        Load([.. file, 0], out PageTraceLoss? loss);
        Assert.Equal($"goes on after its end at byte {file.Length}, after 5 whole samples", loss?.ToString());
    }

    [Fact]
    public void A_writer_whose_stream_failed_writes_no_end()
    {
        using MemoryStream small = new(new byte[100]);
        using (PageTraceWriter writer = PageTraceWriter.Create(small, 4096, 1, "a", Traces.Start))
        {
            PageSample sample = Example().Samples[0];
            Assert.Throws<NotSupportedException>(() =>
            {
                for (int index = 0; index < 1000; index++)
                {
                    writer.Write(sample);
                }
            });
            Assert.Throws<ObjectDisposedException>(() => writer.Write(sample));
        }

        Load(small.ToArray(), out PageTraceLoss? loss);
        Assert.NotNull(loss);
    }

    /// <summary>A process of 1 GB whose hot half moves on by 1 % a sample, with a scatter of other pages: what does a sample cost?</summary>
    [Fact]
    public void A_thousand_samples_of_a_gigabyte_stay_small()
    {
        const ulong Gigabyte = 262_144;
        TracedArea[] areas = [.. Enumerable.Range(0, 60).Select(static lib => Traces.Area(1000 + ((ulong)lib * 100), 60, $"/usr/lib/lib{lib}.so")), Traces.Area(1 << 20, Gigabyte)];
        Random random = new(1);
        using MemoryStream file = new();
        PageRangeSet.Builder builder = new();
        using (PageTraceWriter writer = PageTraceWriter.Create(file, 4096, 1, "big", Traces.Start))
        {
            for (int second = 0; second < 1000; second++)
            {
                builder.Clear();
                ulong hot = (ulong)(second % 50) * Gigabyte / 100;
                ulong hotEnd = hot + (Gigabyte / 2);
                ulong[] scattered = [.. Enumerable.Range(0, 262).Select(_ => (ulong)random.Next((int)Gigabyte)).Where(page => page < hot || page >= hotEnd).Distinct().Order()];
                foreach (ulong page in scattered.Where(page => page < hot))
                {
                    builder.Add((1 << 20) + page, 1);
                }

                builder.Add((1 << 20) + hot, hotEnd - hot);
                foreach (ulong page in scattered.Where(page => page >= hotEnd))
                {
                    builder.Add((1 << 20) + page, 1);
                }

                writer.Write(Traces.Sample(second, builder.Build(), areas));
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{file.Length / 1000.0:F1} bytes a sample");
        Assert.InRange(file.Length, 10_000, 1_000_000);
        Assert.Equal(1000, Load(file.ToArray(), out _).Samples.Count);
    }

    private static PageTrace Example()
    {
        TracedArea[] before = [Traces.Area(16, 4, "[heap]"), Traces.Area(100, 50, "/usr/lib/libc.so.6", AreaPermissions.Read | AreaPermissions.Execute), Traces.Area(1UL << 35, 1000)];
        TracedArea[] after = [Traces.Area(16, 9, "[heap]"), Traces.Area(70, 1, "/tmp/a b\nü"), .. before[1..]];
        return Traces.Of(
            Traces.Sample(0, Traces.Pages(17, 18, 120, 1UL << 35), before),
            Traces.Sample(1, Traces.Pages(17, 18, 120, (1UL << 35) + 7), before),
            Traces.Sample(4, PageRangeSet.Empty, after),
            Traces.Sample(5, Traces.Pages(70), after),
            Traces.Sample(6, Traces.Pages(70, 120)));
    }

    private static byte[] Save(PageTrace trace)
    {
        using MemoryStream stream = new();
        using (PageTraceWriter writer = PageTraceWriter.Create(stream, trace.PageBytes, trace.Pid, trace.Comm, trace.Start))
        {
            foreach (PageSample sample in trace.Samples)
            {
                writer.Write(sample);
            }
        }

        return stream.ToArray();
    }

    private static PageTrace Load(byte[] file, out PageTraceLoss? loss)
    {
        using MemoryStream stream = new(file);
        return PageTraceFile.Load(stream, out loss);
    }

    private static void AssertSame(PageTrace expected, PageTrace actual, int samples)
    {
        Assert.Equal(
            (expected.PageBytes, expected.Pid, expected.Comm, expected.Start, samples),
            (actual.PageBytes, actual.Pid, actual.Comm, actual.Start, actual.Samples.Count));
        Assert.All(expected.Samples.Take(samples).Zip(actual.Samples), static pair => Assert.True(IsSame(pair.First, pair.Second)));
    }

    private static bool IsSame(PageSample left, PageSample right) =>
        left.Offset == right.Offset && left.Window == right.Window && left.Areas.SequenceEqual(right.Areas) && left.Active.Equals(right.Active);
}
