using System.Globalization;
using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.Measurements;

/// <summary>What control groups of containers say, on hosts of plain files: both versions, kernels that lack files, files that make no sense, groups that vanish.</summary>
public sealed class ContainerCgroupTests : IDisposable
{
    private const string A = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string B = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    private static readonly ulong Page = (ulong)Environment.SystemPageSize;

    private readonly ProcTree _tree = new();

    [Fact]
    public void Version_2_tells_everything()
    {
        AddUnified("docker", A);
        (_, ReadOutcome outcome, ContainerCgroupSample sample) = Assert.Single(Measure());
        Assert.Equal(ReadOutcome.Success, outcome);
        Assert.Equal(
            new ContainerCgroupSample
            {
                UsageBytes = 315621376, LimitBytes = 536870912, HighBytes = 402653184, KernelBytes = 1150976 + 4096, ActiveFileBytes = 83886080, InactiveFileBytes = 62914560,
                ReclaimableSlabBytes = 300000, SwapBytes = 8388608, ZswapBytes = 1048576, RefaultedAnonBytes = 12 * Page, RefaultedFileBytes = 34 * Page,
                Events = new MemoryEvents(1, 2, 3, 4, 5), SomeWaitedSeconds = 1.213034, AllWaitedSeconds = 1.094512,
            },
            sample);
    }

    [Fact]
    public void Version_1_has_no_pressure_and_no_bound_below_the_limit()
    {
        AddVersion1("docker", A);
        using ContainerCgroupMeasurement measurement = Open();
        (_, ReadOutcome outcome, ContainerCgroupSample sample) = Assert.Single(Measure(measurement));
        Assert.Equal(ReadOutcome.Success, outcome);
        Assert.Equal(
            new ContainerCgroupSample
            {
                UsageBytes = 315621376, LimitBytes = 536870912, KernelBytes = 1150976, ActiveFileBytes = 83886080, InactiveFileBytes = 62914560, SwapBytes = 8388608,
                RefaultedAnonBytes = 12 * Page, RefaultedFileBytes = 34 * Page, Events = new MemoryEvents(null, null, 3, null, 5),
            },
            sample);
        Assert.Equal(
            [CgroupPart.High, CgroupPart.Zswap, CgroupPart.Pressure],
            CgroupParts.All.Where(part => measurement.OutcomeOf(part) == ReadOutcome.NotSupported));
        Assert.All(CgroupParts.All, part => Assert.NotNull(measurement.OutcomeOf(part)));
    }

    [Theory]
    [InlineData("9223372036854771712")] // pages of 4 kB
    [InlineData("9223372036854710272")] // of 64 kB
    [InlineData("18446744073709551615")] // before Linux 3.19
    public void Version_1_has_a_number_for_no_limit(string none)
    {
        AddVersion1("docker", A);
        Edit($"memory/docker/{A}/memory.stat", "hierarchical_memory_limit 536870912", $"hierarchical_memory_limit {none}");
        (_, ReadOutcome outcome, ContainerCgroupSample sample) = Assert.Single(Measure());
        Assert.Equal((ReadOutcome.Success, null), (outcome, sample.LimitBytes));
    }

    [Theory]
    [InlineData("max", "max", "max", null)]
    [InlineData("max", "max", "200", 200ul)]
    [InlineData("max", "100", "200", 100ul)]
    [InlineData("100", "max", "200", 100ul)]
    [InlineData("100", "300", "200", 100ul)]
    [InlineData("0", "max", "max", 0ul)]
    [InlineData(null, "300", "200", 200ul)]
    public void The_least_of_the_limits_above_holds(string? top, string middle, string own, ulong? least)
    {
        AddUnified("kubepods/burstable", A);
        foreach (string file in (string[])["memory.max", "memory.high"])
        {
            if (top is not null)
            {
                Write($"kubepods/{file}", top + "\n");
            }

            Write($"kubepods/burstable/{file}", middle + "\n");
            Write($"kubepods/burstable/{A}/{file}", own + "\n");
        }

        (_, ReadOutcome outcome, ContainerCgroupSample sample) = Assert.Single(Measure());
        Assert.Equal((ReadOutcome.Success, least, least), (outcome, sample.LimitBytes, sample.HighBytes));
    }

