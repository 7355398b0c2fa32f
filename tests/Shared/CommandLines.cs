namespace MemSnoop.Testing;

/// <summary>The command lines of this machine's processes.</summary>
internal static class CommandLines
{
    /// <summary>Whether any process was started with this text on its command line.</summary>
    public static bool AnyHas(string text) => Directory.EnumerateDirectories("/proc").Any(process =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Contains(text, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;   // it is none, or has just ended
        }
    });
}
