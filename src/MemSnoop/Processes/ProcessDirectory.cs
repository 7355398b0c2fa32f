using System.Globalization;
using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Processes;

/// <summary>Turns text of a kernel file into a value; false when the text is not what proc(5) describes.</summary>
internal delegate bool KernelParser<T>(ReadOnlySpan<byte> text, out T value)
    where T : struct;

/// <summary>
/// A handle on <c>/proc/PID</c>. Files opened through it belong to the process that had the pid when it was opened,
/// or fail: a path would silently lead to a process that reuses the pid. If the main thread has ended and others work on, files of the address space are
/// those of another thread (<see cref="Follow"/>): the process's own show nothing then.
/// </summary>
internal sealed class ProcessDirectory : IDisposable
{
    private readonly KernelHandle _directory;
    private readonly HungProcesses _hung;
    private readonly int _pid;

    // Null but for a process whose main thread has ended.
    private KernelHandle? _thread;

    private ProcessDirectory(KernelHandle directory, HungProcesses hung, int pid)
    {
        _directory = directory;
        _hung = hung;
        _pid = pid;
    }

    internal static ReadOutcome Open(KernelPaths paths, int pid, out ProcessDirectory? directory)
    {
        KernelCalls.About(pid);
        ReadOutcome outcome = KernelFile.Open(paths.Proc(pid.ToString(CultureInfo.InvariantCulture)), Libc.OpenPath, out KernelHandle handle);
        directory = outcome == ReadOutcome.Success ? new ProcessDirectory(handle, paths.Hung, pid) : null;
        return outcome == ReadOutcome.NotSupported ? ReadOutcome.ProcessGone : outcome;
    }

    /// <summary>Opens a file of the process; <paramref name="name"/> is a UTF-8 literal.</summary>
    internal ReadOutcome OpenFile(ReadOnlySpan<byte> name, int mode, out KernelHandle handle)
    {
        handle = KernelHandle.None;
        return Hangs(name) ? ReadOutcome.Hung : OrGone(KernelFile.Open(Of(name), name, mode, out handle));
    }

    /// <summary>ENOENT: either this kernel has no such file or the process went; every kernel has stat.</summary>
    private ReadOutcome OrGone(ReadOutcome outcome) => outcome == ReadOutcome.NotSupported && !HasStat() ? ReadOutcome.ProcessGone : outcome;

    /// <summary>Opens, reads and closes a file that is one record.</summary>
    internal ReadOutcome Read<T>(ReadOnlySpan<byte> name, KernelBuffer buffer, KernelParser<T> parser, out T value)
        where T : struct
    {
        if (Hangs(name))
        {
            value = default;
            return ReadOutcome.Hung;
        }

        ReadOutcome outcome = OrGone(KernelFile.ReadRecord(Of(name), name, buffer, out ReadOnlySpan<byte> text));
        return Parse(outcome, text, parser, out value);
    }

    /// <summary>Opens, reads and closes a file of any length.</summary>
    internal ReadOutcome ReadToEnd(ReadOnlySpan<byte> name, KernelBuffer buffer, out ReadOnlySpan<byte> text)
    {
        ReadOutcome outcome = OpenFile(name, Libc.OpenReadOnly, out KernelHandle handle);
        if (outcome != ReadOutcome.Success)
        {
            text = default;
            return outcome;
        }

        using (handle)
        {
            return KernelFile.ReadToEnd(handle, buffer, out text);
        }
    }

    /// <summary>Where a link of the process leads.</summary>
    internal ReadOutcome ReadLink(ReadOnlySpan<byte> name, KernelBuffer buffer, out ReadOnlySpan<byte> target)
    {
        target = default;
        return Hangs(name) ? ReadOutcome.Hung : OrGone(KernelFile.ReadLink(Of(name), name, buffer.Free(0), out target));
    }

    /// <summary>Whether a file is to be left alone, since the process does not answer.</summary>
    private bool Hangs(ReadOnlySpan<byte> name)
    {
        KernelCalls.About(_pid);
        return _hung.Refuse(_pid) && MayHang(name);
    }

