using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Locks;

/// <summary>
/// Where programs that measure lock each other out: the run directory. Network namespaces do not matter to files. A program with a mount namespace of its own,
/// as in a container, has a <c>/run</c> of its own, and locks in the host's as well, which it reaches through the host's first process.
/// </summary>
internal sealed class LockDirectory : IDisposable
{
    private const uint OwnerWrites = 0b111_101_101;

    private readonly KernelPaths _paths;

    // The host's first, so that two programs collide there, if at all, before one of them has taken anything.
    private readonly List<(KernelHandle Handle, string Path)> _directories = [];

    private LockDirectory(KernelPaths paths) => _paths = paths;

    /// <summary>Why there can be no locks here, in a few words; null when there are.</summary>
    internal string? Missing { get; private set; }

    /// <summary>Opens the directories.</summary>
    /// <param name="paths">Where they are.</param>
    /// <param name="isMade">Whether those that are not there are made.</param>
    internal static LockDirectory Open(KernelPaths paths, bool isMade = true)
    {
        LockDirectory directory = new(paths);
        string? reason = null;
        foreach (string candidate in Candidates(paths))
        {
            // The own one is last, and its reason is told: to reach the host's is more than can be asked.
            reason = directory.TryAdd(candidate, isMade);
        }

        directory.Missing = directory._directories.Count > 0 ? null : reason;
        return directory;
    }

    /// <summary>The directories that there can be: the host's, if this process has mounts of its own, and the own one.</summary>
    internal static string[] Candidates(KernelPaths paths) =>
        HasOwnMounts(paths) ? [paths.Proc("1/root" + KernelPaths.DefaultRunDirectory), paths.RunDirectory] : [paths.RunDirectory];

    /// <summary>Takes a lock in all directories, or in none.</summary>
    /// <param name="name">What it protects.</param>
    /// <param name="mode">Alone or with others.</param>
    /// <param name="budget">The descriptors it takes; null for one that is not counted.</param>
    /// <param name="taken">The lock, or null. Where there can be no locks (<see cref="Missing"/>), it locks nobody out.</param>
    /// <param name="holder">Who holds it, for <see cref="ReadOutcome.InUse"/>.</param>
    /// <param name="purpose">What others are told that it is for; null if it is for windows.</param>
    /// <returns>Success, in use, or no descriptors.</returns>
    internal ReadOutcome TryTake(LockName name, LockMode mode, HandleBudget? budget, out MeasuringLock? taken, out string? holder, string? purpose = null)
    {
        taken = null;
        holder = null;
        if (budget?.TryTake(_directories.Count) == false)
        {
            return ReadOutcome.NoDescriptors;
        }

        MeasuringLock attempt = new(budget, _directories.Count);
        byte[] line = LockHolder.Line(_paths, TimeProvider.System.GetUtcNow(), purpose);
        foreach ((KernelHandle handle, _) in _directories)
        {
            ReadOutcome outcome = LockFile.TryTake(handle, name, mode, line, out LockFile? file, out holder);
            if (outcome == ReadOutcome.Success)
            {
                attempt.Add(file!);
                continue;
            }

            // Whatever else is the matter with the file: the kernel's list says whether it is locked.
            if (outcome != ReadOutcome.InUse && FileIdentity.Of(handle, name.Terminated) is { } identity)
            {
                holder = KernelLocks.FindHolder(_paths, identity, mode);
            }

            if (holder is not null)
            {
                attempt.Dispose();
                return ReadOutcome.InUse;
            }
        }

        taken = attempt;
        return ReadOutcome.Success;
    }

    /// <summary>Takes the files of ages out of all directories, for who has the lock on accessed bits.</summary>
    /// <param name="file">The first one, open for reading.</param>
    /// <returns>As <see cref="AgesFile.Take"/>.</returns>
    internal ReadOutcome TakeAges(out KernelHandle file)
    {
        file = KernelHandle.None;
        ReadOutcome outcome = ReadOutcome.NotSupported;
        foreach ((KernelHandle handle, _) in _directories)
        {
            ReadOutcome taken = AgesFile.Take(handle, out KernelHandle found);
            if (outcome == ReadOutcome.NotSupported)
            {
                (outcome, file) = (taken, found);
            }
            else
            {
                found.Dispose();
            }
        }

        return outcome;
    }

