using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>
/// The last stage of the <c>Dockerfile</c>, of the program as it is shipped and of this machine's libraries. What the build stage does takes minutes (ImageTests); what it
/// leaves is the same.
/// </summary>
internal static class ShippedImage
{
    public const string Name = "memsnoop-shipped";

    // Seconds where nobody else works.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    /// <summary>Makes the image.</summary>
    public static async Task MakeAsync(Podman podman)
    {
        string root = podman["shipped"];
        await Command.RunAsync(Path.Combine(Checkout.Root, "deploy", "image", "assemble.sh"), [Repository.Executable, root], Deadline);
        Dockerfile file = Dockerfile.Read();
        await podman.ImportAsync(
            root, Name, ((string[])["ENV", "USER", "EXPOSE", "ENTRYPOINT"]).SelectMany(instruction => file.Arguments(instruction).Select(text => $"{instruction} {text}")));
    }
}