    /// <summary>
    /// Whether a file can hang. A few need no lock that a process may hold while it waits, so they can be read all the same, even in the middle of an exec: found out with
    /// Linux 6.12 and 6.18.
    /// </summary>
    internal static bool MayHang(ReadOnlySpan<byte> name) =>
        !(name.SequenceEqual("schedstat"u8) || name.SequenceEqual("statm"u8) || name.SequenceEqual("status"u8) || name.SequenceEqual("cgroup"u8)
            || name.SequenceEqual("oom_score"u8) || name.SequenceEqual("oom_score_adj"u8));

    /// <summary>Reads an open file that is one record; an empty text means that the process has ended.</summary>
    internal static ReadOutcome Parse<T>(KernelHandle handle, KernelBuffer buffer, KernelParser<T> parser, out T value)
        where T : struct
    {
        ReadOutcome outcome = KernelFile.ReadRecord(handle, buffer, out ReadOnlySpan<byte> text);
        return Parse(outcome, text, parser, out value);
    }

    private static ReadOutcome Parse<T>(ReadOutcome outcome, ReadOnlySpan<byte> text, KernelParser<T> parser, out T value)
        where T : struct
    {
        value = default;
        return outcome != ReadOutcome.Success ? outcome
            : text.IsEmpty ? ReadOutcome.ProcessGone
            : parser(text, out value) ? ReadOutcome.Success
            : ReadOutcome.Malformed;
    }

    /// <summary>
    /// Open file descriptors of the process: since Linux 6.2 the size of <c>/proc/PID/fd</c>. On older kernels that size is 0 and the directory is listed,
    /// which costs the kernel an inode for each entry.
    /// </summary>
    internal ReadOutcome CountOpenFiles(out ulong count)
    {
        count = 0;
        try
        {
            KernelCalls.About(_pid);
            KernelCalls? calls = KernelCalls.Begin();
            int error = Libc.Statx(Of("fd"u8), "fd"u8, 0, Libc.StatxSize, out Libc.StatxResult result);
            KernelCalls.End(calls);
            if (error == 0)
            {
                count = result.Size;
                return count > 0 ? ReadOutcome.Success : ListOpenFiles(out count);
            }
        }
        catch (ObjectDisposedException)
        {
            return ReadOutcome.ProcessGone;
        }

        ReadOutcome outcome = KernelFile.Classify(System.Runtime.InteropServices.Marshal.GetLastPInvokeError());
        return outcome == ReadOutcome.NotSupported ? ReadOutcome.ProcessGone : outcome;
    }

    private ReadOutcome ListOpenFiles(out ulong count)
    {
        ulong entries = 0;
        ReadOutcome outcome = ForEachOpenFile(_ =>
        {
            entries++;
            return true;
        });
        count = entries;
        return outcome;
    }

    /// <summary>
    /// Whether the process has a descriptor of one of these files, by inode number alone: a file system of several devices (btrfs) shows others in maps than to
    /// stat(2). True as well if that cannot be told.
    /// </summary>
    internal bool HasOpenFileAmong(HashSet<ulong> inodes)
    {
        bool found = false;
        ReadOutcome outcome = ForEachOpenFile(descriptor =>
        {
            // Longer than any number: it is no descriptor.
            Span<byte> name = stackalloc byte[32];
            if (descriptor.Length > name.Length - 4)
            {
                return true;
            }

            "fd/"u8.CopyTo(name);
            descriptor.CopyTo(name[3..]);
            name[3 + descriptor.Length] = 0;
            KernelCalls? calls = KernelCalls.Begin();
            int error = Libc.Statx(Of("fd"u8), name, Libc.StatxNoSync, Libc.StatxInode, out Libc.StatxResult result);
            KernelCalls.End(calls);
            found = error == 0 && inodes.Contains(result.Inode);
            return !found;
        });
        return found || outcome != ReadOutcome.Success;
    }