    /// <summary>It may be lower than the container's own.</summary>
    [Fact]
    public void A_limit_above_that_makes_no_sense_leaves_the_limit_unknown()
    {
        AddUnified("docker", A);
        Write("docker/memory.max", "a lot\n");
        (_, ReadOutcome outcome, ContainerCgroupSample sample) = Assert.Single(Measure());
        Assert.Equal((ReadOutcome.Malformed, null, 402653184ul, 315621376ul), (outcome, sample.LimitBytes, sample.HighBytes, sample.UsageBytes));
    }

    [Fact]
    public void Limits_above_are_read_anew_in_each_round()
    {
        AddUnified("docker", A);
        AddUnified("docker", B);
        using ContainerCgroupMeasurement measurement = Open();
        Assert.All(Measure(measurement), static container => Assert.Equal(536870912ul, container.Sample.LimitBytes));
        Write("docker/memory.max", "4096\n");
        Assert.All(Measure(measurement), static container => Assert.Equal(4096ul, container.Sample.LimitBytes));
        Write("docker/memory.max", "max\n");
        Assert.All(Measure(measurement), static container => Assert.Equal(536870912ul, container.Sample.LimitBytes));
    }

    [Theory]
    [InlineData("memory.max", CgroupPart.Limit)]
    [InlineData("memory.high", CgroupPart.High)]
    [InlineData("memory.swap.current", CgroupPart.Swap)]
    [InlineData("memory.events", CgroupPart.Events)]
    [InlineData("memory.pressure", CgroupPart.Pressure)]
    [InlineData("memory.stat", CgroupPart.Kernel, CgroupPart.Reclaimable, CgroupPart.Zswap, CgroupPart.Refaults)]
    internal void A_file_that_this_kernel_does_not_have_leaves_the_others_as_they_are(string file, params CgroupPart[] missing)
    {
        AddUnified("docker", A);
        ContainerCgroupSample whole = Assert.Single(Measure()).Sample;
        File.Delete(_tree[$"sys/fs/cgroup/docker/{A}/{file}"]);
        using ContainerCgroupMeasurement measurement = Open();
        (_, ReadOutcome outcome, ContainerCgroupSample sample) = Assert.Single(Measure(measurement));
        Assert.Equal(ReadOutcome.Success, outcome);
        Assert.Equal(missing.Order(), CgroupParts.All.Where(part => measurement.OutcomeOf(part) == ReadOutcome.NotSupported).Order());
        Assert.Equal(Without(whole, missing), sample);
    }

    [Theory]
    [InlineData("memory.current", CgroupPart.Usage)]
    [InlineData("memory.max", CgroupPart.Limit)]
    [InlineData("memory.high", CgroupPart.High)]
    [InlineData("memory.swap.current", CgroupPart.Swap)]
    [InlineData("memory.events", CgroupPart.Events)]
    [InlineData("memory.pressure", CgroupPart.Pressure)]
    [InlineData("memory.stat", CgroupPart.Kernel, CgroupPart.Reclaimable, CgroupPart.Zswap, CgroupPart.Refaults)]
    internal void A_file_that_makes_no_sense_leaves_the_others_as_they_are(string file, params CgroupPart[] missing)
    {
        AddUnified("docker", A);
        ContainerCgroupSample whole = Assert.Single(Measure()).Sample;
        foreach (string nonsense in (string[])["", "\0\0", "anon 1\nkernel 99999999999999999999\n", "12"])
        {
            Write($"docker/{A}/{file}", nonsense);
            using ContainerCgroupMeasurement measurement = Open();
            (_, ReadOutcome outcome, ContainerCgroupSample sample) = Assert.Single(Measure(measurement));
            Assert.Equal(ReadOutcome.Malformed, outcome);
            Assert.Equal(missing.Order(), CgroupParts.All.Where(part => measurement.OutcomeOf(part) == ReadOutcome.Malformed).Order());
            Assert.Equal(Without(whole, missing), sample);
        }
    }

