using MemSnoop.Exporter.Tests.Prometheus;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>Who has series where there may be so many.</summary>
public sealed class SeriesBudgetTests : IDisposable
{
    private readonly LogLines _log = new();
    private readonly List<Fake> _instruments = [];

    [Fact]
    public void Processes_have_what_the_host_leaves()
    {
        SeriesBudget budget = Make(100, perProcess: 10);
        Host(budget, 25);
        budget.Learn();

        budget.Begin(processes: 20);

        Assert.Equal((7, 13), (budget.Processes, budget.LeftOut(SeriesSubject.Process)));
        budget.Begin(processes: 3);
        Assert.Equal((3, 0), (budget.Processes, budget.LeftOut(SeriesSubject.Process)));
    }

    [Theory]
    [InlineData(1000, 10, 10, 10, 10)]
    [InlineData(250, 10, 10, 10, 3)]
    [InlineData(220, 10, 10, 10, 0)]
    [InlineData(200, 10, 10, 7, 0)]
    [InlineData(100, 10, 4, 0, 0)]
    [InlineData(60, 8, 0, 0, 0)]
    [InlineData(20, 0, 0, 0, 0)]
    public void Processes_go_first_then_control_groups_then_groups_then_containers(int limit, int containers, int groups, int cgroups, int processes)
    {
        SeriesBudget budget = Make(limit, perProcess: 10);
        Host(budget, 20);
        Fake[] kinds = [Of(budget, SeriesSubject.Container), Of(budget, SeriesSubject.Group), Of(budget, SeriesSubject.Cgroup)];
        foreach ((Fake kind, int series) in kinds.Zip([5, 7, 8]))
        {
            for (int i = 0; i < 10; i++)
            {
                kind.Subjects[$"{i}"] = series;
            }
        }

        budget.Learn();
        budget.Begin(processes: 10);

        Assert.Equal([containers, groups, cgroups], kinds.Select(static kind => kind.Run().Count));
        Assert.Equal(processes, budget.Processes);
        Assert.Equal(
            (10 - containers, 10 - groups, 10 - cgroups, 10 - processes),
            (budget.LeftOut(SeriesSubject.Container), budget.LeftOut(SeriesSubject.Group), budget.LeftOut(SeriesSubject.Cgroup), budget.LeftOut(SeriesSubject.Process)));
    }

    [Fact]
    public void Who_has_series_keeps_them_and_who_comes_waits_for_one_collection()
    {
        SeriesBudget budget = Make(20, perProcess: 5);
        Fake containers = Of(budget, SeriesSubject.Container);
        (containers.Subjects["c"], containers.Subjects["b"]) = (5, 5);
        budget.Begin(2);
        Assert.Empty(containers.Run());
        budget.Begin(2);
        Assert.Equal(["b", "c"], containers.Run().Keys.Order());
        Assert.Equal(2, budget.Processes);

        containers.Subjects["a"] = 5;
        Assert.Equal(["b", "c"], containers.Run().Keys.Order());
        budget.Begin(2);
        Assert.Equal(["a", "b", "c"], containers.Run().Keys.Order());
        Assert.Equal(1, budget.Processes);

        // Room for four: the fifth and sixth wait until others have left for good.
        (containers.Subjects["d"], containers.Subjects["0"], containers.Subjects["1"]) = (5, 5, 5);
        Go(2);
        Assert.Equal(["0", "a", "b", "c"], containers.Run().Keys.Order());
        containers.Subjects.Remove("b");
        Go(11);
        Assert.Equal(["0", "1", "a", "c"], containers.Run().Keys.Order());

        void Go(int collections)
        {
            for (int i = 0; i < collections; i++)
            {
                budget.Begin(2);
                containers.Run();
            }
        }
    }