    /// <summary>
    /// Lists the descriptors by name, as long as the visitor wants more. Not by the framework, which looks at what each leads to: a file server that is gone does not tell.
    /// </summary>
    private ReadOutcome ForEachOpenFile(NameVisitor visit)
    {
        ReadOutcome outcome = OpenFile("fd"u8, Libc.OpenReadOnly, out KernelHandle directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        using (directory)
        {
            byte[] buffer = new byte[4096];
            while (DirectoryEntries.TryRead(directory, buffer, out DirectoryEntries entries))
            {
                if (entries.IsEmpty)
                {
                    return ReadOutcome.Success;
                }

                while (entries.MoveNext())
                {
                    if (entries.Name is not [(byte)'.', ..] && !visit(entries.Name))
                    {
                        return ReadOutcome.Success;
                    }
                }
            }

            return ReadOutcome.ProcessGone;
        }
    }

    /// <summary>Takes one name of a directory; false if no more are wanted.</summary>
    private delegate bool NameVisitor(ReadOnlySpan<byte> name);

    /// <summary>
    /// Looks whether a process lives whose <c>stat</c> has just been read, and completes what is wrong there if its main thread has ended. Costs nothing as long
    /// as that thread lives.
    /// </summary>
    /// <param name="stat">The reading. It gets the size of the memory of the threads that live.</param>
    /// <param name="buffer">May be the one that the reading was parsed from.</param>
    /// <param name="changed">Whether files of the address space that are open belong to a thread that has ended.</param>
    /// <returns>Success, or gone.</returns>
    internal ReadOutcome Follow(ref Stat stat, KernelBuffer buffer, out bool changed)
    {
        changed = false;
        if (!stat.IsZombie)
        {
            // After an exec by another thread, that thread is the main one.
            changed = _thread is not null;
            Use(null);
            return ReadOutcome.Success;
        }

        if (!stat.IsLeaderless)
        {
            return ReadOutcome.ProcessGone;
        }

        if (_thread is not { } known || !IsAlive(known, buffer))
        {
            changed = true;
            KernelHandle? living = FindLivingThread(buffer);
            Use(living);
            if (living is null)
            {
                return ReadOutcome.ProcessGone;
            }
        }

        ReadOutcome outcome = Read("statm"u8, buffer, Statm.TryParse, out Statm memory);
        stat = stat with { ResidentPages = memory.ResidentPages, VirtualBytes = KernelUnits.Current.Bytes(memory.TotalPages) };
        return outcome;
    }

    private void Use(KernelHandle? thread)
    {
        if (_thread is not null || thread is not null)
        {
            // A reader on another thread that is about to use the old one finds it closed, and the process gone for this reading.
            Interlocked.Exchange(ref _thread, thread)?.Dispose();
        }
    }

    /// <summary>The first thread that has not ended.</summary>
    private KernelHandle? FindLivingThread(KernelBuffer buffer)
    {
        bool isHeld = false;
        try
        {
            _directory.DangerousAddRef(ref isHeld);
            List<int> threads = [];
            PidEnumerator.ReadThreads(PathOf(_directory, "task"), threads);
            foreach (int thread in threads)
            {
                byte[] name = System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"task/{thread}\0"));
                if (KernelFile.Open(_directory, name, Libc.OpenPath, out KernelHandle handle) == ReadOutcome.Success)
                {
                    if (IsAlive(handle, buffer))
                    {
                        return handle;
                    }

                    handle.Dispose();
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // The process is no longer watched.
        }
        finally
        {
            if (isHeld)
            {
                _directory.DangerousRelease();
            }
        }

        return null;
    }

    private static bool IsAlive(KernelHandle thread, KernelBuffer buffer) =>
        Parse(KernelFile.ReadRecord(thread, "stat"u8, buffer, out ReadOnlySpan<byte> text), text, Stat.TryParse, out Stat stat) == ReadOutcome.Success && !stat.IsZombie;

    /// <summary>The directory that a file is opened in. Accounts of the whole process (stat, io) are right in its own, whoever has ended.</summary>
    private KernelHandle Of(ReadOnlySpan<byte> name) => _thread is { } thread && IsOfThread(name) ? thread : _directory;

    private static bool IsOfThread(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("maps"u8) || name.SequenceEqual("smaps"u8) || name.SequenceEqual("smaps_rollup"u8) || name.SequenceEqual("pagemap"u8)
        || name.SequenceEqual("clear_refs"u8) || name.SequenceEqual("statm"u8) || name.SequenceEqual("cmdline"u8) || name.SequenceEqual("cgroup"u8)
        || name.SequenceEqual("exe"u8) || name.SequenceEqual("fd"u8);

    /// <summary>A path below an open directory: the link of our own descriptor leads to the process it was opened for, not to the pid's next owner.</summary>
    private static string PathOf(KernelHandle directory, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{directory.DangerousGetHandle()}/{name}");

    private bool HasStat()
    {
        try
        {
            return Libc.Statx(_directory, "stat"u8, 0, Libc.StatxSize, out _) == 0;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _directory.Dispose();
        Use(null);
    }
}
