using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Locks;

/// <summary>
/// The right to take accessed bits: of all processes by the idle bitmap or by aging their control groups, or of one process by its referenced bits. Two programs
/// that take the same bits end each other's windows without a trace, so there is one at a time. The kernel gives the right back when its holder ends,
/// <c>SIGKILL</c> included.
/// </summary>
internal sealed class MeasuringLock : IDisposable
{
    private readonly HandleBudget? _budget;
    private readonly int _descriptors;
    private readonly List<LockFile> _files = new(1);
    private LockDirectory? _owned;
    private bool _isDisposed;

    internal MeasuringLock(HandleBudget? budget, int descriptors)
    {
        _budget = budget;
        _descriptors = descriptors;
    }

    /// <summary>Why this locks nobody out, in a few words; null when it does.</summary>
    internal string? Missing => _owned?.Missing;

    /// <summary>Where further locks are taken; only in a lock on the host's bits.</summary>
    internal LockDirectory Directory => _owned ?? throw new InvalidOperationException("A lock on one process has no directory of its own.");

    /// <summary>How taking the file of ages ended, which whoever had the lock before may have left (<see cref="AgesFile.Take"/>).</summary>
    internal ReadOutcome AgesTaken { get; private set; } = ReadOutcome.NotSupported;

    /// <summary>That file, until this is disposed; it has no name any more.</summary>
    internal KernelHandle Ages { get; private set; } = KernelHandle.None;

    /// <summary>
    /// Takes the lock on the host's accessed bits: alone for the idle bitmap and for aging, shared for referenced bits. Engines that disturb each other never run
    /// at once.
    /// </summary>
    /// <param name="paths">Where the run directory is.</param>
    /// <param name="mode">Alone or with others.</param>
    /// <param name="purpose">What others are told that it is for; null if it is for windows.</param>
    /// <returns>The lock, or null and who holds it.</returns>
    internal static (MeasuringLock? Lock, string? Holder) TryTakeBitmap(KernelPaths paths, LockMode mode, string? purpose = null)
    {
        LockDirectory directory = LockDirectory.Open(paths);
        if (directory.TryTake(LockName.Bitmap, mode, budget: null, out MeasuringLock? taken, out string? holder, purpose) != ReadOutcome.Success)
        {
            directory.Dispose();
            return (null, holder);
        }

        // From now on the ages that somebody has left do not hold any more, unless they are taken up.
        taken!._owned = directory;
        taken.AgesTaken = directory.TakeAges(out KernelHandle ages);
        taken.Ages = ages;
        return (taken, null);
    }

    /// <summary>Whoever keeps the lock on the host's accessed bits from being taken; null when nobody does.</summary>
    internal static string? FindBitmapHolder(KernelPaths paths, LockMode mode)
    {
        using LockDirectory directory = LockDirectory.Open(paths, isMade: false);
        return directory.FindHolder(LockName.Bitmap, mode);
    }

    /// <summary>Whoever measures a process by its referenced bits; null when nobody does.</summary>
    internal static string? FindReferencedHolder(KernelPaths paths, ProcessIdentity process)
    {
        using LockDirectory directory = LockDirectory.Open(paths, isMade: false);
        return directory.FindHolder(LockName.Referenced(process), LockMode.Exclusive);
    }

    /// <summary>Why nobody can be locked out here, in a few words; null when it works. Another user than root sees only whom others have locked out.</summary>
    internal static string? WhyMissing(KernelPaths paths)
    {
        using LockDirectory directory = LockDirectory.Open(paths);
        return directory.Missing;
    }

    internal void Add(LockFile file) => _files.Add(file);

    /// <summary>Gives the right back.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        Ages.Dispose();
        _files.ForEach(static file => file.Dispose());
        _budget?.Return(_descriptors);
        _owned?.RemoveStale();
        _owned?.Dispose();
    }
}

/// <summary>Another program measures, and two would end each other's windows.</summary>
/// <param name="message">Who, as a sentence.</param>
internal sealed class MeasuringLockHeldException(string message) : IOException(message);
