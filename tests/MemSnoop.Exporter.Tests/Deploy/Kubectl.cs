using k8s;
using k8s.Models;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The kubectl that tests/kubectl/install.sh fetches. It renders manifests, for which it needs no cluster.</summary>
internal static class Kubectl
{
    // Seconds where nothing is cached.
    private static readonly TimeSpan InstallDeadline = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RenderDeadline = TimeSpan.FromMinutes(1);

    private static readonly Lazy<Task<string>> Installed = new(static async () =>
        (await Command.RunAsync(Path.Combine(Checkout.Root, "tests", "kubectl", "install.sh"), [], InstallDeadline)).TrimEnd('\n'));

    /// <summary>
    /// What <c>kubectl apply -k</c> would apply. Fields that Kubernetes does not know, and values of another type than theirs, throw: an API server would
    /// refuse them.
    /// </summary>
    /// <param name="directory">A directory with a <c>kustomization.yaml</c>, below the checkout's root.</param>
    public static async Task<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>> RenderAsync(string directory)
    {
        string yaml = await Command.RunAsync(await Installed.Value, ["kustomize", Path.Combine(Checkout.Root, directory)], RenderDeadline);
        return [.. KubernetesYaml.LoadAllFromString(yaml, strict: true).Cast<IKubernetesObject<V1ObjectMeta>>()];
    }
}
