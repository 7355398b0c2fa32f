using System.Buffers.Text;
using System.Diagnostics;
using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>
/// The one kernel thread of DAMON that this program sets up, by its files in sysfs. The kernel keeps it when the program is killed, so it bears a signature by
/// which the next start knows it, switches it off and removes it. For one thread at a time, by whoever holds the lock on accessed bits.
/// Source: <c>Documentation/admin-guide/mm/damon/usage.rst</c>, <c>mm/damon/sysfs.c</c>.
/// </summary>
internal sealed class Kdamond : IDisposable
{
    /// <summary>Where kdamonds are set up, below the sysfs root.</summary>
    internal const string RelativePath = "kernel/mm/damon/admin/kdamonds";

    /// <summary>
    /// The signature: how often the kernel is to look for new areas, in microseconds, 90 days. The operations that are used here never look, so it says nothing
    /// else, and nobody has this number by chance. It dies with the boot, as kdamonds do, and is seen from every container.
    /// </summary>
    internal const ulong Signature = 7_777_216_000_021;

    /// <summary>A thread whose aggregation never ends neither merges nor splits regions, and never sets their counts to 0.</summary>
    private const ulong NeverMicroseconds = 2_592_000_000_000;

    /// <summary>For how long a command is tried again while another program's command holds the kernel's only lock for them.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>For how long to wait for another program that asks what DAMON can do, and has no use for it.</summary>
    private static readonly TimeSpan PatienceToLock = TimeSpan.FromMilliseconds(500);

    /// <summary>The same for switching on: that is refused in the same words as long as a user of DAMON that lets nobody else is at work, which may be for ever.</summary>
    private static readonly TimeSpan PatienceToSwitchOn = TimeSpan.FromMilliseconds(100);

    private readonly KernelHandle _threads;
    private readonly KernelHandle _processes;
    private readonly KernelHandle _lock;
    private readonly KernelBuffer _buffer = new(256);
    private KernelHandle _context = KernelHandle.None;

    private Kdamond(KernelPaths paths, KernelHandle threads, KernelHandle taken)
    {
        _threads = threads;
        _lock = taken;
        _ = KernelFile.Open(paths.ProcRoot, out _processes);
    }

    /// <summary>Whether the kernel can apply schemes more often than it aggregates (Linux 6.7).</summary>
    internal bool HasApplyInterval { get; private set; }

    /// <summary>Whether schemes have filters that the operations judge, apart from the others (Linux 6.14).</summary>
    internal bool HasOperationFilters { get; private set; }

    /// <summary>Whether it watches virtual addresses.</summary>
    internal bool HasVirtualAddresses { get; private set; }

    /// <summary>Whose the kdamonds of this host are. Reads alone.</summary>
    internal static KdamondOwner FindOwner(KernelPaths paths)
    {
        if (KernelFile.Open(paths.Sys(RelativePath), out KernelHandle threads) != ReadOutcome.Success)
        {
            return KdamondOwner.Unknown;
        }

        using (threads)
        {
            return FindOwner(threads, new KernelBuffer(64));
        }
    }

    /// <summary>
    /// Switches off and removes the kdamond that a killed exporter has left, if there is one. Whoever lives holds the lock on the file by which it is removed.
    /// </summary>
    /// <returns>Whether there was one.</returns>
    internal static bool RemoveLeft(KernelPaths paths)
    {
        if (KernelFile.Open(paths.Sys(RelativePath), out KernelHandle threads) != ReadOutcome.Success)
        {
            return false;
        }

        using (threads)
        {
            if (FindOwner(threads, new KernelBuffer(64)) != KdamondOwner.MemSnoop || !TryLock(threads, out KernelHandle taken))
            {
                return false;
            }

            using (taken)
            {
                // Whoever had the lock until now may have removed it.
                bool isLeft = FindOwner(threads, new KernelBuffer(64)) == KdamondOwner.MemSnoop;
                if (isLeft)
                {
                    Remove(threads);
                }

                return isLeft;
            }
        }
    }

