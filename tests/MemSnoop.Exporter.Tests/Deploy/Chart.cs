namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The chart of <c>deploy/helm/memsnoop</c>, as helm renders it for a release of its own name.</summary>
internal static class Chart
{
    public static string Directory { get; } = Path.Combine(Checkout.Root, "deploy", "helm", "memsnoop");

    /// <summary>What <c>helm install</c> would apply.</summary>
    /// <param name="options">Of helm: <c>--set</c>, <c>--values</c>.</param>
    public static async Task<string> TemplateAsync(params string[] options)
    {
        CommandResult result = await TryAsync("template", options);
        return result.ExitCode == 0 ? result.Output : throw new CommandException($"helm template {string.Join(' ', options)}:\n{result.Error}");
    }

    /// <summary>Runs <c>helm template</c> or <c>helm lint</c>.</summary>
    public static Task<CommandResult> TryAsync(string command, params string[] options) =>
        Kubectl.HelmAsync([command, .. command == "template" ? (string[])["memsnoop"] : [], Directory, "--namespace", "memsnoop", .. options]);
}
