using System.Globalization;
using System.Text;
using MemSnoop.Disturbances;
using MemSnoop.ProcFs;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Referenced;

namespace MemSnoop.Tests.WorkingSets.Referenced;

/// <summary>What the windows of one process become: ages that end with their area, and what disturbances leave of a number. Windows of 10 s.</summary>
public sealed class ReferencedHistoryTests : IDisposable
{
    private const long Pages = 256;   // of a MiB
    private const ulong MiB = 1 << 20;

    private static readonly IdleAges Ages = new([TimeSpan.Zero, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30)]);

    private readonly FakeWatch _watch = new();
    private readonly ReferencedHistory _history = new(new AreaMerge());
    private TimeSpan _now;

    public ReferencedHistoryTests()
    {
        SharedMoment begin = new(_watch);
        _history.Begin(_now, default, begin);
        begin.Release();
    }

    [Fact]
    public void Memory_that_is_left_alone_grows_old()
    {
        Area still = new(0x1000_0000, 64, Resident: 60, Referenced: 0);
        Assert.Equal([60, 60, 0, 0], Window(still));
        Assert.Equal([60, 60, 60, 0], Window(still));
        Assert.Equal([60, 60, 60, 60], Window(still));
    }

    [Fact]
    public void A_block_that_grows_where_it_is_keeps_its_ages()
    {
        Area block = new(0x1000_0000, 64, Resident: 60, Referenced: 0);
        Window(block);
        Window(block);
        Assert.Equal([90, 60, 60, 60], Window(block with { Length = 128, Resident = 90, Referenced = 30 }));
    }

    [Fact]
    public void A_block_moved_to_where_one_of_its_length_was_freed_begins_anew()
    {
        Area first = new(0x1000_0000, 64, Resident: 60, Referenced: 0);
        Area second = new(0x2000_0000, 64, Resident: 60, Referenced: 60);
        Window(first, second);
        Window(first, second);

        // The first is unmapped, and mremap moves the second to its address: its memory was in use a window ago.
        Assert.Equal([60, 60, 0, 0], Window(first));
        Assert.Equal([60, 60, 60, 0], Window(first));
    }

    [Fact]
    public void A_block_that_shrank_or_is_another_files_begins_anew()
    {
        Area block = new(0x1000_0000, 64, Resident: 60, Referenced: 0);
        Window(block);
        Window(block);
        Assert.Equal([30, 30, 0, 0], Window(block with { Length = 32, Resident = 30 }));

        Area file = new(0x1000_0000, 32, Resident: 30, Referenced: 0) { Inode = 17 };
        Assert.Equal([30, 30, 0, 0], Window(file));
        Assert.Equal([30, 30, 30, 0], Window(file));
        Assert.Equal([30, 30, 0, 0], Window(file with { Inode = 18 }));
    }

    [Fact]
    public void What_an_aging_may_have_hidden_is_the_width_of_a_bracket()
    {
        Area block = new(0x1000_0000, 128, Resident: 100, Referenced: 30);
        Happens(anonPages: 20 * Pages, Disturbance.Aged);
        WorkingSetSample sample = Sample(block);
        Assert.Equal(Disturbance.Aged, sample.Disturbance);
        Assert.Equal((30 * MiB, 50 * MiB), (sample.Bytes(PageKind.Anon), sample.UpperBytes(PageKind.Anon)));
        Assert.Equal(50 * MiB, sample.Idle[1]);
    }

    [Fact]
    public void No_more_can_be_hidden_than_looks_idle()
    {
        Area block = new(0x1000_0000, 128, Resident: 100, Referenced: 30);
        Happens(HiddenPages.Unbounded, Disturbance.Aged);
        WorkingSetSample sample = Sample(block);
        Assert.Equal((30 * MiB, 100 * MiB), (sample.TotalBytes, sample.UpperTotalBytes));
        Assert.Equal(1, sample.KnownAges);   // nothing is certain to be idle
    }

    [Fact]
    public void Ages_do_not_advance_on_the_word_of_a_disturbed_window()
    {
        Area block = new(0x1000_0000, 128, Resident: 100, Referenced: 0);
        Window(block);
        Window(block);
        Happens(anonPages: 20 * Pages, Disturbance.Aged);
        Assert.Equal([100, 80, 80, 80], Window(block));
        Assert.Equal([100, 100, 80, 80], Window(block));
        Assert.Equal([100, 100, 100, 80], Window(block));
        Assert.Equal([100, 100, 100, 100], Window(block));
    }

    [Fact]
    public void A_hundredth_in_doubt_leaves_a_window_whole()
    {
        Area block = new(0x1000_0000, 128, Resident: 100, Referenced: 0);
        Happens(anonPages: Pages, Disturbance.Aged);
        Assert.True(Sample(block).IsWhole);
        Happens(anonPages: 2 * Pages, Disturbance.Aged);
        Assert.False(Sample(block).IsWhole);
    }

    [Theory]
    [InlineData(nameof(Disturbance.Reader))]
    [InlineData(nameof(Disturbance.Damon))]
    public void Who_takes_bits_and_leaves_the_flag_of_them_is_harmless(string reason)
    {
        DisturbanceReport report = new();
        report.AddEverywhere(new HiddenPages(HiddenPages.Unbounded, HiddenPages.Unbounded, Enum.Parse<Disturbance>(reason)));
        report.FileReadsAreHidden = true;
        _watch.Happens(report);
        Assert.True(Sample(new Area(0x1000_0000, 128, Resident: 100, Referenced: 30)).IsWhole);
    }

    [Fact]
    public void A_huge_page_made_of_small_ones_may_not_have_been_used()
    {
        Area block = new(0x1000_0000, 128, Resident: 100, Referenced: 0);
        Window(block);
        DisturbanceReport report = new() { HugePagesCollapsed = true };
        _watch.Happens(report);
        WorkingSetSample sample = Sample(block with { Referenced = 16, Huge = 16 });
        Assert.Equal((Disturbance.Moved, 0UL, 16 * MiB), (sample.Disturbance, sample.TotalBytes, sample.UpperTotalBytes));
    }

    [Fact]
    public void Moments_are_given_back()
    {
        Window(new Area(0x1000_0000, 128, Resident: 100, Referenced: 0));
        Assert.Equal(1, _watch.Open);
        _history.Forget();
        Assert.Equal(0, _watch.Open);
    }

    private void Happens(long anonPages, Disturbance reason)
    {
        DisturbanceReport report = new();
        report.AddGroup(7, new HiddenPages(anonPages, 0, reason));
        _watch.Happens(report);
    }

    /// <summary>The bands after one window, in MiB; 0 where they are not known.</summary>
    private int[] Window(params Area[] areas)
    {
        WorkingSetSample sample = Sample(areas);
        return [.. Enumerable.Range(0, Ages.Count).Select(band => band < sample.KnownAges ? (int)(sample.Idle[band] / MiB) : 0)];
    }

    private WorkingSetSample Sample(params Area[] areas)
    {
        _now += TimeSpan.FromSeconds(10);
        _history.Open();
        SmapsParser parser = new();
        foreach (string line in areas.SelectMany(static area => area.Lines))
        {
            if (parser.Accept(Encoding.UTF8.GetBytes(line)))
            {
                _history.Add(parser.Area);
            }
        }

        if (parser.Complete())
        {
            _history.Add(parser.Area);
        }

        WorkingSetSample sample = _history.Close(_now, default, Ages);
        SharedMoment begin = new(_watch);
        _history.Begin(_now, default, begin);
        SharedMoment end = new(_watch);
        sample = _history.Judge(sample, _now, end, Ages);
        begin.Release();
        end.Release();
        return sample;
    }

    public void Dispose() => _watch.Dispose();

    /// <summary>An area of smaps; sizes in MiB.</summary>
    private sealed record Area(ulong Start, int Length, int Resident, int Referenced)
    {
        public int Inode { get; init; }

        public int Huge { get; init; }

        public IEnumerable<string> Lines =>
        [
            string.Create(CultureInfo.InvariantCulture, $"{Start:x}-{Start + ((ulong)Length * MiB):x} rw-p 00000000 00:00 {Inode}{(Inode == 0 ? "" : " /file")}"),
            Line("Rss", Resident), Line("Referenced", Referenced), Line("Anonymous", Inode == 0 ? Resident : 0), Line("AnonHugePages", Huge), Line("Locked", 0),
        ];

        private static string Line(string key, int mib) => string.Create(CultureInfo.InvariantCulture, $"{key}: {mib * 1024} kB");
    }
}
