using System.Runtime.InteropServices;

namespace MemSnoop.Kernel;

/// <summary>The only place that opens and reads kernel files. Outcomes are values (<see cref="ReadOutcome"/>), never exceptions.</summary>
internal static class KernelFile
{
    // Not to wait for whoever is to open the other end, where a pipe lies in place of a file.
    private const int OpenFlags = Libc.OpenCloseOnExec | Libc.OpenNonBlocking;

    /// <summary>Opens a file by absolute path for reading.</summary>
    internal static ReadOutcome Open(string path, out KernelHandle handle) => Open(path, Libc.OpenReadOnly, out handle);

    internal static ReadOutcome Open(string path, int mode, out KernelHandle handle)
    {
        byte[] terminated = new byte[System.Text.Encoding.UTF8.GetMaxByteCount(path.Length) + 1];
        System.Text.Encoding.UTF8.GetBytes(path, terminated);
        KernelCalls? calls = KernelCalls.Begin();
        int descriptor = Libc.OpenAt(Libc.AtCurrentDirectory, terminated, mode | OpenFlags);
        return Opened(calls, descriptor, mode, out handle);
    }

    /// <summary>Opens <paramref name="name"/> (a UTF-8 literal, which the compiler ends with a NUL) below an open directory.</summary>
    internal static ReadOutcome Open(KernelHandle directory, ReadOnlySpan<byte> name, int mode, out KernelHandle handle)
    {
        try
        {
            KernelCalls? calls = KernelCalls.Begin();
            int descriptor = Libc.OpenAt(directory, name, mode | OpenFlags);
            return Opened(calls, descriptor, mode, out handle);
        }
        catch (ObjectDisposedException)
        {
            handle = KernelHandle.None;
            return ReadOutcome.ProcessGone;
        }
    }

    /// <summary>Where a symbolic link (a UTF-8 literal) below an open directory leads. The kernel cuts what is longer than the buffer.</summary>
    internal static ReadOutcome ReadLink(KernelHandle directory, ReadOnlySpan<byte> name, Span<byte> buffer, out ReadOnlySpan<byte> target)
    {
        target = default;
        try
        {
            KernelCalls? calls = KernelCalls.Begin();
            nint length = Libc.ReadLinkAt(directory, name, buffer, (nuint)buffer.Length);
            KernelCalls.End(calls);
            if (length < 0)
            {
                return Classify(Marshal.GetLastPInvokeError());
            }

            target = buffer[..(int)length];
            return ReadOutcome.Success;
        }
        catch (ObjectDisposedException)
        {
            return ReadOutcome.ProcessGone;
        }
    }

    private static ReadOutcome Opened(KernelCalls? calls, int descriptor, int mode, out KernelHandle handle)
    {
        KernelCalls.End(calls, descriptor);
        if (descriptor < 0)
        {
            handle = KernelHandle.None;
            return Classify(Marshal.GetLastPInvokeError());
        }

        handle = new KernelHandle(descriptor);

        // Opened as a path alone (O_PATH), nothing can be read, and so nothing can hang.
        if ((mode & Libc.OpenPath) != 0 || IsFile(descriptor))
        {
            return ReadOutcome.Success;
        }

        handle.Dispose();
        handle = KernelHandle.None;
        return ReadOutcome.Failed;
    }

    /// <summary>
    /// Whether it is a file or a directory, as all that the kernel shows are. In a tree that is none of the kernel's there can be pipes and devices, which never end or
    /// never answer.
    /// </summary>
    private static bool IsFile(int descriptor) =>
        Libc.Statx(descriptor, "\0"u8, Libc.EmptyPath, Libc.StatxType, out Libc.StatxResult result) != 0
        || (result.Mode & Libc.ModeTypeMask) is Libc.ModeRegular or Libc.ModeDirectory or Libc.ModeSymbolicLink;

