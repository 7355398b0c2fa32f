using MemSnoop.Exporter.View;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Tests.View;

public sealed class IdleBandsTests
{
    private static readonly IdleBands Bands = new([TimeSpan.Zero, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5)], TimeSpan.FromMinutes(1));

    [Fact]
    public void Bands_begin_with_the_window_and_do_not_overlap()
    {
        // An age below a window says nothing of its own.
        Assert.Equal(4, Bands.Count);
        WorkingSetSample sample = Sample(known: 5, 100, 70, 60, 25, 10);
        Assert.Equal(
            [new AgeBandView(0, 60, 10), new AgeBandView(60, 120, 35), new AgeBandView(120, 300, 15), new AgeBandView(300, null, 10)],
            Bands.View(sample));
        Assert.Equal(70UL, (ulong)Bands.View(sample).Sum(static band => (long)band.Bytes));
    }

    [Fact]
    public void What_is_not_known_yet_is_in_the_last_band_that_is()
    {
        WorkingSetSample sample = Sample(known: 3, 100, 70, 60, 0, 0);
        Assert.Equal([new AgeBandView(0, 60, 10), new AgeBandView(60, null, 60)], Bands.View(sample));
        Assert.Null(Bands.In(sample, 2));
        Assert.Equal([new AgeBandView(0, null, 70)], Bands.View(Sample(known: 1, 100, 0, 0, 0, 0)));
    }

    [Fact]
    public void The_host_has_the_same_bands()
    {
        IdleBytes idle = default;
        (idle[0], idle[1], idle[2], idle[3], idle[4]) = (70, 70, 60, 25, 10);
        Assert.Equal(
            [new AgeBandView(0, 60, 10), new AgeBandView(60, 120, 35), new AgeBandView(120, 300, 15), new AgeBandView(300, null, 10)],
            Bands.View(new HostMemorySample(30, 0, idle, 5)));
        Assert.Equal([new AgeBandView(0, null, 70)], Bands.View(new HostMemorySample(30, 0, idle, 2)));
    }

    private static WorkingSetSample Sample(int known, params ulong[] idle)
    {
        IdleBytes bytes = default;
        for (int age = 0; age < idle.Length; age++)
        {
            bytes[age] = idle[age];
        }

        return new WorkingSetSample
        {
            Window = TimeSpan.FromMinutes(1), ResidentBytes = 100, AnonBytes = 10, FileBytes = 20, ShmemBytes = 0, Idle = bytes, KnownAges = known,
        };
    }
}
