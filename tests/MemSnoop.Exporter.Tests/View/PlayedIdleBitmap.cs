using System.Diagnostics;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using Microsoft.Win32.SafeHandles;

namespace MemSnoop.Exporter.Tests.View;

/// <summary>
/// Plays <c>page_idle/bitmap</c> for the hot part of a workload, on kernels that have none: a plain file in which the bits of its frames are cleared again and again, as the kernel does for frames that
/// are accessed. All other frames stay idle once they are marked. In every other phase only a third of the hot part is accessed.
/// </summary>
internal sealed class PlayedIdleBitmap : IAsyncDisposable
{
    // More than two windows of a recording, so that each state has a window of its own.
    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(2.5);

    // Far below the length of a window.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly MemoryMappedFile _bitmap;
    private readonly MemoryMappedViewAccessor _words;
    private readonly ulong[] _idle;
    private readonly ulong[] _file;
    private readonly Task _playing;

    /// <param name="sysfs">An empty directory that becomes the exporter's <c>/sys</c>.</param>
    /// <param name="workloads">Programs whose hot parts are accessed all the time.</param>
    public PlayedIdleBitmap(TemporaryDirectory sysfs, params IReadOnlyList<Workload> workloads)
    {
        string path = sysfs.Write("kernel/mm/page_idle/bitmap", "");
        _idle = new ulong[(Frames() + 63) / 64];
        _file = new ulong[_idle.Length];
        using (FileStream file = File.OpenWrite(path))
        {
            file.SetLength(_idle.Length * sizeof(ulong));
        }

        // Opened without the framework, whose lock would be in the way of the exporter's, and written to by its pages alone: the exporter notices whoever opens or writes.
        Assert.Equal(ReadOutcome.Success, KernelFile.Open(path, Libc.OpenReadWrite, out KernelHandle opened));
        using (SafeFileHandle handle = new((int)opened.DangerousGetHandle(), ownsHandle: false))
        using (opened)
        {
            _bitmap = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
            _words = _bitmap.CreateViewAccessor();
        }

        _playing = Task.Run(() => PlayAsync(workloads));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _playing;
        _words.Dispose();
        _bitmap.Dispose();
        _stop.Dispose();
    }

    // As many as /proc/iomem has addresses of.
    private static long Frames() => File.ReadLines("/proc/iomem")
        .Where(static line => line.EndsWith(": System RAM", StringComparison.Ordinal))
        .Max(static line => long.Parse(line.Split(' ')[0].Split('-')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) / Environment.SystemPageSize) + 1;

    private async Task PlayAsync(IReadOnlyList<Workload> workloads)
    {
        long started = Stopwatch.GetTimestamp();
        while (!_stop.IsCancellationRequested)
        {
            bool isWhole = (long)(Stopwatch.GetElapsedTime(started) / Phase) % 2 == 0;
            Adopt();
            foreach (Workload workload in workloads)
            {
                Access(workload, isWhole ? 1 : 3);
            }

            Publish();
            await Task.Delay(Pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // What has been marked idle since. A 0 that is written marks nothing, as in the kernel.
    private void Adopt()
    {
        _words.ReadArray(0, _file, 0, _file.Length);
        for (int word = 0; word < _idle.Length; word++)
        {
            _idle[word] |= _file[word];
        }
    }

    private void Access(Workload workload, int divisor)
    {
        long[] range = [.. workload.Said.GetProperty("hot_range").EnumerateArray().Select(static end => long.Parse(end.GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
        ulong[] entries = new ulong[(range[1] - range[0]) / divisor / Environment.SystemPageSize];
        try
        {
            using FileStream pagemap = new($"/proc/{workload.Pid}/pagemap", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            pagemap.Position = range[0] / Environment.SystemPageSize * sizeof(ulong);
            pagemap.ReadAtLeast(MemoryMarshal.AsBytes(entries.AsSpan()), entries.Length * sizeof(ulong), throwOnEndOfStream: false);
        }
        catch (IOException)
        {
            // It has ended.
            return;
        }

        foreach (PagemapEntry entry in entries.Select(static word => new PagemapEntry(word)).Where(static entry => entry.IsPresent))
        {
            _idle[entry.FrameNumber / 64] &= ~(1UL << (int)(entry.FrameNumber % 64));
        }
    }

    private void Publish()
    {
        for (int i = 0; i < _idle.Length; i++)
        {
            if (_file[i] != _idle[i])
            {
                _words.Write(i * sizeof(ulong), _idle[i]);
            }
        }
    }
}