    /// <summary>Leaves a file of ages where the next exporter finds it, even if it is another container's.</summary>
    /// <param name="write">Writes the content.</param>
    /// <param name="path">The file.</param>
    internal ReadOutcome LeaveAges(Func<KernelHandle, ReadOutcome> write, out string path)
    {
        ReadOutcome outcome = ReadOutcome.NotSupported;
        path = AgesFile.Name;
        foreach ((KernelHandle handle, string directory) in _directories)
        {
            path = Path.Join(directory, AgesFile.Name);
            outcome = AgesFile.Leave(handle, write);
            if (outcome == ReadOutcome.Success)
            {
                break;
            }
        }

        return outcome;
    }

    /// <summary>Whoever keeps a lock from being taken; null when nobody does. Takes and makes nothing.</summary>
    internal string? FindHolder(LockName name, LockMode mode)
    {
        foreach ((KernelHandle handle, _) in _directories)
        {
            if (LockFile.FindHolder(handle, name, mode) is { } holder)
            {
                return holder;
            }

            if (Libc.EffectiveUserId() != 0 && FileIdentity.Of(handle, name.Terminated) is { } identity && KernelLocks.FindHolder(_paths, identity, mode) is { } listed)
            {
                return listed;
            }
        }

        return null;
    }

    /// <summary>Removes what programs have left behind that were killed.</summary>
    internal void RemoveStale()
    {
        foreach ((KernelHandle handle, string path) in _directories)
        {
            try
            {
                foreach (string file in Directory.EnumerateFiles(path, "*" + LockName.Extension))
                {
                    LockFile.RemoveIfStale(handle, LockName.Found(Path.GetFileName(file)));
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // They do no harm.
            }
        }
    }

    /// <summary>Whether this process has other mounts than the host's first process; also false where the kernel does not say.</summary>
    private static bool HasOwnMounts(KernelPaths paths)
    {
        try
        {
            string? own = new FileInfo(paths.Proc("self/ns/mnt")).LinkTarget;
            string? hosts = new FileInfo(paths.Proc("1/ns/mnt")).LinkTarget;
            return own is not null && hosts is not null && own != hosts;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Null, or why the directory cannot be used.</summary>
    private string? TryAdd(string path, bool isMade)
    {
        if (isMade && MakeDirectory(path) is int error and not 0)
        {
            return $"{path} cannot be made: {Marshal.GetPInvokeErrorMessage(error)}";
        }

        ReadOutcome outcome = KernelFile.Open(path, Libc.OpenReadOnly, out KernelHandle handle);
        if (outcome != ReadOutcome.Success)
        {
            return $"{path} cannot be opened ({outcome.ToReason()})";
        }

        // Two paths may lead to one directory, which both containers of a host have mounted.
        FileIdentity? identity = FileIdentity.Of(handle);
        if (_directories.Exists(known => FileIdentity.Of(known.Handle) == identity))
        {
            handle.Dispose();
            return null;
        }

        string? reason = WhyNotWritable(handle, path);
        if (reason is not null && Libc.EffectiveUserId() == 0)
        {
            handle.Dispose();
            return reason;
        }

        // Another user than root cannot lock, but sees in the kernel's list what is locked.
        _directories.Add((handle, path));
        return null;
    }

    private static string? WhyNotWritable(KernelHandle directory, string path) =>
        Libc.AccessAt(directory, ".\0"u8, Libc.AccessWrite, 0) == 0
            ? null
            : $"{path} cannot be written: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}";

    /// <summary>Makes a directory that everybody may list and only its owner may write, and those above it; 0 or the error.</summary>
    private static int MakeDirectory(string path)
    {
        if (Directory.Exists(path) || Libc.MakeDirectory(path, OwnerWrites) == 0)
        {
            return 0;
        }

        int error = Marshal.GetLastPInvokeError();
        string? parent = Path.GetDirectoryName(path.TrimEnd('/'));
        if (error == Libc.ErrorNoEntry && parent is { Length: > 1 } && !Directory.Exists(parent))
        {
            int above = MakeDirectory(parent);
            if (above != 0)
            {
                return above;
            }

            error = Libc.MakeDirectory(path, OwnerWrites) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }

        // Another may have made it meanwhile.
        return Directory.Exists(path) ? 0 : error;
    }

    public void Dispose() => _directories.ForEach(static directory => directory.Handle.Dispose());
}