    [Fact]
    public void A_container_that_has_more_series_waits_with_them_until_others_have_made_room()
    {
        SeriesBudget budget = Make(10, perProcess: 5);
        Fake containers = Of(budget, SeriesSubject.Container);
        containers.Subjects["a"] = 5;
        budget.Learn();
        budget.Begin(1);
        containers.Subjects["a"] = 6;
        Assert.Equal((5, 1), (containers.Run()["a"], budget.Processes));
        budget.Begin(1);
        Assert.Equal((6, 0), (containers.Run()["a"], budget.Processes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void There_are_never_more_than_the_limit_whatever_comes_and_goes(int seed)
    {
        Random random = new(seed);
        const int Limit = 500;
        const int PerProcess = 12;
        SeriesBudget budget = Make(Limit, PerProcess);
        Fake host = Host(budget, 30);
        Fake[] others = [Of(budget, SeriesSubject.Container), Of(budget, SeriesSubject.Container), Of(budget, SeriesSubject.Group), Of(budget, SeriesSubject.Cgroup)];
        budget.Learn();
        for (int collection = 0; collection < 1000; collection++)
        {
            foreach (Fake kind in others)
            {
                if (random.Next(3) == 0)
                {
                    kind.Subjects[$"{random.Next(40)}"] = random.Next(1, 9);
                }
                else if (kind.Subjects.Count > 0 && random.Next(4) == 0)
                {
                    kind.Subjects.Remove(kind.Subjects.Keys.ElementAt(random.Next(kind.Subjects.Count)));
                }
            }

            host.Subjects[""] = 30 + (collection / 100);
            budget.Begin(random.Next(60));

            // As two wires do, within one collection.
            int[] series = [.. Enumerable.Range(0, 2).Select(_ => host.Run().Values.Sum() + others.Sum(static kind => kind.Run().Values.Sum()))];
            Assert.Equal(series[0], series[1]);
            Assert.InRange(series[0] + (budget.Processes * PerProcess), 0, Limit);
        }
    }

    [Fact]
    public void A_change_is_one_line_and_a_better_time_must_last()
    {
        SeriesBudget budget = Make(100, perProcess: 10);
        Host(budget, 50);
        budget.Learn();
        Begin(5, 4);
        Assert.Empty(_log.All);
        Begin(8, 3);
        Begin(9, 3);
        Assert.Equal(["--max-series 100 is not enough: 3 of 8 have no series, counted by process"], _log.All);

        // About enough, now and then: nothing new.
        for (int i = 0; i < 20; i++)
        {
            Begin(5 + (i % 2), 1);
        }

        Assert.Single(_log.All);
        Begin(5, 10);
        Begin(6, 1);
        Assert.Equal(2, _log.All.Count);

        void Begin(int processes, int times)
        {
            for (int i = 0; i < times; i++)
            {
                budget.Begin(processes);
            }
        }
    }

    [Fact]
    public void A_limit_below_what_is_never_left_out_is_told()
    {
        SeriesBudget budget = Make(10, perProcess: 10);
        Fake host = Host(budget, 50);
        budget.Learn();
        budget.Begin(5);
        Assert.Equal((50, 0), (host.Run().Values.Sum(), budget.Processes));
        Assert.Equal(["--max-series 10 is less than the 50 series of the host and the measuring, which are never left out"], _log.All);
    }

    [Fact]
    public void Nothing_is_allocated_when_all_are_known()
    {
        SeriesBudget budget = Make(1000, perProcess: 10);
        Fake containers = Of(budget, SeriesSubject.Container);
        for (int i = 0; i < 50; i++)
        {
            containers.Subjects[$"{i}"] = 10;
        }

        budget.Learn();
        string[] names = [.. containers.Subjects.Keys];
        Go();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Go();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Go()
        {
            for (int i = 0; i < 100; i++)
            {
                budget.Begin(100);
                foreach (string name in names)
                {
                    budget.IsAdmitted(SeriesSubject.Container, name);
                }
            }
        }
    }

    private SeriesBudget Make(int limit, int perProcess)
    {
        SeriesBudget budget = new(limit, _log);
        budget.AddPerProcess(perProcess);
        return budget;
    }

    private Fake Host(SeriesBudget budget, int series)
    {
        Fake host = Of(budget, SeriesSubject.Host);
        host.Subjects[""] = series;
        return host;
    }

    private Fake Of(SeriesBudget budget, SeriesSubject subject)
    {
        Fake fake = new(budget, subject);
        _instruments.Add(fake);
        budget.Add(fake);
        return fake;
    }

    public void Dispose() => _log.Dispose();

    /// <summary>An instrument with so many series of each subject.</summary>
    private sealed class Fake(SeriesBudget budget, SeriesSubject subject) : BudgetedInstrument(budget, subject)
    {
        public SortedDictionary<string, int> Subjects { get; } = new(StringComparer.Ordinal);

        /// <summary>What it publishes in a collection.</summary>
        public Dictionary<string, int> Run()
        {
            Dictionary<string, int> shown = [];
            foreach ((string name, int series) in Subjects)
            {
                for (int i = 1; i <= series; i++)
                {
                    if (Count(i) & (Subject == SeriesSubject.Host || Budget.IsAdmitted(Subject, name)))
                    {
                        shown[name] = shown.GetValueOrDefault(name) + 1;
                    }
                }
            }

            return shown;
        }

        internal override void Learn() => Run();
    }
}
