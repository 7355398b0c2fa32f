using System.Globalization;
using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Benchmarks.Engine;

/// <summary>How the memory of the fake host is laid out and used.</summary>
internal enum Layout
{
    /// <summary>Pages of 4 KiB, none of them accessed: nothing to look up.</summary>
    Idle,

    /// <summary>Pages of 4 KiB, every fifth accessed in each window, scattered.</summary>
    FifthActive,

    /// <summary>Huge pages of 2 MiB, every fifth accessed in each window.</summary>
    Huge,
}

/// <summary>
/// Plain files that look like a host with so and so much memory, all of it mapped: by processes of equal size, in runs of
/// eight frames that lie in no order, as a machine's memory does that has been up for a while.
/// </summary>
internal sealed class EngineHost : IDisposable
{
    private const int RunFrames = 8;
    private const int FolioFrames = 512;
    private const ulong FirstPage = 0x1000;

    /// <summary>The second block of 128 MiB: frame 0 means hidden numbers.</summary>
    private const long FirstFrame = FrameBlock.Frames;
    private const ulong Present = 1UL << 63;
    private const ulong Exclusive = 1UL << 56;
    private const ulong Page = (1UL << 5) | (1UL << 12) | (1UL << 14);
    private const ulong Head = 1UL << 15;
    private const ulong Tail = 1UL << 16;
    private const ulong Thp = 1UL << 22;

    private readonly string _root;
    private readonly Layout _layout;
    private readonly ulong[] _words;
    private readonly KernelHandle _bitmap;

    internal EngineHost(string directory, Layout layout, long frames, int processes)
    {
        _root = Directory.CreateDirectory(Path.Combine(directory, "memsnoop-engine-" + Guid.NewGuid().ToString("N"))).FullName;
        _layout = layout;
        Frames = frames;
        Paths = new KernelPaths(Path.Combine(_root, "proc"), Path.Combine(_root, "sys"), Path.Combine(_root, "run"));
        BitmapFile = Paths.Sys(IdleBitmap.RelativePath);
        Directory.CreateDirectory(Path.GetDirectoryName(BitmapFile)!);
        Directory.CreateDirectory(Paths.ProcRoot);
        _words = new ulong[frames / 64];
        File.WriteAllBytes(BitmapFile, []);
        KernelFile.Open(BitmapFile, Libc.OpenReadWrite, out _bitmap);
        WriteFlags();
        WriteProcesses(processes);
        Use();
    }

    internal KernelPaths Paths { get; }

    internal string BitmapFile { get; }

    internal long Frames { get; }

    internal List<TrackedProcess> Processes { get; } = [];

    internal List<string> PagemapFiles { get; } = [];

    internal static long BitmapOffset => FirstFrame / 8;

    internal static long FlagsOffset => FirstFrame * sizeof(ulong);

    internal static long FirstEntryOffset => (long)FirstPage * sizeof(ulong);

    /// <summary>Frames of which the flags have to be looked up.</summary>
    internal bool NeedsFlags => _layout != Layout.Idle;

    /// <summary>Makes the bitmap what the kernel would show one window after everything was marked.</summary>
    internal void Use()
    {
        for (int word = 0; word < _words.Length; word++)
        {
            _words[word] = _layout switch
            {
                Layout.Idle => ulong.MaxValue,

                // Bits that are set in one of five of any frames, another five in each word.
                Layout.FifthActive => ~(0x1084210842108421UL << (word % 5)),
                _ => word % 8 == 0 && word / 8 % 5 != 0 ? 1UL : 0,
            };
        }

        // Not by a FileStream, which would ask for the lock that the estimator holds.
        if (KernelFile.Write(_bitmap, MemoryMarshal.AsBytes(_words.AsSpan()), BitmapOffset) != ReadOutcome.Success)
        {
            throw new InvalidOperationException("the bitmap cannot be written");
        }
    }

    internal long ExpectedActive => _layout switch
    {
        Layout.Idle => 0,
        Layout.FifthActive => _words.Sum(static word => (long)(64 - System.Numerics.BitOperations.PopCount(word))),
        _ => Frames - (_words.Sum(static word => (long)System.Numerics.BitOperations.PopCount(word)) * FolioFrames),
    };

    private void WriteFlags()
    {
        ulong[] flags = new ulong[FolioFrames];
        for (int i = 0; i < FolioFrames; i++)
        {
            flags[i] = _layout != Layout.Huge ? Page : Page | Thp | (i == 0 ? Head : Tail);
        }

        using FileStream file = File.Create(Paths.Proc("kpageflags"), 1 << 20);
        file.Position = FlagsOffset;
        for (long frame = 0; frame < Frames; frame += FolioFrames)
        {
            file.Write(MemoryMarshal.AsBytes(flags.AsSpan()));
        }
    }

    private void WriteProcesses(int processes)
    {
        int runLength = _layout == Layout.Huge ? FolioFrames : RunFrames;
        uint[] runs = new uint[Frames / runLength];
        for (uint i = 0; i < runs.Length; i++)
        {
            runs[i] = i;
        }

        // The same disorder each time.
        new Random(1).Shuffle(runs);
        int next = 0;
        for (int process = 0; process < processes; process++)
        {
            string pid = (100 + process).ToString(CultureInfo.InvariantCulture);
            string directory = Directory.CreateDirectory(Paths.Proc(pid)).FullName;
            string[] fields = [.. Enumerable.Repeat("0", 49)];
            File.WriteAllText(Path.Combine(directory, "stat"), $"{pid} (engine) S {string.Join(' ', fields)}\n");
            long pages = Frames / processes;
            File.WriteAllText(Path.Combine(directory, "maps"), $"{FirstPage * 4096:x}-{(FirstPage + (ulong)pages) * 4096:x} rw-p 00000000 00:00 0\n");
            PagemapFiles.Add(Path.Combine(directory, "pagemap"));
            using FileStream pagemap = File.Create(PagemapFiles[^1], 1 << 20);
            pagemap.Position = FirstEntryOffset;
            ulong[] entries = new ulong[runLength];
            for (long page = 0; page < pages; page += runLength)
            {
                ulong first = (ulong)(FirstFrame + ((long)runs[next++] * runLength));
                for (int i = 0; i < runLength; i++)
                {
                    entries[i] = Present | Exclusive | (first + (ulong)i);
                }

                pagemap.Write(MemoryMarshal.AsBytes(entries.AsSpan()));
            }

            if (TrackedProcess.TryTrack(Paths, new HandleBudget(100), 100 + process, out TrackedProcess? tracked) != ReadOutcome.Success)
            {
                throw new InvalidOperationException("a process of the fake host cannot be read");
            }

            Processes.Add(tracked!);
        }
    }

    public void Dispose()
    {
        _bitmap.Dispose();
        Processes.ForEach(static process => process.Dispose());
        Directory.Delete(_root, recursive: true);
    }
}
