using MemSnoop.Metrics.Configuration;
using System.Globalization;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Commands;

/// <summary>Tries everything the exporter depends on, once, on real processes.</summary>
internal sealed class HostCheck
{
    private readonly List<HostFinding> _findings = [];
    private readonly ExporterOptions _options;
    private readonly KernelPaths _paths;

    internal HostCheck(ExporterOptions options)
    {
        _options = options;
        _paths = new KernelPaths(options.Kernel.ProcFs, options.Kernel.SysFs);
        System = $"{Environment.OSVersion.VersionString.Replace("Unix", "Linux", StringComparison.Ordinal)}, {_paths.ProcRoot} and {_paths.SysRoot}";
        CheckUser();
        CheckWorkingSets();
        CheckMeasurements();
        _findings.AddRange(CounterCheck.Find(options, _paths));
        CheckSettings();
        CheckHandles();
    }

    /// <summary>The kernel and the roots that were looked at.</summary>
    internal string System { get; }

    /// <summary>The method that <c>serve</c> would use, or null.</summary>
    internal string? Method { get; private set; }

    internal bool CanMeasureWorkingSets => Method is not null;

    internal IReadOnlyList<HostFinding> Findings => _findings;

    private void CheckUser()
    {
        Capabilities own = Capabilities.OfThisProcess();
        if (own.HasSystemAdmin && own.HasPtrace)
        {
            Ok("permissions", "may read every process (CAP_SYS_ADMIN, CAP_SYS_PTRACE)");
            return;
        }

        string missing = string.Join(" and ", new[] { own.HasSystemAdmin ? "" : "CAP_SYS_ADMIN", own.HasPtrace ? "" : "CAP_SYS_PTRACE" }.Where(static name => name.Length > 0));
        _findings.Add(new HostFinding(
            HostFinding.Limited, "permissions", "no_capability",
            $"without {missing}: IO and working sets of other users' processes cannot be read",
            "run as root; in Kubernetes as a privileged container"));
    }

    private void CheckWorkingSets()
    {
        IReadOnlyList<ProbeResult> support = WorkingSetMethods.Probe(_paths);
        Method = WorkingSetMethods.Choose(WorkingSetChoice.NameOf(_options.WorkingSet.Method), support);
        foreach (ProbeResult method in support)
        {
            string use = method.Method == Method ? " (the method in use)" : "";
            _findings.Add(new HostFinding(
                method.IsSupported ? HostFinding.Ok : HostFinding.Missing,
                $"working-set by {method.Method}",
                method.Reason,
                method.Explanation + use,
                method.Advice));
        }

        if (Method is null)
        {
            _findings.Add(new HostFinding(HostFinding.Missing, "working-set", "no_method", "no method works here: there will be no working sets", "see the lines above"));
        }
    }

    /// <summary>Reads each file of this process, which must work, and of the first process of another user, which may not.</summary>
    private void CheckMeasurements()
    {
        KernelUnits units = KernelUnits.Current;
        SystemClock clock = new(_paths);
        using ProbePair probes = new(_paths);
        Try(probes, new StatMeasurement(clock, units));
        Try(probes, new StatmMeasurement(units));
        Try(probes, new ProcessIoMeasurement());
        Try(probes, new SchedulingMeasurement(_paths, units));
        Try(probes, new OpenFilesMeasurement());
        Try(probes, new SmapsMeasurement());

        List<DiskSample> disks = [];
        ReadOutcome outcome = new DiskIoMeasurement(_paths, device => _options.Disks.IsWatched(device)).Measure(disks);
        Report(DiskIoMeasurement.MeasurementName, outcome, ReadOutcome.Success, disks.Count == 0 ? "no block devices" : string.Join(", ", disks.Select(static disk => disk.Device)));
    }

    private void Try<TSample>(ProbePair probes, IMeasurement<TSample> measurement)
        where TSample : struct
    {
        ReadOutcome own = probes.Own is null ? ReadOutcome.ProcessGone : measurement.Measure(probes.Own, out _);
        ReadOutcome foreign = probes.Foreign is null ? own : measurement.Measure(probes.Foreign, out _);
        string off = _options.Readings.IsEnabled(measurement.Name) ? "" : $", off unless --collector.{measurement.Name} is given";
        Report(measurement.Name, own, foreign, "works" + off);
    }

    private void Report(string measurement, ReadOutcome own, ReadOutcome foreign, string works)
    {
        if (own != ReadOutcome.Success)
        {
            _findings.Add(new HostFinding(
                HostFinding.Missing, measurement, own.ToReason(), $"cannot be read ({own.ToReason()})",
                own == ReadOutcome.Denied ? "run as root" : $"mount the host's proc file system at {_paths.ProcRoot}, or name it by --procfs"));
        }
        else if (foreign == ReadOutcome.Denied)
        {
            _findings.Add(new HostFinding(HostFinding.Limited, measurement, "denied", $"{works} for processes of this user only", "run as root"));
        }
        else
        {
            Ok(measurement, works);
        }
    }

    private void CheckSettings()
    {
        if (TransparentHugePages.TryReadMode(_paths, out string mode) == ReadOutcome.Success)
        {
            Ok("huge pages", mode switch
            {
                "always" => "transparent huge pages: always; one access makes the whole 2 MB of a huge page count as used, which is also what it costs",
                "madvise" => "transparent huge pages: madvise; only where programs ask for them does one access make 2 MB count as used, elsewhere 4 kB",
                _ => $"transparent huge pages: {mode}; every page of 4 kB is told apart",
            });
        }
        else
        {
            Ok("huge pages", "this kernel has no transparent huge pages");
        }

        if (Sysctl.AccountsDelays(_paths))
        {
            Ok("block IO delay", "delay accounting is on");
        }
        else
        {
            _findings.Add(new HostFinding(
                HostFinding.Missing, "block IO delay", "task_delayacct_off", "the kernel does not count it: kernel.task_delayacct is 0",
                "sysctl kernel.task_delayacct=1, if the number is worth a little time in every context switch"));
        }

        if (Sysctl.BalancesNuma(_paths))
        {
            _findings.Add(new HostFinding(
                HostFinding.Limited, "NUMA balancing", "numa_balancing_on", "on: the kernel unmaps pages to see who uses them, and its faults look like accesses",
                "sysctl kernel.numa_balancing=0 while exact numbers are wanted"));
        }
    }

    private void CheckHandles()
    {
        int limit = HandleBudget.Shared.Limit;
        int processes = limit / TrackedProcess.MostHandles;
        string detail = string.Create(CultureInfo.InvariantCulture, $"file handles of {processes} processes can be kept open");
        if (processes >= _options.Processes.MaxProcesses)
        {
            Ok("open files", detail);
        }
        else
        {
            _findings.Add(new HostFinding(
                HostFinding.Limited, "open files", "few_handles", $"{detail}; files of further ones are opened for each reading, at about seven times the cost",
                $"raise the limit of open files to {(_options.Processes.MaxProcesses * TrackedProcess.MostHandles) + 1024} (ulimit -n, LimitNOFILE=)"));
        }
    }

    private void Ok(string topic, string detail) => _findings.Add(new HostFinding(HostFinding.Ok, topic, "ok", detail));
}
