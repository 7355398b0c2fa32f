using MemSnoop.Kernel;

namespace MemSnoop.Tests.Kernel;

/// <summary>Whose processes a proc root shows, by the namespace of its first process, or where that cannot be seen by one's own.</summary>
public sealed class PidNamespaceTests : IDisposable
{
    private const string Host = "pid:[4026531836]";
    private const string Other = "pid:[4026532445]";

    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData(Host, Host, true, false)]
    [InlineData(Other, Other, true, true)]
    [InlineData(Host, Other, false, false)]   // a container's reader of the host's proc
    [InlineData(null, Host, true, false)]     // another user than root
    [InlineData(null, Other, true, true)]
    [InlineData(null, Other, false, false)]   // not known: its own namespace is not the one that is shown
    [InlineData(null, null, true, false)]     // a tree of plain files
    public void A_container_is_told_from_a_host(string? first, string? own, bool isOwn, bool isContainers)
    {
        Link("1/ns/pid", first);
        Link("self", isOwn ? $"{Environment.ProcessId}" : "7");
        Link($"{(isOwn ? Environment.ProcessId : 7)}/ns/pid", own);

        Assert.Equal(isContainers, PidNamespace.IsContainers(new KernelPaths(_directory.Root)));
    }

    public void Dispose() => _directory.Dispose();

    private void Link(string path, string? target)
    {
        if (target is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_directory[path])!);
            File.CreateSymbolicLink(_directory[path], target);
        }
    }
}
