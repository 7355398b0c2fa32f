namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The kubectl and the helm that tests/kubectl/install.sh fetches. They render manifests, for which they need no cluster.</summary>
internal static class Kubectl
{
    // Seconds where nothing is cached.
    private static readonly TimeSpan InstallDeadline = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RenderDeadline = TimeSpan.FromMinutes(1);

    private static readonly Lazy<Task<string>> Installed = new(static async () =>
        (await Command.RunAsync(Path.Combine(Checkout.Root, "tests", "kubectl", "install.sh"), [], InstallDeadline)).TrimEnd('\n'));

    /// <summary>What <c>kubectl apply -k</c> would apply.</summary>
    /// <param name="directory">A directory with a <c>kustomization.yaml</c>, below the checkout's root.</param>
    public static async Task<Manifests> RenderAsync(string directory) =>
        new(await Command.RunAsync(Path.Combine(await Installed.Value, "kubectl"), ["kustomize", Path.Combine(Checkout.Root, directory)], RenderDeadline));

    /// <summary>What an overlay of the base with these components would apply.</summary>
    /// <param name="components">Names of directories in deploy/kubernetes/components.</param>
    public static async Task<Manifests> RenderWithAsync(params string[] components)
    {
        using TemporaryDirectory overlay = new();
        string kubernetes = Path.GetRelativePath(overlay.Root, Path.Combine(Checkout.Root, "deploy", "kubernetes"));
        overlay.Write("kustomization.yaml", $"""
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            resources: [{kubernetes}/base]
            components: [{string.Join(", ", components.Select(component => $"{kubernetes}/components/{component}"))}]
            """);
        return await RenderAsync(overlay.Root);
    }

    /// <summary>Runs helm.</summary>
    public static async Task<CommandResult> HelmAsync(params string[] arguments) =>
        await Command.TryRunAsync(Path.Combine(await Installed.Value, "helm"), arguments, RenderDeadline);
}
