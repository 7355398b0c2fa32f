using System.Globalization;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;
using MemSnoop.WorkingSets.PageIdle.Handover;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>Passes over a share of memory: what they tell, what they leave alone, and that a change of the share makes no number wrong.</summary>
public sealed class ShareTests : IDisposable
{
    private const int UnitPages = 512;
    private const int Units = 300;
    private const string Group = "/docker/a";

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly IdleAges Ages = new([.. Enumerable.Range(0, 6).Select(static windows => windows * Window)]);

    private readonly FakeHost _host = new();
    private readonly List<FakeFolio> _folios = [];
    private ulong _next = 8 * UnitPages;
    private PageIdleEstimator? _estimator;
    private Passes? _passes;
    private EstimatorOptions _options = new();

    [Fact]
    public void A_share_tells_of_all_of_it_and_leaves_the_rest_alone()
    {
        FakeProcess process = Large();
        Open(share: 0.25);
        Pass(process);
        Pass(process);
        _host.Bitmap.WordsRead.Clear();
        int used = Touch(static unit => unit % 3 == 0);
        WorkingSetSample sample = Pass(process).Completed(process.Tracked);

        Assert.NotNull(sample.Error);
        Assert.InRange(sample.Error.Value.TotalBytes / (double)sample.ResidentBytes, 0.05, 0.15);
        Near(used, sample.AnonBytes, sample.Error.Value.AnonBytes);
        Assert.Equal(Bytes(Units * UnitPages), sample.ResidentBytes);
        Near(Units * UnitPages - used, sample.Idle[1], sample.Error.Value.TotalBytes);

        // The least share of a process this large is 32 of its 300 units; a quarter is more.
        int words = _host.Bitmap.WordsRead.Count;
        Assert.InRange(words / (double)(Units * UnitPages / 64), 0.15, 0.35);
    }

    [Fact]
    public void Whatever_share_is_chosen_most_of_their_intervals_hold_the_truth()
    {
        FakeProcess process = Large();
        int held = 0;
        for (ulong salt = 100; salt < 120; salt++)
        {
            Open(share: 0.25, salt: salt);
            Pass(process);
            int used = Touch(static unit => unit % 3 == 0);
            WorkingSetSample sample = Pass(process).Completed(process.Tracked);
            held += Math.Abs((double)sample.TotalBytes - Bytes(used)) <= sample.Error!.Value.TotalBytes ? 1 : 0;
            _estimator!.Dispose();
        }

        // 19 of 20 are expected; fewer than 16 would be by chance once in three hundred choices.
        Assert.InRange(held, 16, 20);
    }

    [Fact]
    public void A_share_that_grows_counts_no_memory_as_used_that_only_came_into_it()
    {
        FakeProcess process = Large();
        Open(share: 0.2);
        Pass(process);
        Pass(process);
        SetShare(0.6);
        WorkingSetSample grown = Pass(process).Completed(process.Tracked);
        Assert.Equal(0UL, grown.TotalBytes);

        // It was not watched: nothing is said of it for more than a window.
        WorkingSetSample after = Pass(process).Completed(process.Tracked);
        Assert.Equal((0UL, 2), (after.TotalBytes, after.KnownAges));
        Assert.True(after.Error!.Value.TotalBytes < grown.Error!.Value.TotalBytes);
        Assert.Equal(Bytes(Units * UnitPages), after.Idle[1]);
    }

    [Fact]
    public void A_share_that_shrinks_keeps_its_ages()
    {
        FakeProcess process = Large();
        Open(share: 1);
        for (int pass = 0; pass < 4; pass++)
        {
            Pass(process);
        }

        Assert.Null(Pass(process).Completed(process.Tracked).Error);
        SetShare(0.3);
        int used = Touch(static unit => unit % 2 == 0);
        WorkingSetSample sample = Pass(process).Completed(process.Tracked);
        Assert.Equal(6, sample.KnownAges);
        Near(Units * UnitPages - used, sample.Idle[5], sample.Error!.Value.TotalBytes);
    }