    /// <summary>
    /// Sets one up, switched off, in the place of one that a killed exporter has left. There must be no other. Two programs that ask at once what DAMON can do wait for each other, even if they
    /// do not share a run directory: the file itself is locked.
    /// </summary>
    /// <param name="paths">Where sysfs is.</param>
    /// <returns>It, or null if the kernel refuses, or somebody else has one.</returns>
    internal static Kdamond? TryMake(KernelPaths paths)
    {
        if (KernelFile.Open(paths.Sys(RelativePath), out KernelHandle threads) != ReadOutcome.Success)
        {
            return null;
        }

        KernelHandle taken = KernelHandle.None;
        if (!SpinWait.SpinUntil(() => TryLock(threads, out taken), PatienceToLock))
        {
            threads.Dispose();
            return null;
        }

        Kdamond made = new(paths, threads, taken);
        if (FindOwner(threads, made._buffer) == KdamondOwner.MemSnoop)
        {
            Remove(threads);
        }

        if (FindOwner(threads, made._buffer) == KdamondOwner.Nobody && made.SetUp())
        {
            return made;
        }

        made.Dispose();
        return null;
    }

    /// <summary>Whether nobody has put another in its place.</summary>
    internal bool IsStillThere() => FindOwner(_threads, _buffer) == KdamondOwner.MemSnoop;

    /// <summary>Writes a value to a file below the context.</summary>
    /// <param name="name">The file, ended with a NUL; a UTF-8 literal is.</param>
    /// <param name="value">The value.</param>
    internal bool Set(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value) => KernelFile.Put(_context, name, value, out _) == ReadOutcome.Success;

    /// <summary>Writes a number to a file below the context.</summary>
    internal bool Set(scoped ReadOnlySpan<byte> name, ulong value)
    {
        Span<byte> text = stackalloc byte[20];
        _ = Utf8Formatter.TryFormat(value, text, out int length);
        return Set(name, text[..length]);
    }

    /// <summary>Reads a number from a file below the context; null if there is none.</summary>
    internal ulong? ReadNumber(scoped ReadOnlySpan<byte> name) =>
        KernelFile.ReadRecord(_context, name, _buffer, out ReadOnlySpan<byte> text) == ReadOutcome.Success && Utf8Parser.TryParse(text, out ulong value, out _) ? value : null;

    /// <summary>How often to look whether a page was accessed.</summary>
    internal bool SetSampling(TimeSpan every) => Set("monitoring_attrs/intervals/sample_us"u8, (ulong)(every.Ticks / TimeSpan.TicksPerMicrosecond));

    /// <summary>Switches it on with what is written to its files now.</summary>
    /// <returns>Success; process gone if a target is; in use if another user of DAMON does not let anybody else.</returns>
    internal ReadOutcome SwitchOn() => Command(_threads, "0/state"u8, "on"u8, PatienceToSwitchOn) switch
    {
        0 => ReadOutcome.Success,
        Libc.ErrorInvalid => ReadOutcome.ProcessGone,
        Libc.ErrorBusy or Libc.ErrorNoEntry or Libc.ErrorNoDevice => ReadOutcome.InUse,
        _ => ReadOutcome.Failed,
    };

    /// <summary>Switches it off, and waits until its thread has ended.</summary>
    internal void SwitchOff() => Command(_threads, "0/state"u8, "off"u8, Patience);

    /// <summary>Has the thread do something, and waits for that. False if it is not at work: all its targets may have ended.</summary>
    internal bool Ask(ReadOnlySpan<byte> command) => Command(_threads, "0/state"u8, command, Patience) == 0;

    /// <summary>The processor time that its thread has used since it was switched on; null if that is not told.</summary>
    internal TimeSpan? CpuTime()
    {
        if (KernelFile.ReadRecord(_threads, "0/pid"u8, _buffer, out ReadOnlySpan<byte> text) != ReadOutcome.Success || !Utf8Parser.TryParse(text, out int pid, out _) || pid <= 0)
        {
            return null;
        }

        ReadOnlySpan<byte> file = new SysfsName(stackalloc byte[32]).Add(pid).Add("/schedstat"u8).Terminated;
        return KernelFile.ReadRecord(_processes, file, _buffer, out ReadOnlySpan<byte> used) == ReadOutcome.Success && SchedStat.TryParse(used, out SchedStat times) && times.IsCounted
            ? TimeSpan.FromMicroseconds(times.RunNanoseconds / 1000.0)
            : null;
    }

