using MemSnoop.Exporter.View.History;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Tests.View;

public sealed class HistoryRingsTests
{
    private const int Bands = 8;

    /// <summary>What all of it may take, whatever happens: with as many ages as the options allow.</summary>
    [Fact]
    public void The_rings_take_at_most_four_megabytes() => Assert.InRange(HistoryRings.MaxBytes(IdleAges.MaxCount), 1_000_000, 4_000_000);

    [Fact]
    public void A_day_with_churn_takes_no_more_memory_than_its_first_hour()
    {
        HistoryRings rings = new(IdleAges.MaxCount);
        Random random = new(1);
        List<(ProcessIdentity Process, ulong Resident)> live = [];
        int pid = 0;
        long afterAnHour = 0;
        long bytes = 0;
        for (int minute = 0; minute < 24 * 60; minute++)
        {
            // Of 600 processes, 20 end each minute and others begin; containers come and go as well.
            for (int i = 0; i < 20 && live.Count >= 600; i++)
            {
                live.RemoveAt(random.Next(live.Count));
            }

            while (live.Count < 600)
            {
                live.Add((new ProcessIdentity(++pid, (ulong)minute), (ulong)random.NextInt64(1 << 20, 1L << 34)));
            }

            rings.Begin(1_000 + (minute * 60));
            foreach ((ProcessIdentity process, ulong resident) in live)
            {
                rings.Processes.Propose(process, resident);
            }

            for (int i = 0; i < 700; i++)
            {
                rings.Containers.Propose($"container {i + (minute / 10)}", (ulong)random.NextInt64(1 << 20, 1L << 34));
            }

            rings.Groups.Propose("one", 1);
            rings.Processes.Choose(rings.Moment);
            rings.Containers.Choose(rings.Moment);
            rings.Groups.Choose(rings.Moment);
            foreach ((ProcessIdentity process, ulong resident) in live)
            {
                rings.Processes.Find(process)?.Set(HistorySeries.Resident, resident);
            }

            Assert.InRange(rings.Processes.Count, 0, HistoryRings.MostProcesses);
            Assert.InRange(rings.Containers.Count, 0, HistoryRings.MostContainers);
            if (minute == 60)
            {
                afterAnHour = rings.Bytes;
                bytes = GC.GetTotalMemory(forceFullCollection: true);
            }
        }

        Assert.Equal(afterAnHour, rings.Bytes);
        Assert.InRange(rings.Bytes, 1, HistoryRings.MaxBytes(IdleAges.MaxCount));

        // Other tests run beside this one.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - bytes, long.MinValue, 64 << 20);
        GC.KeepAlive(rings);
    }