    [Fact]
    public void Where_all_of_it_is_measured_again_the_number_is_exact_after_one_more_pass()
    {
        FakeProcess process = Large();
        Open(share: 0.3);
        Pass(process);
        Pass(process);
        SetShare(1);
        Touch(static unit => unit % 2 == 0);
        Assert.NotNull(Pass(process).Completed(process.Tracked).Error);
        int used = Touch(static unit => unit % 5 == 0);
        WorkingSetSample sample = Pass(process).Completed(process.Tracked);
        Assert.Null(sample.Error);
        Assert.Equal(Bytes(used), sample.TotalBytes);
    }

    [Fact]
    public void A_small_process_is_measured_whole()
    {
        FakeProcess large = Large();
        FakeProcess small = _host.Fill(_host.Start(), 100);
        Open(share: 0.2);
        Pass(large, small);
        FakeHost.Touch(small, 7);
        WorkingSetSample sample = Pass(large, small).Completed(small.Tracked);
        Assert.Null(sample.Error);
        Assert.Equal((Bytes(7), Bytes(100)), (sample.TotalBytes, sample.ResidentBytes));
    }

    [Fact]
    public void What_processes_of_a_group_share_counts_once()
    {
        // After a fork: the same memory at the same addresses, and a file at different ones.
        FakeProcess parent = Large(150);
        FakeProcess child = _host.Start();
        FakeArea copy = child.Map(parent.Areas[0].Pages.Count, FolioKind.Anon, startPage: parent.Areas[0].StartPage);
        for (int page = 0; page < copy.Pages.Count; page++)
        {
            FakeProcess.Set(copy, page, parent.Areas[0].Pages[page]);
        }

        MapFile(parent, child, 100);
        Open(share: 0.3, groupOf: static _ => "both");
        Pass(parent, child);
        int used = Touch(static unit => unit % 3 == 0);
        WorkingSetSample sample = Pass(parent, child).Groups["both"];
        EstimateError error = sample.Error!.Value;
        Near(used, sample.TotalBytes, error.TotalBytes);
        Assert.InRange(error.TotalBytes, Bytes(1), Bytes(used) / 2);
        Assert.InRange(sample.ResidentBytes, Bytes(250 * UnitPages) * 0.99, Bytes(250 * UnitPages) * 1.01);
    }

    [Fact]
    public void What_a_small_process_shares_with_a_large_one_counts_once_too()
    {
        // The small one is measured whole, also where the large one does not look. It comes later, and has to be first.
        FakeProcess large = Large(150);
        FakeProcess small = _host.Start();
        FakeArea part = small.Map(30 * UnitPages, FolioKind.Anon, startPage: large.Areas[0].StartPage);
        for (int page = 0; page < part.Pages.Count; page++)
        {
            FakeProcess.Set(part, page, large.Areas[0].Pages[page]);
        }

        // In the mean of ten choices: how much of what they share a choice has in it is chance. What counts twice would be a tenth.
        double resident = 0;
        for (ulong salt = 0; salt < 10; salt++)
        {
            Open(share: 0.5, groupOf: static _ => "both", salt: salt);
            Pass(large, small);
            Pass(large, small);
            resident += _passes!.Groups["both"].ResidentBytes / 10.0;
            Assert.Null(_passes.Completed(small.Tracked).Error);
            Assert.NotNull(_passes.Completed(large.Tracked).Error);
            _estimator!.Dispose();
        }

        Assert.InRange(resident, Bytes(150 * UnitPages) * 0.96, Bytes(150 * UnitPages) * 1.04);
    }

    /// <summary>So many pages may have been used unseen, of all that there are: as many are in doubt, and not as many of each unit that was looked at.</summary>
    [Fact]
    public void What_disturbs_a_window_is_as_large_as_without_a_share()
    {
        FakeProcess process = LargeInContainer(share: 0.25);
        Pass(process);
        const int Hidden = 5000;
        DisturbanceReport report = new();
        report.AddEverywhere(new HiddenPages(Hidden, 0, Disturbance.Aged));
        _host.Disturbances.Report = report;
        WorkingSetSample sample = Pass(process).Completed(process.Tracked);
        Assert.Equal((Disturbance.Aged, Bytes(Hidden)), (sample.Disturbance, sample.DoubtfulAnonBytes));
        Assert.Equal(Bytes(Hidden), _passes!.Groups["a"].DoubtfulAnonBytes);
        Assert.InRange(_passes.Containers["a"][ChargedKind.Anon].DoubtfulBytes, Bytes(Hidden) * 0.8, Bytes(Hidden) * 1.2);
    }

