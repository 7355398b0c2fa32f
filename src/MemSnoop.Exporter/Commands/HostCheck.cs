using System.Globalization;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Hosting;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Exporter.Web;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Descriptors;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.Exporter.Commands;

/// <summary>Tries everything that the exporter depends on, once, with real processes.</summary>
internal sealed class HostCheck
{
    private readonly List<HostFinding> _findings = [];
    private readonly MeasuredHost _host;

    /// <exception cref="UsageException">The options name something that does not exist.</exception>
    internal HostCheck(MeasuredHost host, ExporterOptions options)
    {
        _host = host;
        System = $"{Environment.OSVersion.VersionString.Replace("Unix", "Linux", StringComparison.Ordinal)}, {host.Paths.ProcRoot} and {host.Paths.SysRoot}";
        _findings.AddRange(host.Options.Deprecated.Select(static use => new HostFinding(
            HostFinding.Limited, "configuration", "deprecated", $"{use.Source}: version {use.Until} does not know this name any more", use.Advice)));
        CheckNamespace();
        CheckUser();
        CheckSelection();
        CheckMeasurements();
        CheckSettings();
        CheckHandles(options.Web);
        CheckSandbox(options);
        if (options.Web.ConfigFile is not null)
        {
            using WebAccess access = WebAccess.Load(options.Web, TimeProvider.System);
            Ok("web access", access.Describe());
        }
    }

    /// <summary>The kernel and the roots that were looked at.</summary>
    internal string System { get; }

    /// <summary>The method by which <c>serve</c> would take accessed bits, or null.</summary>
    internal string? Method => _findings.Select(static finding => finding.MethodInUse).FirstOrDefault(static method => method is not null);

    internal bool CanMeasureWorkingSets => Method is not null;

    internal IReadOnlyList<HostFinding> Findings => _findings;

    /// <summary>Only what limits is told: on a host there is nothing to know.</summary>
    private void CheckNamespace()
    {
        if (PidNamespace.IsContainers(_host.Paths))
        {
            _findings.Add(new HostFinding(
                HostFinding.Limited, "processes", "pid_namespace", "the processes of the host cannot be seen, only those of this container",
                "run the container with --pid=host; in Kubernetes with hostPID: true"));
        }
    }

    private void CheckUser()
    {
        Capabilities own = Capabilities.OfThisProcess();
        if (own.HasSystemAdmin && own.HasPtrace)
        {
            Ok("permissions", "can read every process (CAP_SYS_ADMIN, CAP_SYS_PTRACE)");
            return;
        }

        string missing = string.Join(" and ", new[] { own.HasSystemAdmin ? "" : "CAP_SYS_ADMIN", own.HasPtrace ? "" : "CAP_SYS_PTRACE" }.Where(static name => name.Length > 0));
        _findings.Add(new HostFinding(
            HostFinding.Limited, "permissions", "no_capability",
            $"without {missing}: IO and working sets of other users' processes cannot be read",
            "run as root; in Kubernetes as a privileged container"));
    }

    /// <summary>Only what matches nothing is told. Names of containers are left out: it takes time to ask for them.</summary>
    private void CheckSelection()
    {
        ProcessesOptions options = _host.Options.Processes;
        if (!options.HasSelection || options.SelectsContainers)
        {
            return;
        }

        using ProcessTable table = new(_host.Paths, Selections.From(options, _host.Paths, naming: null), _host.Budget, TimeProvider.System);
        table.Refresh();
        if (table.Watched.Count == 0 && table.Dropped.Count == 0)
        {
            _findings.Add(new HostFinding(
                HostFinding.Limited, "selection", "no_process", "no process matches the selection of the configuration now", "check it; processes that start later are found"));
        }
    }

    /// <summary>Windows first: without them the program has no purpose.</summary>
    private void CheckMeasurements()
    {
        using CheckContext context = new(_host);
        foreach (PublishedMeasurementDescriptor descriptor in MeasurementCatalogue.Published.OrderByDescending(static descriptor => descriptor.IsWindow))
        {
            _findings.AddRange(descriptor.Check(context));
        }
    }

    private void CheckSettings()
    {
        if (TransparentHugePages.TryReadMode(_host.Paths, out string mode) == ReadOutcome.Success)
        {
            Ok("huge pages", mode switch
            {
                "always" => "transparent huge pages: always; one access makes the 2 MB of a huge page count as used, which is also the memory it takes",
                "madvise" => "transparent huge pages: madvise; one access makes 2 MB count as used where programs ask for huge pages, and 4 kB elsewhere",
                _ => $"transparent huge pages: {mode}; each page of 4 kB counts on its own",
            });
        }
        else
        {
            Ok("huge pages", "this kernel has no transparent huge pages");
        }
    }

    private void CheckHandles(WebOptions web)
    {
        int processes = DescriptorPlan.LeftForProcesses(_host.Budget, web) / TrackedProcess.MostHandles;
        string detail = string.Create(CultureInfo.InvariantCulture, $"file handles of {processes} processes can be kept open");
        if (processes >= _host.Options.Processes.MaxProcesses)
        {
            Ok("open files", detail);
        }
        else
        {
            _findings.Add(new HostFinding(
                HostFinding.Limited, "open files", "few_handles", $"{detail}; files of other processes are opened for each reading, at about seven times the cost",
                $"raise the limit of open files to {(_host.Options.Processes.MaxProcesses * TrackedProcess.MostHandles) + 1024} (ulimit -n, LimitNOFILE=)"));
        }
    }

    private void CheckSandbox(ExporterOptions options)
    {
        const string Topic = "sandbox";
        if (!options.Sandbox.Enabled)
        {
            _findings.Add(new HostFinding(HostFinding.Limited, Topic, "off", "serve keeps all rights of its caller, and may make any system call", "leave out --no-sandbox"));
            return;
        }

        Confinement planned = Walls.Plan(NeededRights.Of(_host, options, options.Files, hasCommand: false));
        if (planned.Problems.Count == 0)
        {
            Ok(Topic, $"serve {planned.Describe()}");
        }
        else
        {
            _findings.Add(new HostFinding(
                HostFinding.Limited, Topic, "no_filter", $"serve {planned.Describe()}: {string.Join("; ", planned.Problems)}",
                "use a kernel with CONFIG_SECCOMP_FILTER, and let the container's own seccomp profile allow seccomp(2)"));
        }
    }

    private void Ok(string topic, string detail) => _findings.Add(HostFinding.Fine(topic, detail));
}
