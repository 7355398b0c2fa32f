using FsCheck;
using FsCheck.Fluent;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>The engine against the model on random hosts: whatever processes do, every pass says of each what is true.</summary>
public class RandomHostTests
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly IdleAges Ages = new([.. Enumerable.Range(0, 6).Select(static windows => windows * Window)]);

    /// <summary>What memory can be charged to; null for nothing.</summary>
    private static readonly string?[] Groups = [null, "/docker/a", "/docker/b", "/system.slice", "/docker/a/nested"];

    /// <summary>One thing that happens; the numbers choose who and what among those there are.</summary>
    private readonly record struct Step(int Action, int Who, int Where, int What, int HowMany);

    [Fact]
    public void Every_pass_says_what_is_true() => CheckHosts(120);

    [Fact]
    public void So_it_does_if_exporters_end_and_others_take_up_the_ages() => CheckHosts(60, restarts: true);

    [Fact]
    [LongTier("random-hosts")]
    public void So_it_does_on_20000_hosts()
    {
        CheckHosts(20_000);
        Measured.Note("random-hosts", "20,000 random hosts of up to 150 steps: every pass of page_idle says what the model says");
    }

    private static void CheckHosts(int count, bool restarts = false)
    {
        Gen<Step> step =
            from action in Gen.Choose(0, 99)
            from who in Gen.Choose(0, 1000)
            from at in Gen.Choose(0, 1000)
            from what in Gen.Choose(0, 1000)
            from many in Gen.Choose(0, 1000)
            select new Step(action, who, at, what, many);
        Gen<(Step[], int, bool, bool)> hosts =
            from steps in step.ArrayOf(150)
            from end in Gen.Elements(1 << 20, 5000, 4500 + 64, 34_000)
            from tails in Gen.Elements(true, false)
            from charges in Gen.Elements(true, false)
            select (steps, end, tails, charges);
        Prop.ForAll(
            Arb.From(hosts, static host => WithLess(host.Item1).Select(steps => (steps, host.Item2, host.Item3, host.Item4))),
            host => Run(host.Item1, (ulong)host.Item2, host.Item3, host.Item4, restarts))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(count).WithQuietOnSuccess(true));
    }

    /// <summary>The history with a stretch of it left out, long stretches first.</summary>
    private static IEnumerable<Step[]> WithLess(Step[] steps)
    {
        for (int length = steps.Length / 2; length > 0; length /= 2)
        {
            for (int from = 0; from + length <= steps.Length; from += length)
            {
                yield return [.. steps[..from], .. steps[(from + length)..]];
            }
        }
    }

    private static void Run(Step[] steps, ulong bitmapFrames, bool tailsTellAll, bool tailsTellCharge, bool restarts)
    {
        using FakeHost host = new() { BitmapFrames = bitmapFrames, TailsTellAll = tailsTellAll, TailsTellCharge = tailsTellCharge };
        foreach (string group in (string[])["", "/docker", .. Groups.OfType<string>()])
        {
            host.AddGroup(group);
        }

        FakeFolio zero = host.Allocate(FolioKind.Zero, near: 64);
        FakeFolio hugeZero = host.Allocate(FolioKind.Zero, 9, near: 1024);
        static string? GroupOf(int pid) => (pid % 3) switch { 0 => null, 1 => "a", _ => "b" };
        EstimatorOptions options = new()
        {
            IdleAges = Ages,
            GroupOf = static process => GroupOf(process.Identity.Pid),
            ContainerOf = ChargedMemoryTests.ContainerOf,
            CountsReaccesses = true,
            AgesKeptFor = 2 * Window,
        };
        PageIdleEstimator estimator = host.Estimator(options);
        IdleModel model = new(host, static process => GroupOf(process.Pid), ChargedMemoryTests.ContainerOf);
        Passes passes = new(estimator);
        host.Start();
        int passed = 0;
        foreach (Step step in steps)
        {
            if (restarts && step.Action < 5 && passed > 0)
            {
                host.Clock.Advance(Window * 0.4);
                string file = host.Leave(estimator);
                host.Clock.Advance(Window * 0.3);
                estimator = host.TakeUp(file, options);
                Assert.Equal(AgesOutcome.Continued, estimator.AgesTaken!.Value.Outcome);
                Assert.Equal(0, estimator.AgesTaken.Value.LeftOutBytes);
                passes = new Passes(estimator);
                model.TakeUp();
                Compare(host, model, passes, Window * 0.3);
            }
            else if (step.Action < 12 || host.Processes.Count == 0)
            {
                passed++;
                Compare(host, model, passes);
            }
            else
            {
                Apply(step, host, model, zero, hugeZero);
            }
        }

        Compare(host, model, passes);
        estimator.Dispose();
    }

    private static void Apply(Step step, FakeHost host, IdleModel model, FakeFolio zero, FakeFolio hugeZero)
    {
        if (step.Action < 15)
        {
            host.Start();
            return;
        }

        if (step.Action >= 94)
        {
            UseCache(step, host, model);
            return;
        }

        FakeProcess process = host.Processes[step.Who % host.Processes.Count];
        FolioKind kind = (FolioKind)(step.What % 6);
        if (step.Action < 18)
        {
            host.Exit(process);
            host.FreeUnmapped();
        }
        else if (step.Action < 29 || process.Areas.Count == 0)
        {
            process.Map(1 + (step.HowMany % 700), kind == FolioKind.Zero ? FolioKind.Anon : kind, inode: 1 + (step.What % 7));
        }
        else if (step.Action < 38)
        {
            FakeArea area = process.Areas[step.Where % process.Areas.Count];
            Reshape(step, process, area);
            host.FreeUnmapped();
        }
        else
        {
            FakeArea area = process.Areas[step.Where % process.Areas.Count];
            if (step.Action < 67)
            {
                Fill(step, host, area, zero, hugeZero);
            }
            else if (step.Action < 86)
            {
                Touch(step, model, area);
            }
            else
            {
                Drop(step, area);
                host.FreeUnmapped();
            }
        }
    }

    private static void Reshape(Step step, FakeProcess process, FakeArea area)
    {
        switch (step.What % 4)
        {
            case 0:
                process.Unmap(area);
                break;
            case 1:
                process.Move(area, grownBy: 0);
                break;
            case 2:
                process.Move(area, grownBy: 1 + (step.HowMany % 50));
                break;
            default:
                FakeProcess.Grow(area, step.HowMany % 200);
                break;
        }
    }

    /// <summary>Pages come in: of a new folio, whole or in part, or of one that others map already.</summary>
    private static void Fill(Step step, FakeHost host, FakeArea area, FakeFolio zero, FakeFolio hugeZero)
    {
        FakeFolio folio;
        FakeFolio[] others = [.. host.Folios.Where(other => other.Kind == area.Kind)];
        if (area.Kind == FolioKind.Anon && step.What % 8 == 0)
        {
            folio = step.HowMany % 2 == 0 ? zero : hugeZero;
        }
        else if (others.Length > 0 && step.What % 3 == 0)
        {
            folio = others[step.HowMany % others.Length];
        }
        else
        {
            folio = host.Allocate(area.Kind, step.HowMany % 10, near: new ulong[] { 4000, 4300, 33_000, 70_000 }[step.Who % 4]);
            folio.Group = Groups[step.Who % Groups.Length];
        }

        int at = step.Where * 37 % area.Pages.Count;
        int from = step.What % 5 < 2 ? step.Who % folio.Pages : 0;
        int stride = step.What % 7 == 0 ? 1 + (step.HowMany % 40) : 1;
        for (int index = from; index < folio.Pages && at < area.Pages.Count; index += stride, at++)
        {
            FakeProcess.Set(area, at, new FakePage(folio, index));
        }

        if (step.What % 19 == 0 && area.Kind != FolioKind.Hugetlb)
        {
            FakeProcess.Set(area, area.Pages.Count - 1, new FakePage(null, 0, WildFrame: (1UL << 41) + 7));
        }

        host.FreeUnmapped();
    }

    /// <summary>A file is read or given back, of which no process need map anything; or a group comes or goes.</summary>
    private static void UseCache(Step step, FakeHost host, IdleModel model)
    {
        FakeFolio[] kept = [.. host.Folios.Where(static folio => folio.IsKept)];
        switch (step.What % 8)
        {
            case < 3:
                string? group = Groups[step.Who % Groups.Length];
                for (int i = 0; i <= step.HowMany % 20; i++)
                {
                    host.Cache(group, step.What % 2 == 0 ? FolioKind.File : FolioKind.Shmem, step.HowMany % 10, near: new ulong[] { 4100, 33_000 }[step.Where % 2]);
                }

                break;
            case < 6:
                foreach (FakeFolio folio in kept.Skip(step.Where % (kept.Length + 1)).Take(step.HowMany % 20))
                {
                    FakeHost.Touch(folio);
                    model.Touch(folio);
                }

                break;
            case 6:
                foreach (FakeFolio folio in kept.Skip(step.Where % (kept.Length + 1)).Take(step.HowMany % 20))
                {
                    folio.IsKept = false;
                }

                host.FreeUnmapped();
                break;
            default:
                // Groups[^1] is the one in which there are no others.
                if (Directory.Exists(Path.Join(host.GroupRoot, Groups[^1])))
                {
                    host.RemoveGroup(Groups[^1]!);
                }

                host.AddGroup(Groups[^1]!);
                break;
        }
    }

    private static void Touch(Step step, IdleModel model, FakeArea area)
    {
        int at = step.What * 13 % area.Pages.Count;
        for (int i = 0; i < step.HowMany % 100 && at < area.Pages.Count; i++, at++)
        {
            if (area.Pages[at].Folio is { } folio)
            {
                FakeHost.Touch(folio);
                model.Touch(folio);
            }
        }
    }

    private static void Drop(Step step, FakeArea area)
    {
        int at = step.What * 13 % area.Pages.Count;
        for (int i = 0; i < step.HowMany % 300 && at < area.Pages.Count; i++, at++)
        {
            FakeProcess.Set(area, at, step.What % 2 == 0 ? default : new FakePage(null, 0, IsSwapped: true));
        }
    }

    private static void Compare(FakeHost host, IdleModel model, Passes passes, TimeSpan? rest = null)
    {
        host.Clock.Advance(rest ?? Window);
        host.Write();
        var (processes, groups, containers) = model.Pass();
        passes.Run([.. host.Processes.Select(static process => process.Tracked)]);
        Assert.Empty(passes.AllSkipped);
        foreach ((FakeProcess process, Expected? expected) in processes)
        {
            Assert.Equal(expected is not null, passes.AllCompleted.TryGetValue(process.Tracked, out WorkingSetSample sample));
            if (expected is not null)
            {
                Assert.Equal(expected.KnownBands, sample.KnownAges);
                Assert.Equal(expected.Describe(sample.KnownAges), Expected.Describe(sample, sample.KnownAges));
                Assert.Equal(Window, sample.Window);
                Assert.Equal(expected.Reaccesses!.Describe(), ReaccessModel.Describe(passes.Reaccessed[process.Tracked]));
            }
        }

        Assert.Equal(groups.Keys.Order(), passes.Groups.Keys.Order());
        foreach ((string group, Expected expected) in groups)
        {
            WorkingSetSample sample = passes.Groups[group];
            int bands = Math.Min(expected.KnownBands, sample.KnownAges);
            Assert.Equal(expected.Describe(bands), Expected.Describe(sample, bands));
            Assert.Equal(expected.Reaccesses!.Describe(), ReaccessModel.Describe(passes.GroupsReaccessed[group]));
        }

        Assert.Equal(containers.Keys.Order(), passes.Containers.Keys.Order());
        foreach ((string container, string expected) in containers)
        {
            Assert.Equal(expected, Expected.Describe(passes.Containers[container]));
        }
    }
}