    [Fact]
    public void Memory_charged_to_a_container_is_measured_by_a_share_of_frames()
    {
        FakeProcess process = LargeInContainer(share: 0.25);
        Pass(process);
        int used = Touch(static unit => unit % 3 == 0);
        ChargedMemory anon = Pass(process).Containers["a"][ChargedKind.Anon];
        Near(used, anon.UsedBytes, anon.ErrorBytes!.Value);
        Assert.InRange(anon.HeldBytes, Bytes(Units * UnitPages) * 0.999, Bytes(Units * UnitPages) * 1.001);

        // More of it: what came into the share was not marked.
        SetShare(0.7);
        anon = Pass(process).Containers["a"][ChargedKind.Anon];
        Assert.Equal((0UL, true), (anon.UsedBytes, anon.ErrorBytes > 0));
        SetShare(1);
        Pass(process);
        used = Touch(static unit => unit % 4 == 0);
        anon = Pass(process).Containers["a"][ChargedKind.Anon];
        Assert.Equal((Bytes(used), null), (anon.UsedBytes, anon.ErrorBytes));
    }

    [Fact]
    public void A_container_of_which_too_little_is_in_the_share_has_no_number()
    {
        AddGroups();
        FakeProcess process = Large();
        _folios[0].Group = Group;
        WriteCharge(UnitPages);
        Open(share: 0.9, groupOf: static _ => "a", containerOf: static path => path == Group ? "a" : null);
        Pass(process);
        Pass(process);
        Assert.Empty(_passes!.Containers);
        Assert.Equal(ReadOutcome.SampleTooSmall, _passes.ContainersSkipped["a"]);
    }

    [Fact]
    public void Without_time_for_anything_there_are_no_numbers_and_later_ones_begin_anew()
    {
        FakeProcess process = Large();
        Open(share: 1);
        Pass(process);
        Pass(process).Completed(process.Tracked);
        SetShare(0);
        Assert.Equal(ReadOutcome.OverBudget, Pass(process).Skipped(process.Tracked));
        Touch(static _ => true);
        SetShare(1);
        Assert.Equal(0, Pass(process).Reported);
        int used = Touch(static unit => unit < 10);
        Assert.Equal(Bytes(used), Pass(process).Completed(process.Tracked).TotalBytes);
    }

    [Fact]
    public void Areas_that_count_are_estimated_without_knowing_how_much_they_have()
    {
        FakeProcess process = Large();
        Open(share: 0.3, areas: true);
        Pass(process);
        int used = Touch(static unit => unit % 3 == 0);
        WorkingSetSample sample = Pass(process).Completed(process.Tracked);
        Assert.NotNull(sample.Error);
        Assert.InRange(sample.TotalBytes, Bytes(used) * 0.5, Bytes(used) * 1.5);
    }

    [Fact]
    public void A_pass_in_parts_measures_a_share_too()
    {
        FakeProcess process = Large();
        Open(share: 0.3, parts: 4);
        Pass(process);
        Pass(process);

        // The walk over a process comes before the windows of later parts end: those that it sees are of the pass before.
        Touch(static unit => unit % 3 == 0);
        Pass(process);
        int used = Touch(static unit => unit % 3 == 0);
        WorkingSetSample sample = Pass(process).Completed(process.Tracked);
        Near(used, sample.TotalBytes, sample.Error!.Value.TotalBytes);

        // What comes into the share does not count as used; nothing else is, once two more windows have ended.
        Pass(process);
        Pass(process);
        SetShare(0.8);
        Assert.Equal(0UL, Pass(process).Completed(process.Tracked).TotalBytes);
        Assert.Equal(0UL, Pass(process).Completed(process.Tracked).TotalBytes);
    }