    /// <summary>The memory controller is not on there: it is charged to a group above.</summary>
    [Fact]
    public void A_group_without_an_account_of_its_memory_is_told_as_one()
    {
        Write("cgroup.controllers", "memory\n");
        Write("cgroup.procs", "");
        Write($"docker/{A}/memory.pressure", "some total=2000000\nfull total=1000000\n");
        (_, ReadOutcome outcome, ContainerCgroupSample sample) = Assert.Single(Measure());
        Assert.Equal(ReadOutcome.NotSupported, outcome);
        Assert.Equal(new ContainerCgroupSample { SomeWaitedSeconds = 2, AllWaitedSeconds = 1 }, sample);
    }

    [Fact]
    public void One_kernel_can_have_a_part_for_one_container_and_not_for_another() // cgroup.pressure
    {
        AddUnified("docker", A);
        AddUnified("docker", B);
        File.Delete(_tree[$"sys/fs/cgroup/docker/{A}/memory.pressure"]);
        using ContainerCgroupMeasurement measurement = Open();
        Assert.Equal(2, Measure(measurement).Count);
        Assert.Equal(ReadOutcome.Success, measurement.OutcomeOf(CgroupPart.Pressure));
    }

    [Fact]
    public void A_group_that_vanishes_before_it_is_read_has_no_sample()
    {
        AddUnified("docker", A);
        AddUnified("docker", B);
        using ContainerCgroupMeasurement measurement = Open();
        Assert.True(measurement.Begin());
        _tree.Remove($"sys/fs/cgroup/docker/{A}");
        List<(string Container, byte[] Path)> containers = measurement.Containers;
        Assert.Equal(2, containers.Count);
        foreach ((string container, byte[] path) in containers)
        {
            ReadOutcome outcome = measurement.Measure(path, out ContainerCgroupSample sample);
            Assert.Equal(container == A ? ReadOutcome.ProcessGone : ReadOutcome.Success, outcome);
            Assert.Equal(container == A, sample == default);
        }

        Assert.Equal(B, Assert.Single(Measure(measurement)).Container);
    }

    [Fact]
    public void Groups_within_a_container_are_in_its_numbers_and_have_none_of_their_own()
    {
        AddUnified("docker", A);
        AddUnified($"docker/{A}/docker", B);
        Write($"docker/{A}/init/memory.current", "1\n");
        Assert.Equal([A, B], Measure().Select(static container => container.Container));
    }

    [Fact]
    public void Without_a_hierarchy_there_is_nothing_to_begin()
    {
        using ContainerCgroupMeasurement measurement = Open();
        Assert.False(measurement.Begin());
        Assert.Empty(measurement.Containers);
        Assert.All(CgroupParts.All, part => Assert.Null(measurement.OutcomeOf(part)));
    }

