using MemSnoop.Tracing;

namespace MemSnoop.Testing.Fuzzing;

/// <summary>Page traces whose frames are sound and whose payloads are any bytes: random bytes would not get past the checksums.</summary>
internal static class PageTracePayloads
{
    /// <summary>The file of payloads that stand one after the other, each behind a byte with its length less one.</summary>
    public static byte[] ToFile(ReadOnlySpan<byte> payloads)
    {
        using MemoryStream file = new();
        file.Write(PageTraceFormat.Magic);
        file.Write([(byte)PageTraceFormat.Version, 0]);
        PageTraceFrame frame = new();
        while (payloads.Length > 1)
        {
            int length = Math.Min(payloads[0] + 1, payloads.Length - 1);
            frame.Write(file, payloads.Slice(1, length));
            payloads = payloads[(1 + length)..];
        }

        return file.ToArray();
    }
}
