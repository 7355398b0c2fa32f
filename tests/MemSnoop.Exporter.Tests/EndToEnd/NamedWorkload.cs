namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A copy of a workload under a name that nothing else on the machine has, so that it can be selected by name. It is gone with this object.</summary>
internal sealed class NamedWorkload : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private NamedWorkload(string program)
    {
        // The kernel keeps 15 bytes of a name.
        Name = $"{program}-{Environment.ProcessId}";
        Assert.InRange(Name.Length, 1, 15);
    }

    /// <summary>The processes' name.</summary>
    public string Name { get; }

    /// <summary>What to start.</summary>
    public string Path => _directory[Name];

    public static async Task<NamedWorkload> MakeAsync(string program)
    {
        NamedWorkload workload = new(program);
        File.Copy(await Workloads.PathAsync(program), workload.Path);
        return workload;
    }

    public void Dispose() => _directory.Dispose();
}
