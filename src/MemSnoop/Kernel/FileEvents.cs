using System.Runtime.InteropServices;
using System.Text;

namespace MemSnoop.Kernel;

/// <summary>What happened to one file or directory, by its watch.</summary>
/// <param name="Watch">The number that <see cref="FileEvents.Watch"/> gave.</param>
/// <param name="Mask">The event, one of the constants <c>Libc.Notify…</c>.</param>
internal readonly record struct FileEvent(int Watch, uint Mask);

/// <summary>
/// Tells when programs open, write or close files (<c>inotify(7)</c>). It works on sysfs for what programs do through the same instance of it; a sysfs that was
/// mounted in another network namespace is another instance.
/// </summary>
internal sealed class FileEvents : IDisposable
{
    private readonly KernelHandle _queue = new(Libc.NotifyOpenQueue(Libc.NotifyNonBlocking | Libc.OpenCloseOnExec));
    private readonly byte[] _bytes = new byte[4096];
    private int _at;
    private int _end;

    /// <summary>Begins to watch a file, or all files of a directory. Negative if it is not there, or the host's limit of watches is reached.</summary>
    internal int Watch(string path, uint mask) =>
        _queue.IsInvalid ? -1 : Libc.NotifyAddWatch(_queue, Encoding.UTF8.GetBytes(path + '\0'), mask);

    /// <summary>Takes the oldest event that was not taken yet; false if there is none.</summary>
    internal unsafe bool TryTake(out FileEvent taken)
    {
        taken = default;
        if (_at == _end)
        {
            if (_queue.IsInvalid)
            {
                return false;
            }

            fixed (byte* bytes = _bytes)
            {
                _at = 0;
                _end = (int)Math.Max(Libc.Read(_queue, bytes, (nuint)_bytes.Length), 0);
            }
        }

        if (_end - _at < sizeof(Libc.NotifyEvent))
        {
            _at = _end;
            return false;
        }

        Libc.NotifyEvent read = MemoryMarshal.Read<Libc.NotifyEvent>(_bytes.AsSpan(_at));
        _at = Math.Min(_end, _at + sizeof(Libc.NotifyEvent) + (int)read.NameLength);
        taken = new FileEvent(read.Watch, read.Mask);
        return true;
    }

    public void Dispose() => _queue.Dispose();
}
