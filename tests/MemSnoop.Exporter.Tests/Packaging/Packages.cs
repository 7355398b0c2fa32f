using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Exporter.Tests.Deploy;

namespace MemSnoop.Exporter.Tests.Packaging;

/// <summary>The archive and the package of the native program, made once for all tests.</summary>
public sealed class Packages : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private readonly TemporaryDirectory _directory = new();

    internal string Directory => _directory.Root;

    internal string Archive { get; } = $"memsnoop-{Release.Version}-linux-x64.tar.gz";

    internal string Package { get; } = $"memsnoop_{Release.Version}_amd64.deb";

    internal string this[string relative] => _directory[relative];

    public async ValueTask InitializeAsync() =>
        await Command.RunAsync(Path.Combine(Checkout.Root, "deploy", "package.sh"), ["--program", Repository.Executable, "--output", _directory.Root, "tar", "deb"], Deadline);

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Tests that look into them.</summary>
[CollectionDefinition(Name)]
public sealed class PackagesCollection : ICollectionFixture<Packages>
{
    public const string Name = "packages";
}
