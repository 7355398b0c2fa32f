namespace MemSnoop.Testing;

/// <summary>A directory that is gone after the test.</summary>
/// <param name="inMemory">Whether it is to be on no disk, for a million files after each other.</param>
internal sealed class TemporaryDirectory(bool inMemory = false) : IDisposable
{
    public string Root { get; } = inMemory ? Directory.CreateDirectory($"/dev/shm/memsnoop-{Guid.NewGuid():N}").FullName : Directory.CreateTempSubdirectory("memsnoop-").FullName;

    /// <summary>A path in the directory.</summary>
    public string this[string relative] => Path.Combine(Root, relative);

    /// <summary>Writes a file, and the directories above it. A file that is there keeps its inode, so that open handles see the new text.</summary>
    public string Write(string relative, string text)
    {
        string path = this[relative];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Copies a tree of plain files.</summary>
    public void CopyFrom(string source, string relative)
    {
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(this[relative], Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