    /// <summary>
    /// Reads a file whose whole text is one seq_file record (stat, statm, status, io): the kernel returns as much of a record as fits, so a read that does not
    /// fill the buffer is complete and needs no second call.
    /// </summary>
    internal static ReadOutcome ReadRecord(KernelHandle handle, KernelBuffer buffer, out ReadOnlySpan<byte> text)
    {
        bool isHeld = false;
        try
        {
            handle.DangerousAddRef(ref isHeld);
            return ReadRecord((int)handle.DangerousGetHandle(), buffer, out text);
        }
        catch (ObjectDisposedException)
        {
            text = default;
            return ReadOutcome.ProcessGone;
        }
        finally
        {
            if (isHeld)
            {
                handle.DangerousRelease();
            }
        }
    }

    /// <summary>
    /// Opens, reads and closes such a file below an open directory. No handle object is made: files that are not kept open are
    /// read for every process, and nothing shall be left to the garbage collector.
    /// </summary>
    internal static ReadOutcome ReadRecord(KernelHandle directory, ReadOnlySpan<byte> name, KernelBuffer buffer, out ReadOnlySpan<byte> text)
    {
        text = default;
        int descriptor;
        try
        {
            KernelCalls? calls = KernelCalls.Begin();
            descriptor = Libc.OpenAt(directory, name, Libc.OpenReadOnly | OpenFlags);
            KernelCalls.End(calls, descriptor);
        }
        catch (ObjectDisposedException)
        {
            return ReadOutcome.ProcessGone;
        }

        if (descriptor < 0)
        {
            return Classify(Marshal.GetLastPInvokeError());
        }

        try
        {
            return IsFile(descriptor) ? ReadRecord(descriptor, buffer, out text) : ReadOutcome.Failed;
        }
        finally
        {
            _ = Libc.Close(descriptor);
        }
    }

    private static ReadOutcome ReadRecord(int descriptor, KernelBuffer buffer, out ReadOnlySpan<byte> text)
    {
        int length = 0;
        while (true)
        {
            ReadOutcome outcome = Read(descriptor, buffer.Free(length), length, out int count);
            if (outcome != ReadOutcome.Success)
            {
                text = default;
                return outcome;
            }

            length += count;
            if (count == 0 || length < buffer.Capacity)
            {
                text = buffer.Text(length);
                return ReadOutcome.Success;
            }
        }
    }

    /// <summary>
    /// Reads a file of many records to its end. A short read says nothing here: a 1 MiB read of smaps returns about one page.
    /// </summary>
    internal static ReadOutcome ReadToEnd(KernelHandle handle, KernelBuffer buffer, out ReadOnlySpan<byte> text)
    {
        int length = 0;
        while (true)
        {
            ReadOutcome outcome = Read(handle, buffer.Free(length), length, out int count);
            if (outcome != ReadOutcome.Success || count == 0)
            {
                text = outcome == ReadOutcome.Success ? buffer.Text(length) : default;
                return outcome;
            }

            length += count;
        }
    }

    /// <summary>Opens, reads to the end and closes a file by absolute path.</summary>
    internal static ReadOutcome ReadToEnd(string path, KernelBuffer buffer, out ReadOnlySpan<byte> text)
    {
        ReadOutcome outcome = Open(path, out KernelHandle handle);
        if (outcome != ReadOutcome.Success)
        {
            text = default;
            return outcome;
        }

        using (handle)
        {
            return ReadToEnd(handle, buffer, out text);
        }
    }

    /// <summary>One pread. If another thread has closed the handle because the process ended, the outcome is ProcessGone.</summary>
    internal static ReadOutcome Read(KernelHandle handle, Span<byte> buffer, long offset, out int count)
    {
        bool isHeld = false;
        try
        {
            handle.DangerousAddRef(ref isHeld);
            return Read((int)handle.DangerousGetHandle(), buffer, offset, out count);
        }
        catch (ObjectDisposedException)
        {
            count = 0;
            return ReadOutcome.ProcessGone;
        }
        finally
        {
            if (isHeld)
            {
                handle.DangerousRelease();
            }
        }
    }

    private static ReadOutcome Read(int descriptor, Span<byte> buffer, long offset, out int count)
    {
        nint read;
        do
        {
            KernelCalls? calls = KernelCalls.Begin();
            read = Libc.PRead(descriptor, buffer, (nuint)buffer.Length, offset);
            KernelCalls.End(calls);
        }
        while (read < 0 && Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted);

        count = (int)Math.Max(read, 0);
        return read < 0 ? Classify(Marshal.GetLastPInvokeError()) : ReadOutcome.Success;
    }

