using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop containers [SECONDS]</c>: the containers of the host, what they hold, use and may hold, once.</summary>
internal sealed class ContainersCommand : MemSnoopCommand
{
    private const double MiB = 1 << 20;

    private readonly Argument<string> _seconds = new("SECONDS")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Length of the window: a number of seconds such as 0.5, or a duration such as 2m. Where an exporter runs, it is the exporter's last window.",
    };

    private readonly Option<bool> _json = new("--json") { Arity = ArgumentArity.Zero, Description = "Write JSON instead of a table." };

    public ContainersCommand()
        : base("containers", "Show once what each container holds, uses and may hold.", static setting => IsAsked(setting) || KernelSettings.All.Contains(setting))
    {
        Add(_seconds);
        Add(_json);
    }

    public override string Usage => "containers [SECONDS] [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
    [
        ("memsnoop containers", "show the last window that the exporter has of each container, its usage and its limit"),
        ("memsnoop containers 30", "measure what each container uses within the next 30 seconds, if no exporter runs"),
    ];

    public override void CheckArguments(ParseResult arguments) => _ = WindowLength.Read(arguments.GetValue(_seconds));

    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        AllContainers all = new(invocation.Host, invocation.Error);
        ContainersAnswer answer = await all.ReadAsync(WindowLength.Read(invocation.Arguments.GetValue(_seconds)), stop).ConfigureAwait(false);
        stop.ThrowIfCancellationRequested();   // half a window has no result
        await invocation.Output.WriteAsync(
            invocation.Arguments.GetValue(_json) ? JsonSerializer.Serialize(answer, AnswerJson.Default.ContainersAnswer) + "\n" : Table(answer.Containers)).ConfigureAwait(false);
        return ExitCode.Success;
    }

    /// <summary>Whether it is a setting of a source of names that answers when it is asked; the API server tells when it wants to.</summary>
    private static bool IsAsked(Setting setting) => ContainersSettings.All.Contains(setting)
        && !setting.Path.Contains(":KubernetesApi", StringComparison.Ordinal) && setting != ContainersSettings.NodeName;

    /// <summary>A row a container. A bracket where the window was disturbed, a tilde before an estimate, a dash for what is not known.</summary>
    internal static string Table(IReadOnlyList<ContainerAnswer> containers)
    {
        string[][] rows =
        [
            ["CONTAINER", "HELD(MiB)", "USED(MiB)", "IDLE(MiB)", "USAGE(MiB)", "LIMIT(MiB)"],
            .. containers.Select(static container => (string[])
            [
                SafeText.Of(container.ShownName), Text(container.HeldBytes),
                container.UsedBytes is null && container.LowerBytes is not null ? $"{Text(container.LowerBytes)}-{Text(container.UpperBytes)}" : (container.ErrorBytes is null ? "" : "~") + Text(container.UsedBytes),
                Text(container.IdleBytes), Text(container.UsageBytes), Text(container.LimitBytes),
            ]),
        ];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        StringBuilder table = new();
        foreach (string[] row in rows)
        {
            table.Append(row[0].PadRight(widths[0]));
            for (int column = 1; column < row.Length; column++)
            {
                table.Append("  ").Append(row[column].PadLeft(widths[column]));
            }

            table.Append('\n');
        }

        return table.ToString();
    }

    private static string Text(ulong? bytes) => bytes is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known / MiB:F2}") : "-";
}