    /// <summary>All that is told after a restart is what would have been told without: of processes, groups and containers, whether the share stays, grows or shrinks.</summary>
    [Theory]
    [InlineData(0.25, 0.25)]
    [InlineData(0.25, 0.6)]
    [InlineData(0.25, 1)]
    [InlineData(0.6, 0.25)]
    [InlineData(1, 0.25)]
    public void A_restart_changes_nothing(double before, double after) => Assert.Equal(Told(before, after, restarts: false), Told(before, after, restarts: true));

    private static List<string> Told(double before, double after, bool restarts)
    {
        using ShareTests test = new();
        FakeProcess process = test.LargeInContainer(before);

        // The share has grown once, so that not all of it has been watched from the start on.
        test.SetShare(before * 0.8);
        test.Pass(process);
        test.SetShare(before);
        for (int pass = 0; pass < 4; pass++)
        {
            test.Touch(unit => unit % 5 == pass);
            test.Pass(process);
        }

        if (restarts)
        {
            PageIdleEstimator next = test._host.TakeUp(test._host.Leave(test._estimator!), test._options);
            Assert.Equal(AgesOutcome.Continued, next.AgesTaken!.Value.Outcome);
            Assert.Equal(before, next.AgesTaken.Value.Share, 1e-6);
            (test._estimator, test._passes) = (next, new Passes(next));
        }

        // Whoever has no budget asks for nothing, and gets all.
        List<string> told = [];
        if (after < 1 || !restarts)
        {
            test.SetShare(after);
        }

        for (int pass = 0; pass < 4; pass++)
        {
            test.Touch(unit => unit % 7 == pass);
            Passes passes = test.Pass(process);
            ChargedMemory charged = passes.Containers["a"][ChargedKind.Anon];
            told.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{Say(passes.Completed(process.Tracked))}; {Say(passes.Groups["a"])}; {charged.HeldBytes} {charged.UsedBytes} ± {charged.ErrorBytes}, {charged.KnownAges} ages: {string.Join(' ', Enumerable.Range(0, Ages.Count).Select(age => charged.Idle[age]))}"));
        }

        return told;

        static string Say(WorkingSetSample sample) => string.Create(
            CultureInfo.InvariantCulture,
            $"{sample.Window} {sample.ResidentBytes} {sample.TotalBytes} ± {sample.Error?.TotalBytes}, {sample.KnownAges} ages: {string.Join(' ', Enumerable.Range(0, Ages.Count).Select(age => sample.Idle[age]))}");
    }

    [Theory]
    [InlineData(0, 1, "there was no processor time to measure anything")]
    [InlineData(0.3, 4, "a share of memory was measured, and in parts")]
    public void What_cannot_be_gone_on_with_is_not_left(double share, int parts, string reason)
    {
        FakeProcess process = Large();
        Open(1, parts: parts);
        Pass(process);
        SetShare(share);
        Pass(process);
        using KernelHandle none = new(-1);
        Assert.Equal(ReadOutcome.NotSupported, _estimator!.LeaveAges(none, new HandoverRoom(), out AgesLeft left));
        Assert.Equal(reason, left.Reason);
    }

    [Fact]
    public void A_process_that_comes_between_two_passes_is_measured_by_its_share()
    {
        FakeProcess first = _host.Fill(_host.Start(), 100);
        Open(share: 0.25);
        Pass(first);
        FakeProcess late = Large();
        Glance(late);
        int used = Touch(static unit => unit % 3 == 0);
        _host.Clock.Advance(Window);
        Glance(late);
        WorkingSetSample looked = _passes!.Completed(late.Tracked);
        Near(used, looked.TotalBytes, looked.Error!.Value.TotalBytes);
        WorkingSetSample passed = Pass(first, late).Completed(late.Tracked);
        Near(used, passed.TotalBytes, passed.Error!.Value.TotalBytes);
    }

    private void Glance(FakeProcess process)
    {
        _host.TellResident(process);
        _host.Write();
        process.Tracked.Look(new KernelBuffer(), out _);
        _passes!.Glance([process.Tracked]);
    }

