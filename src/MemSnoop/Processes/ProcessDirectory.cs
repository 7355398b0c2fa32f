using System.Globalization;
using System.IO.Enumeration;
using MemSnoop.Kernel;

namespace MemSnoop.Processes;

/// <summary>Turns text of a kernel file into a value; false when the text is not what proc(5) describes.</summary>
internal delegate bool KernelParser<T>(ReadOnlySpan<byte> text, out T value)
    where T : struct;

/// <summary>
/// A handle on <c>/proc/PID</c>. Files opened through it belong to the process that had the pid when it was opened,
/// or fail: a path would silently lead to a process that reuses the pid.
/// </summary>
internal sealed class ProcessDirectory : IDisposable
{
    private static readonly EnumerationOptions EveryEntry = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly KernelHandle _directory;

    private ProcessDirectory(KernelHandle directory) => _directory = directory;

    internal static ReadOutcome Open(KernelPaths paths, int pid, out ProcessDirectory? directory)
    {
        ReadOutcome outcome = KernelFile.Open(paths.Proc(pid.ToString(CultureInfo.InvariantCulture)), Libc.OpenPath, out KernelHandle handle);
        directory = outcome == ReadOutcome.Success ? new ProcessDirectory(handle) : null;
        return outcome == ReadOutcome.NotSupported ? ReadOutcome.ProcessGone : outcome;
    }

    /// <summary>Opens a file of the process; <paramref name="name"/> is a UTF-8 literal.</summary>
    internal ReadOutcome OpenFile(ReadOnlySpan<byte> name, int mode, out KernelHandle handle) => OrGone(KernelFile.Open(_directory, name, mode, out handle));

    /// <summary>ENOENT: either this kernel has no such file or the process went; every kernel has stat.</summary>
    private ReadOutcome OrGone(ReadOutcome outcome) => outcome == ReadOutcome.NotSupported && !HasStat() ? ReadOutcome.ProcessGone : outcome;

    /// <summary>Opens, reads and closes a file that is one record.</summary>
    internal ReadOutcome Read<T>(ReadOnlySpan<byte> name, KernelBuffer buffer, KernelParser<T> parser, out T value)
        where T : struct
    {
        ReadOutcome outcome = OrGone(KernelFile.ReadRecord(_directory, name, buffer, out ReadOnlySpan<byte> text));
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
            if (Libc.Statx(_directory, "fd"u8, 0, Libc.StatxSize, out Libc.StatxResult result) == 0)
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
        count = 0;
        bool isHeld = false;
        try
        {
            _directory.DangerousAddRef(ref isHeld);

            // The link of our own descriptor leads to the process it was opened for, not to the pid's next owner.
            string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{_directory.DangerousGetHandle()}/fd");
            foreach (bool _ in new FileSystemEnumerable<bool>(path, static (ref _) => true, EveryEntry))
            {
                count++;
            }

            return ReadOutcome.Success;
        }
        catch (UnauthorizedAccessException)
        {
            return ReadOutcome.Denied;
        }
        catch (IOException)
        {
            return ReadOutcome.ProcessGone;
        }
        finally
        {
            if (isHeld)
            {
                _directory.DangerousRelease();
            }
        }
    }

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

    public void Dispose() => _directory.Dispose();
}