    /// <summary>Switches it off and removes it, unless it is another program's by now.</summary>
    public void Dispose()
    {
        _context.Dispose();
        if (FindOwner(_threads, _buffer) == KdamondOwner.MemSnoop)
        {
            Remove(_threads);
        }

        _lock.Dispose();
        _processes.Dispose();
        _threads.Dispose();
    }

    /// <summary>Locks the file by which kdamonds are set up and removed. Who does not know of the lock, as other programs, is not kept from it.</summary>
    private static bool TryLock(KernelHandle threads, out KernelHandle taken)
    {
        if (KernelFile.Open(threads, "nr_kdamonds"u8, Libc.OpenReadWrite, out taken) != ReadOutcome.Success)
        {
            return false;
        }

        if (Libc.Flock(taken, Libc.LockExclusive | Libc.LockNonBlocking) == 0)
        {
            return true;
        }

        taken.Dispose();
        taken = KernelHandle.None;
        return false;
    }

    private static KdamondOwner FindOwner(KernelHandle threads, KernelBuffer buffer)
    {
        if (KernelFile.ReadRecord(threads, "nr_kdamonds"u8, buffer, out ReadOnlySpan<byte> text) != ReadOutcome.Success || !Utf8Parser.TryParse(text, out int count, out _))
        {
            return KdamondOwner.Unknown;
        }

        return count == 0 ? KdamondOwner.Nobody
            : count == 1 && KernelFile.ReadRecord(threads, "0/contexts/0/monitoring_attrs/intervals/update_us"u8, buffer, out text) == ReadOutcome.Success
                && Utf8Parser.TryParse(text, out ulong update, out _) && update == Signature ? KdamondOwner.MemSnoop
            : KdamondOwner.Stranger;
    }

    private static void Remove(KernelHandle threads)
    {
        _ = Command(threads, "0/state"u8, "off"u8, Patience);
        _ = Command(threads, "nr_kdamonds"u8, "0"u8, Patience);
    }

    private bool SetUp()
    {
        // The signature comes as early as it can: whoever is killed before it leaves a stranger.
        if (Command(_threads, "nr_kdamonds"u8, "1"u8, Patience) != 0
            || Command(_threads, "0/contexts/nr_contexts"u8, "1"u8, Patience) != 0
            || KernelFile.Put(_threads, "0/contexts/0/monitoring_attrs/intervals/update_us"u8, SignatureText, out _) != ReadOutcome.Success
            || KernelFile.Open(_threads, "0/contexts/0"u8, Libc.OpenReadOnly, out _context) != ReadOutcome.Success)
        {
            return false;
        }

        HasVirtualAddresses = Set("operations"u8, "fvaddr"u8);
        bool isSet = Set("schemes/nr_schemes"u8, 1)
            && Set("targets/nr_targets"u8, 1)
            && Set("monitoring_attrs/intervals/aggr_us"u8, NeverMicroseconds)
            && Set("monitoring_attrs/nr_regions/max"u8, 1_000_000)
            && Set("monitoring_attrs/nr_regions/min"u8, 3);
        HasApplyInterval = ReadNumber("schemes/0/apply_interval_us"u8) is not null;
        HasOperationFilters = ReadNumber("schemes/0/ops_filters/nr_filters"u8) is not null;
        return isSet;
    }

    private static ReadOnlySpan<byte> SignatureText => "7777216000021"u8;

    /// <summary>0, or the error. The kernel refuses a command while it carries out another one, whoever has given it.</summary>
    private static int Command(KernelHandle threads, ReadOnlySpan<byte> name, ReadOnlySpan<byte> command, TimeSpan patience)
    {
        long begun = Stopwatch.GetTimestamp();
        SpinWait spinner = default;
        while (KernelFile.Put(threads, name, command, out int error) != ReadOutcome.Success)
        {
            if (error != Libc.ErrorBusy || Stopwatch.GetElapsedTime(begun) > patience)
            {
                return error;
            }

            spinner.SpinOnce();
        }

        return 0;
    }
}