    /// <summary>One pwrite; success only when all bytes were taken.</summary>
    internal static ReadOutcome Write(KernelHandle handle, ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            nint written;
            do
            {
                KernelCalls? calls = KernelCalls.Begin();
                written = Libc.PWrite(handle, bytes, (nuint)bytes.Length, offset);
                KernelCalls.End(calls);
            }
            while (written < 0 && Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted);

            return written < 0 ? Classify(Marshal.GetLastPInvokeError()) : Written(written, bytes);
        }
        catch (ObjectDisposedException)
        {
            return ReadOutcome.ProcessGone;
        }
    }

    /// <summary>The length of a file that is a plain one; 0 if it does not say it.</summary>
    internal static long LengthOf(KernelHandle handle) =>
        Libc.Statx(handle, "\0"u8, Libc.EmptyPath, Libc.StatxSize, out Libc.StatxResult result) == 0 ? (long)result.Size : 0;

    /// <summary>
    /// One write to a file that takes commands. Files of records take no pwrite (<c>seq_open</c> clears <c>FMODE_PWRITE</c>), and what an error means is up to
    /// the command.
    /// </summary>
    /// <param name="handle">The file.</param>
    /// <param name="command">The command.</param>
    /// <param name="error">The error of the system call; 0 if there was none.</param>
    internal static ReadOutcome Command(KernelHandle handle, ReadOnlySpan<byte> command, out int error)
    {
        error = 0;
        try
        {
            nint written;
            do
            {
                written = Libc.Write(handle, command, (nuint)command.Length);
            }
            while (written < 0 && Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted);

            error = written < 0 ? Marshal.GetLastPInvokeError() : 0;
            return written < 0 ? Classify(error) : Written(written, command);
        }
        catch (ObjectDisposedException)
        {
            return ReadOutcome.ProcessGone;
        }
    }

    /// <summary>
    /// Opens a file below an open directory, writes a value to it and closes it, without a handle object: for the files of sysfs, of which one setting takes thousands. What the
    /// kernel does with the value may take as long as it likes, so it is not a call that counts as hung.
    /// </summary>
    /// <param name="directory">The directory.</param>
    /// <param name="name">The file, ended with a NUL.</param>
    /// <param name="text">The value.</param>
    /// <param name="error">The error of the system call; 0 if there was none.</param>
    internal static ReadOutcome Put(KernelHandle directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> text, out int error)
    {
        int descriptor;
        try
        {
            descriptor = Libc.OpenAt(directory, name, Libc.OpenWriteOnly | Libc.OpenTruncate | OpenFlags);
        }
        catch (ObjectDisposedException)
        {
            error = Libc.ErrorNoEntry;
            return ReadOutcome.NotSupported;
        }

        if (descriptor < 0)
        {
            error = Marshal.GetLastPInvokeError();
            return Classify(error);
        }

        nint written;
        do
        {
            written = Libc.Write(descriptor, text, (nuint)text.Length);
        }
        while (written < 0 && Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted);

        error = written < 0 ? Marshal.GetLastPInvokeError() : 0;
        _ = Libc.Close(descriptor);
        return written < 0 ? Classify(error) : Written(written, text);
    }

    private static ReadOutcome Written(nint count, ReadOnlySpan<byte> bytes) => count == bytes.Length ? ReadOutcome.Success : ReadOutcome.Failed;

    /// <summary>
    /// ENOENT means "no such file on this kernel" here; for a file below /proc/PID, the caller that knows the process distinguishes it from an exit
    /// (<see cref="Processes.ProcessDirectory"/>). ENODEV is what an open file of a control group says once the group was removed.
    /// </summary>
    internal static ReadOutcome Classify(int error) => error switch
    {
        Libc.ErrorNoProcess or Libc.ErrorNoDevice => ReadOutcome.ProcessGone,
        Libc.ErrorNoEntry or Libc.ErrorNotSupported or Libc.ErrorNoSystemCall => ReadOutcome.NotSupported,
        Libc.ErrorAccess or Libc.ErrorNotPermitted => ReadOutcome.Denied,
        _ => ReadOutcome.Failed,
    };
}
