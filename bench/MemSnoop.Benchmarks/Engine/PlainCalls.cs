using System.Diagnostics;
using MemSnoop.Kernel;

namespace MemSnoop.Benchmarks.Engine;

/// <summary>The calls of a pass and nothing else: the same bytes in pieces of the same size.</summary>
internal static class PlainCalls
{
    private const int BitmapPiece = 512;
    private const int PagemapPiece = 512 * 1024;
    private const int FlagsPiece = 256 * 1024;

    private static readonly byte[] Buffer = new byte[PagemapPiece];

    internal static double Run(EngineHost host)
    {
        long start = Stopwatch.GetTimestamp();
        ReadAndWrite(host.BitmapFile, EngineHost.BitmapOffset, host.Frames / 8);
        if (host.NeedsFlags)
        {
            Read(host.Paths.Proc("kpageflags"), EngineHost.FlagsOffset, host.Frames * sizeof(ulong), FlagsPiece);
        }

        foreach (string pagemap in host.PagemapFiles)
        {
            Read(pagemap, EngineHost.FirstEntryOffset, host.Frames * sizeof(ulong) / host.PagemapFiles.Count, PagemapPiece);
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    private static void ReadAndWrite(string path, long offset, long bytes)
    {
        KernelFile.Open(path, Libc.OpenReadWrite, out KernelHandle handle);
        using (handle)
        {
            for (long at = 0; at < bytes; at += BitmapPiece)
            {
                Span<byte> piece = Buffer.AsSpan(0, (int)Math.Min(BitmapPiece, bytes - at));
                KernelFile.Read(handle, piece, offset + at, out _);
                KernelFile.Write(handle, piece, offset + at);
            }
        }
    }

    private static void Read(string path, long offset, long bytes, int piece)
    {
        KernelFile.Open(path, out KernelHandle handle);
        using (handle)
        {
            for (long at = 0; at < bytes; at += piece)
            {
                KernelFile.Read(handle, Buffer.AsSpan(0, (int)Math.Min(piece, bytes - at)), offset + at, out _);
            }
        }
    }
}
