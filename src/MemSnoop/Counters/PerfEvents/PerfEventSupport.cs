using System.Globalization;
using System.Text;
using MemSnoop.Kernel;
using static MemSnoop.Counters.PerfEvents.PerfEventNative;

namespace MemSnoop.Counters.PerfEvents;

/// <summary>Finds out what perf_event_open can do on this host, and if nothing, why.</summary>
/// <param name="Support">Whether it works.</param>
/// <param name="Inheritance">What events are to be opened with: threads only since Linux 5.13, before that children too.</param>
internal sealed record PerfEventSupport(ProbeResult Support, AttributeFlags Inheritance)
{
    private const string ParanoidFile = "sys/kernel/perf_event_paranoid";

    private static readonly PerfEvent TaskClock = new(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK);
    private static readonly PerfEvent Instructions = new(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS);

    /// <summary>Tries to open an event, which capabilities, settings, filters and security modules may all refuse.</summary>
    internal static PerfEventSupport Of(KernelPaths paths)
    {
        if (!PidNamespace.IsOwn(paths))
        {
            return No(
                "pid_namespace",
                $"{paths.ProcRoot} shows another pid namespace than this process is in, and pids differ between namespaces",
                "run it in the host's pid namespace (in Kubernetes hostPID: true)");
        }

        AttributeFlags inheritance = AttributeFlags.inherit | AttributeFlags.inherit_thread;
        int error = PerfEventFile.TryOpen(TaskClock, PerfEventFile.ThisThread, inheritance);
        if (error == Libc.ErrorInvalid)
        {
            inheritance = AttributeFlags.inherit;
            error = PerfEventFile.TryOpen(TaskClock, PerfEventFile.ThisThread, inheritance);
        }

        return error switch
        {
            0 => new PerfEventSupport(Explain(inheritance), inheritance),
            Libc.ErrorNoSystemCall when !File.Exists(paths.Proc(ParanoidFile)) =>
                No("no_kernel_option", "this kernel has no perf_event_open", "boot a kernel built with CONFIG_PERF_EVENTS=y"),

            // The kernel itself answers a lack of rights with EACCES.
            Libc.ErrorNotPermitted or Libc.ErrorNoSystemCall when IsFiltered() =>
                No("seccomp", "a seccomp filter forbids perf_event_open, as those of container engines do", "give the container CAP_PERFMON (older engines: CAP_SYS_ADMIN), or a seccomp profile that allows perf_event_open"),
            Libc.ErrorAccess when ParanoidLevel(paths) is > 1 and int level =>
                No("perf_event_paranoid", $"kernel.perf_event_paranoid is {level}, which forbids counting in the kernel without CAP_PERFMON", "give it CAP_PERFMON (before Linux 5.8: CAP_SYS_ADMIN), or set kernel.perf_event_paranoid to 1"),
            Libc.ErrorAccess or Libc.ErrorNotPermitted =>
                No("denied", "a security module forbids perf_event_open", "allow it in the policy (SELinux: class perf_event)"),
            _ => No("failed", string.Create(CultureInfo.InvariantCulture, $"perf_event_open fails with error {error}"), "look the number up in errno(3) and perf_event_open(2)"),
        };
    }

    private static ProbeResult Explain(AttributeFlags inheritance)
    {
        string kinds = PerfEventFile.TryOpen(Instructions, PerfEventFile.ThisThread, inheritance) == 0
            ? "software and hardware events"
            : "software events (no hardware events: the processor shows no counters here, as in most virtual machines)";
        string scope = inheritance.HasFlag(AttributeFlags.inherit_thread) ? "" : "; before Linux 5.13, forked children are counted too";

        // The first process belongs to root, or to whom this container does.
        return PerfEventFile.TryOpen(TaskClock, 1, inheritance) is Libc.ErrorAccess or Libc.ErrorNotPermitted
            ? Answer(true, "ok", $"{kinds} of this user's own processes can be counted{scope}", "to count other users' processes, give it CAP_PERFMON (before Linux 5.8: CAP_SYS_PTRACE)")
            : Answer(true, "ok", $"{kinds} of every process can be counted{scope}");
    }

    private static int? ParanoidLevel(KernelPaths paths) =>
        KernelFile.ReadToEnd(paths.Proc(ParanoidFile), new KernelBuffer(16), out ReadOnlySpan<byte> text) == ReadOutcome.Success
        && new Utf8Cursor(text).TryReadField(out int level)
            ? level
            : null;

    /// <summary>Credentials and filters belong to a thread in Linux.</summary>
    private static bool IsFiltered() =>
        KernelFile.ReadToEnd("/proc/thread-self/status", new KernelBuffer(), out ReadOnlySpan<byte> text) == ReadOutcome.Success
        && text.IndexOf("\nSeccomp:\t2"u8) >= 0;

    private static PerfEventSupport No(string reason, string explanation, string advice) => new(Answer(false, reason, explanation, advice), 0);

    private static ProbeResult Answer(bool isSupported, string reason, string explanation, string advice = "") =>
        new(PerfEventProvider.ProviderName, isSupported, reason, explanation, advice);
}
