using System.Runtime.CompilerServices;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Compares a text with a file beside the tests. With MEMSNOOP_UPDATE_SNAPSHOTS=1 the file is written instead, to be reviewed as a diff.</summary>
internal static class TextFile
{
    public static void AssertEqual(string fileName, string actual, [CallerFilePath] string testFile = "")
    {
        string path = Path.Combine(Path.GetDirectoryName(testFile)!, "Snapshots", fileName);
        if (Environment.GetEnvironmentVariable("MEMSNOOP_UPDATE_SNAPSHOTS") == "1")
        {
            File.WriteAllText(path, actual);
        }

        Assert.Equal(File.ReadAllText(path), actual);
    }
}
