using System.Runtime.Versioning;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A copy of the program and of a workload where any user can run them; a checkout may be its owner's alone.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PublicCopy : IDisposable
{
    /// <summary>Becomes the user nobody, in a way that the kernel takes for that user's own program: by exec, without capabilities.</summary>
    public static readonly string[] AsNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];

    private const UnixFileMode Everybody =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly TemporaryDirectory _directory = new();

    private PublicCopy()
    {
    }

    public string Program => _directory["program/memsnoop"];

    public string Touch => _directory["touch"];

    public static async Task<PublicCopy> MakeAsync()
    {
        PublicCopy copy = new();
        copy._directory.CopyFrom(Path.GetDirectoryName(Repository.Executable)!, "program");
        File.Copy(await Workloads.PathAsync("touch"), copy.Touch);
        Open(copy._directory);
        return copy;
    }

    /// <summary>A copy of another program's directory.</summary>
    public static TemporaryDirectory Of(string program)
    {
        TemporaryDirectory copy = new();
        copy.CopyFrom(program, "");
        Open(copy);
        return copy;
    }

    private static void Open(TemporaryDirectory directory)
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries(directory.Root, "*", SearchOption.AllDirectories).Append(directory.Root))
        {
            File.SetUnixFileMode(entry, Everybody);
        }
    }

    public void Dispose() => _directory.Dispose();
}