    /// <summary>A process of so many units: huge pages, and small ones in every fourth.</summary>
    private FakeProcess Large(int units = Units)
    {
        FakeProcess process = _host.Start();
        FakeArea area = process.Map(units * UnitPages, FolioKind.Anon, startPage: 0x200000);
        for (int unit = 0; unit < units; unit++)
        {
            Fill(area, unit, FolioKind.Anon, unit % 4 == 0 ? 4 : 9);
        }

        return process;
    }

    /// <summary>The same as all that is charged to the container "a", and an estimator for both.</summary>
    private FakeProcess LargeInContainer(double share)
    {
        AddGroups();
        FakeProcess process = Large();
        _folios.ForEach(static folio => folio.Group = Group);
        WriteCharge(Units * UnitPages);
        Open(share, groupOf: static _ => "a", containerOf: static path => path == Group ? "a" : null);
        return process;
    }

    private void Fill(FakeArea area, int unit, FolioKind kind, int order)
    {
        _next += UnitPages;
        for (int page = 0; page < UnitPages; page += 1 << order)
        {
            FakeFolio folio = _host.Allocate(kind, order, _next + (ulong)page);
            _folios.Add(folio);
            for (int i = 0; i < folio.Pages; i++)
            {
                FakeProcess.Set(area, (unit * UnitPages) + page + i, new FakePage(folio, i));
            }
        }
    }

    private void MapFile(FakeProcess first, FakeProcess second, int units)
    {
        FakeArea one = first.Map(units * UnitPages, FolioKind.File, startPage: 0x900000);
        FakeArea other = second.Map(units * UnitPages, FolioKind.File, startPage: 0xa00123);
        for (int unit = 0; unit < units; unit++)
        {
            Fill(one, unit, FolioKind.File, 4);
        }

        for (int page = 0; page < one.Pages.Count; page++)
        {
            FakeProcess.Set(other, page, one.Pages[page]);
        }
    }

    /// <summary>Touches units of the address space whose number fits; how many pages that are.</summary>
    private int Touch(Predicate<int> fits)
    {
        int pages = 0;
        for (int i = 0; i < _folios.Count; i++)
        {
            if (fits((int)(_folios[i].First / UnitPages)))
            {
                FakeHost.Touch(_folios[i]);
                pages += _folios[i].Pages;
            }
        }

        return pages;
    }

    private void AddGroups()
    {
        foreach (string group in (string[])["", "/docker", Group])
        {
            _host.AddGroup(group);
        }
    }

    private void WriteCharge(int pages) =>
        File.WriteAllText(Path.Join(_host.GroupRoot, Group, "memory.stat"), string.Create(CultureInfo.InvariantCulture, $"anon {Bytes(pages)}\nfile 0\nkernel 4096\n"));

    private void Open(double share, Func<MemSnoop.Processes.TrackedProcess, string?>? groupOf = null, Func<string, string?>? containerOf = null, bool areas = false, ulong salt = 12, int parts = 1)
    {
        _options = new() { IdleAges = Ages, ShareSalt = salt, Parts = parts, GroupOf = groupOf, ContainerOf = containerOf, AgesKeptFor = Window };
        _estimator = _host.Estimator(areas ? _options with { Areas = new MemSnoop.Paging.AreaFilter { LongerThanPages = 1 } } : _options);
        _passes = new Passes(_estimator);
        SetShare(share);
    }

    private void SetShare(double share) => ((IWorkingSetEstimator)_estimator!).Share = share;

    private Passes Pass(params FakeProcess[] processes)
    {
        foreach (FakeProcess process in processes)
        {
            _host.TellResident(process);
        }

        _host.Write();
        _host.Clock.Advance(Window);
        _passes!.Run([.. processes.Select(static process => process.Tracked)]);
        return _passes;
    }

    private static ulong Bytes(int pages) => (ulong)pages * FakeArea.PageBytes;

    private static void Near(int pages, ulong bytes, ulong error) => Assert.InRange((double)bytes, (double)Bytes(pages) - error, (double)Bytes(pages) + error);

    public void Dispose()
    {
        _estimator?.Dispose();
        _host.Dispose();
    }
}