    [Fact]
    public void A_round_allocates_nothing_once_its_groups_are_known()
    {
        for (int i = 0; i < 50; i++)
        {
            AddUnified($"kubepods/burstable/pod{i}", i.ToString("x64", CultureInfo.InvariantCulture));
        }

        using ContainerCgroupMeasurement measurement = Open();
        Round();
        Round();
        long least = Enumerable.Range(0, 10).Min(_ =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Round();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.Equal(0, least);

        void Round()
        {
            bool isWhole = measurement.Begin();
            foreach ((_, byte[] path) in measurement.Containers)
            {
                isWhole &= measurement.Measure(path, out _) == ReadOutcome.Success;
            }

            Assert.True(isWhole && measurement.Containers.Count == 50);
        }
    }

    /// <summary>The kernel says ENODEV to who reads a handle of a group that was removed.</summary>
    [Fact]
    public void A_removed_group_is_gone_and_no_error() => Assert.Equal(ReadOutcome.ProcessGone, KernelFile.Classify(Libc.ErrorNoDevice));

    private static ContainerCgroupSample Without(ContainerCgroupSample sample, CgroupPart[] parts)
    {
        foreach (CgroupPart part in parts)
        {
            sample = part switch
            {
                CgroupPart.Usage => sample with { UsageBytes = null },
                CgroupPart.Limit => sample with { LimitBytes = null },
                CgroupPart.High => sample with { HighBytes = null },
                CgroupPart.Kernel => sample with { KernelBytes = null },
                CgroupPart.Reclaimable => sample with { ActiveFileBytes = null, InactiveFileBytes = null, ReclaimableSlabBytes = null },
                CgroupPart.Swap => sample with { SwapBytes = null },
                CgroupPart.Zswap => sample with { ZswapBytes = null },
                CgroupPart.Refaults => sample with { RefaultedAnonBytes = null, RefaultedFileBytes = null },
                CgroupPart.Events => sample with { Events = default },
                _ => sample with { SomeWaitedSeconds = null, AllWaitedSeconds = null },
            };
        }

        return sample;
    }

    private void AddUnified(string parent, string id)
    {
        Write("cgroup.controllers", "cpu memory\n");
        Write("cgroup.procs", "");
        string group = $"{parent}/{id}";
        Write($"{group}/memory.current", "315621376\n");
        Write($"{group}/memory.max", "536870912\n");
        Write($"{group}/memory.high", "402653184\n");
        Write($"{group}/memory.swap.current", "8388608\n");
        Write($"{group}/memory.events", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 0\n");
        Write($"{group}/memory.pressure", "some avg10=0.00 avg60=0.12 avg300=0.05 total=1213034\nfull avg10=0.00 avg60=0.10 avg300=0.04 total=1094512\n");
        Write(
            $"{group}/memory.stat",
            "anon 115343360\nfile 199229440\nkernel 1150976\nsock 4096\nzswap 1048576\nzswapped 4194304\ninactive_file 62914560\nactive_file 83886080\n"
            + "slab_reclaimable 300000\nworkingset_refault_anon 12\nworkingset_refault_file 34\npgscan 0\n");
    }

    private void AddVersion1(string parent, string id)
    {
        Write("memory/cgroup.procs", "");
        string group = $"memory/{parent}/{id}";
        Write($"{group}/memory.usage_in_bytes", "315621376\n");
        Write($"{group}/memory.kmem.usage_in_bytes", "1150976\n");
        Write($"{group}/memory.failcnt", "3\n");
        Write($"{group}/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n");
        Write(
            $"{group}/memory.stat",
            "cache 1\nrss 1\nswap 1\ninactive_file 1\nactive_file 1\nhierarchical_memory_limit 536870912\nhierarchical_memsw_limit 9223372036854771712\ntotal_cache 146800640\n"
            + "total_workingset_refault_anon 12\ntotal_workingset_refault_file 34\ntotal_swap 8388608\ntotal_inactive_file 62914560\ntotal_active_file 83886080\n");
    }

    private void Write(string relative, string text) => _tree.Write($"sys/fs/cgroup/{relative}", text);

    private void Edit(string relative, string from, string to) => Write(relative, File.ReadAllText(_tree[$"sys/fs/cgroup/{relative}"]).Replace(from, to, StringComparison.Ordinal));

    private ContainerCgroupMeasurement Open() => new(_tree.Paths, static path => ContainerIdentity.OfPath(path).Id is { Length: > 0 } id ? id : null);

    private List<(string Container, ReadOutcome Outcome, ContainerCgroupSample Sample)> Measure()
    {
        using ContainerCgroupMeasurement measurement = Open();
        return Measure(measurement);
    }

    private static List<(string Container, ReadOutcome Outcome, ContainerCgroupSample Sample)> Measure(ContainerCgroupMeasurement measurement)
    {
        Assert.True(measurement.Begin());
        List<(string, ReadOutcome, ContainerCgroupSample)> all = [];
        foreach ((string container, byte[] path) in measurement.Containers)
        {
            ReadOutcome outcome = measurement.Measure(path, out ContainerCgroupSample sample);
            all.Add((container, outcome, sample));
        }

        return all;
    }

    public void Dispose() => _tree.Dispose();
}
