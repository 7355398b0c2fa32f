using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Descriptors;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Exporter.Sandbox;

/// <summary>A capability, and what needs it: a measurement, an option, or a file.</summary>
internal readonly record struct NeededRight(Capability Capability, string For);

/// <summary>
/// The capabilities that a configuration needs. Those of measurements are in their descriptors (<see cref="KernelSource.Capabilities"/>); here are those of the program
/// around them.
/// </summary>
internal sealed class NeededRights
{
    private const int DefaultUnprivilegedPort = 1024;

    // Who has the second may do all that the first allows, and more (capabilities(7)).
    private static readonly (Capability Needed, Capability Instead)[] Stronger =
        [(Capability.DacReadSearch, Capability.DacOverride), (Capability.PerfMon, Capability.SysAdmin)];

    private readonly List<NeededRight> _rights = [];
    private readonly HashSet<string> _calls = [];

    private NeededRights()
    {
    }

    /// <summary>The capabilities, each with what needs it.</summary>
    internal IReadOnlyList<NeededRight> All => _rights;

    /// <summary>The system calls that measurements name.</summary>
    internal IReadOnlySet<string> Calls => _calls;

    /// <summary>The capabilities as a set.</summary>
    internal Capabilities Set => new(_rights.Aggregate(0UL, static (mask, right) => mask | Bit(right.Capability)));

    /// <summary>What a configuration needs.</summary>
    /// <param name="host">The host that is measured.</param>
    /// <param name="options">The configuration.</param>
    /// <param name="files">The files that it names.</param>
    /// <param name="hasCommand">Whether a command is run and ended.</param>
    internal static NeededRights Of(MeasuredHost host, ExporterOptions options, IEnumerable<string> files, bool hasCommand)
    {
        NeededRights needed = new();
        foreach (PublishedMeasurementDescriptor measurement in MeasurementCatalogue.Published.Where(measurement => measurement.IsEnabled(options)))
        {
            foreach (KernelSource source in measurement.SourcesFor(host).Where(source => source.IsGuarded(host.Paths)))
            {
                needed._rights.AddRange(source.Capabilities.Select(capability => new NeededRight(capability, measurement.Name)));
                if (source.Access == KernelAccess.Call)
                {
                    needed._calls.Add(source.Name);
                }
            }
        }

        if (HiddenProcesses.AreIn(host.Paths))
        {
            needed._rights.Add(new NeededRight(Capability.SysPtrace, "hidepid"));
        }

        int unprivileged = UnprivilegedPort(host.Paths);
        if (options.Web.Listen.Any(address => address.Port > 0 && address.Port < unprivileged))
        {
            needed._rights.Add(new NeededRight(Capability.NetBindService, WebSettings.Listen.Options[0]));
        }

        if (hasCommand)
        {
            // It may become another user.
            needed._rights.Add(new NeededRight(Capability.Kill, "--"));
        }

        needed.AddFiles(files);
        return needed;
    }

    /// <summary>What is kept of the capabilities that there are: those that are needed, or the stronger ones that are there in their place.</summary>
    internal Capabilities Of(Capabilities permitted)
    {
        ulong kept = Set.Mask;
        foreach ((Capability needed, Capability instead) in Stronger)
        {
            if ((kept & Bit(needed)) != 0 && (permitted.Mask & Bit(needed)) == 0)
            {
                kept |= Bit(instead);
            }
        }

        return new Capabilities(kept & permitted.Mask);
    }

    /// <summary>The first that was given up at the start and would be needed now; null if there is none, and what was never there does not count.</summary>
    /// <param name="before">What there was at the start.</param>
    /// <param name="kept">What was kept.</param>
    internal NeededRight? FirstGivenUp(Capabilities before, Capabilities kept)
    {
        ulong missing = Of(before).Mask & ~kept.Mask;
        foreach (NeededRight right in _rights)
        {
            ulong bits = Bit(right.Capability) | Stronger.Where(pair => pair.Needed == right.Capability).Aggregate(0UL, static (mask, pair) => mask | Bit(pair.Instead));
            if ((missing & bits) != 0 && (kept.Mask & bits) == 0)
            {
                return right;
            }
        }

        return null;
    }

    private void AddFiles(IEnumerable<string> files)
    {
        // Root without this right is a user like others to files that are not its own.
        Capabilities kept = Of(ThreadRights.Permitted);
        foreach (string file in files)
        {
            if ((kept.Mask & (Bit(Capability.DacReadSearch) | Bit(Capability.DacOverride))) == 0 && ThreadRights.AskWith(kept, () => IsClosed(file)))
            {
                _rights.Add(new NeededRight(Capability.DacReadSearch, file));
                return;
            }
        }
    }

    private static bool IsClosed(string file)
    {
        ReadOutcome outcome = KernelFile.Open(file, out KernelHandle handle);
        handle.Dispose();
        return outcome == ReadOutcome.Denied;
    }

    private static int UnprivilegedPort(KernelPaths paths)
    {
        KernelBuffer buffer = new(16);
        return KernelFile.ReadToEnd(paths.Proc("sys/net/ipv4/ip_unprivileged_port_start"), buffer, out ReadOnlySpan<byte> text) == ReadOutcome.Success
            && System.Buffers.Text.Utf8Parser.TryParse(text, out int port, out _) ? port : DefaultUnprivilegedPort;
    }

    private static ulong Bit(Capability capability) => 1UL << (int)capability;
}
