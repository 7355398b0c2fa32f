namespace MemSnoop.Testing.Fuzzing;

/// <summary>A copy of this test program's directory in which the assemblies under test tell which ways a case takes.</summary>
internal static class InstrumentedCopy
{
    // What the copy has and the original has not.
    private const string Mark = "instrumented";

    /// <summary>Whether this program is the copy.</summary>
    public static bool IsThis => File.Exists(Path.Combine(AppContext.BaseDirectory, Mark));

    /// <summary>Makes the copy, anew each time.</summary>
    /// <param name="assemblies">The assemblies under test.</param>
    /// <returns>The program in it.</returns>
    public static string Make(IEnumerable<string> assemblies)
    {
        string program = Path.GetFileName(Environment.ProcessPath!);
        string copy = Path.Combine(Checkout.Root, "artifacts", "fuzz", program);
        if (Directory.Exists(copy))
        {
            Directory.Delete(copy, recursive: true);
        }

        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(copy, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        foreach (string assembly in assemblies)
        {
            // All blocks of all types. What it gives back is read so that it is done.
            Assert.NotEmpty(SharpFuzz.Fuzzer.Instrument(Path.Combine(copy, assembly), static _ => true, SharpFuzz.Options.Value).ToList());
        }

        File.WriteAllText(Path.Combine(copy, Mark), "");
        return Path.Combine(copy, program);
    }
}
