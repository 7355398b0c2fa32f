namespace MemSnoop.Kernel;

/// <summary>The effective capabilities of a process (<c>capabilities(7)</c>), as the mask of <c>CapEff:</c> in its status.</summary>
public readonly record struct Capabilities(ulong Mask)
{
    private const int SystemPtrace = 19;
    private const int SystemAdmin = 21;

    /// <summary>CAP_SYS_ADMIN: frame numbers in pagemap, writing the idle bitmap.</summary>
    public bool HasSystemAdmin => (Mask & (1UL << SystemAdmin)) != 0;

    /// <summary>CAP_SYS_PTRACE: io, smaps and pagemap of other users' processes.</summary>
    public bool HasPtrace => (Mask & (1UL << SystemPtrace)) != 0;

    /// <summary>The capabilities of this process, none when they cannot be read.</summary>
    public static Capabilities OfThisProcess()
    {
        if (KernelFile.ReadToEnd("/proc/self/status", new KernelBuffer(), out ReadOnlySpan<byte> text) != ReadOutcome.Success)
        {
            return default;
        }

        int at = text.IndexOf("\nCapEff:\t"u8);
        return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(text[(at + "\nCapEff:\t"u8.Length)..], out ulong mask, out _, 'x')
            ? new Capabilities(mask)
            : default;
    }
}