    [Fact]
    public void A_moment_of_the_same_processes_allocates_nothing()
    {
        HistoryRings rings = new(Bands);
        ProcessIdentity[] processes = [.. Enumerable.Range(1, 2_000).Select(static pid => new ProcessIdentity(pid, 7))];
        long least = long.MaxValue;
        for (int round = 0; round < 20; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            rings.Begin(1_000 + (round * 60));
            foreach (ProcessIdentity process in processes)
            {
                rings.Processes.Propose(process, (ulong)process.Pid << 20);
            }

            rings.Processes.Choose(rings.Moment);
            foreach (ProcessIdentity process in processes)
            {
                if (rings.Processes.Find(process) is { } ring)
                {
                    ring.Set(HistorySeries.Resident, (ulong)process.Pid << 20);
                    ring.Set(HistorySeries.Fixed + Bands - 1, 5);
                }
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
        Assert.Equal(HistoryRings.MostProcesses, rings.Processes.Count);
        Assert.Null(rings.Processes.Find(processes[0]));
        Assert.NotNull(rings.Processes.Find(processes[^1]));
    }

    [Fact]
    public void An_hour_is_kept_and_what_was_not_noted_is_not_known()
    {
        HistoryRings rings = new(Bands);
        ProcessIdentity process = new(12, 34);
        for (int moment = 0; moment < 200; moment++)
        {
            rings.Begin(moment * 30);
            if (moment % 50 != 49)
            {
                rings.Processes.Propose(process, 1);
            }

            rings.Processes.Choose(rings.Moment);
            rings.Processes.Find(process)?.Set(HistorySeries.Resident, (ulong)(moment + 1) * 1_000_000);
        }

        // At 149 and 199 it had no place, and begins anew.
        Assert.Null(rings.Processes.Find(process));
        Assert.Equal(80, rings.First(199 * 30));
        for (int moment = 200; moment < 210; moment++)
        {
            rings.Begin(moment * 30);
            rings.Processes.Propose(process, 1);
            rings.Processes.Choose(rings.Moment);
            rings.Processes.Find(process)!.Set(HistorySeries.Resident, 5);
        }

        HistoryRing ring = rings.Processes.Find(process)!;
        Assert.Equal(200, ring.First);
        Assert.Null(ring.Get(HistorySeries.Resident, 199));
        Assert.Equal(5UL, ring.Get(HistorySeries.Resident, 200));
        Assert.Null(ring.Get(HistorySeries.Upper, 205));
        Assert.Null(ring.Get(HistorySeries.Resident, 210));
    }

    [Fact]
    public void Short_windows_are_thinned_out()
    {
        HistoryRings rings = new(Bands);
        int moments = 0;
        for (double now = 10_000; now < 13_600; now += 1)
        {
            if (rings.IsDue(now))
            {
                rings.Begin(now);
                moments++;
            }
        }

        Assert.InRange(moments, HistoryRings.Moments - 2, HistoryRings.Moments + 1);
        Assert.Equal(0, rings.First(13_600) - Math.Max(0, rings.Moment - HistoryRings.Moments + 1));
    }

    [Fact]
    public void Growth_is_the_slope_of_the_last_hour_and_absent_for_less_than_five_minutes()
    {
        HistoryRings rings = new(Bands);
        ProcessIdentity process = new(12, 34);
        double? growth = null;
        for (int minute = 0; minute < 30; minute++)
        {
            rings.Begin(minute * 60);
            rings.Processes.Propose(process, 1);
            rings.Processes.Choose(rings.Moment);
            rings.Processes.Find(process)!.Set(HistorySeries.Resident, 1_000_000_000 + ((ulong)minute * 10_000_000));
            growth = MemSnoop.Exporter.View.Growth.Of(rings.Processes.Find(process), rings, minute * 60);
            Assert.Equal(minute < 5, growth is null);
        }

        Assert.InRange(growth!.Value, 590e6, 610e6);
        MemSnoop.Exporter.View.SparkView spark = MemSnoop.Exporter.View.SparkView.Of(rings.Processes.Find(process), rings, 30 * 60)!;
        Assert.Equal(30, spark.ResidentBytes.Count);
        Assert.All(spark.UsedBytes, static used => Assert.Null(used));
        Assert.True(spark.ResidentBytes[0] < spark.ResidentBytes[^1]);
    }
    [Fact]
    public void A_step_of_the_scale_is_no_growth()
    {
        HistoryRings rings = new(Bands);
        ProcessIdentity process = new(12, 34);

        // The last amount of one code, and a page more.
        ulong held = 2_500_000_000;
        while (LogCode.Encode(held) == LogCode.Encode(held + 4096))
        {
            held += 4096;
        }

        for (int minute = 0; minute < 10; minute++)
        {
            rings.Begin(minute * 60);
            rings.Processes.Propose(process, 1);
            rings.Processes.Choose(rings.Moment);
            rings.Processes.Find(process)!.Set(HistorySeries.Resident, minute < 5 ? held : held + 4096);
        }

        Assert.Equal(0, MemSnoop.Exporter.View.Growth.Of(rings.Processes.Find(process), rings, 9 * 60));
    }
}
