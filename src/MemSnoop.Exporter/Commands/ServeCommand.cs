using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Hosting;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using Microsoft.AspNetCore.Builder;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop serve</c>: the exporter. It is the command when none is named.</summary>
internal sealed class ServeCommand() : MemSnoopCommand("serve", "Watch processes and publish what they use to Prometheus and OTLP (the default command).", _ => true)
{
    public override string Usage => "[serve] [OPTIONS] [-- COMMAND [ARG...]]";

    public override bool TakesChild => true;

    public override bool TellsOfDeprecatedNames => true;

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
    [
        ("memsnoop serve --name '^postgres$' --working-set-interval 30s", "publish what PostgreSQL used in the last 30 seconds at http://localhost:9464/metrics"),
        ("memsnoop -- ./my-program --its-option", "start a program and watch it and its children"),
    ];

    // 0: being stopped is the normal end of a server, and systemd and Kubernetes take any other code for a failure.
    public override int ExitCodeWhenStopped(int signal) => ExitCode.Success;

    public override Task<int> RunAsync(Invocation invocation, CancellationToken stop) => ExporterHost.RunAsync(CreateBuilder(invocation, stop), stop);

    /// <exception cref="UsageException">What was asked for cannot be done on this host.</exception>
    /// <exception cref="OperationCanceledException">It was stopped meanwhile.</exception>
    internal static WebApplicationBuilder CreateBuilder(Invocation invocation, CancellationToken stop)
    {
        ExporterOptions options = invocation.Options;
        ProcessesOptions processes = options.Processes;
        ApiSocket.CheckPath(invocation.Host.Paths);
        Selections.CheckPids(processes.Pids, invocation.Host.Paths, "--pid");

        // Unlike an application that measures itself: without any selection all are watched, or the command alone.
        processes.WatchesItself = false;
        processes.All |= !processes.HasSelection && invocation.Child.Length == 0;

        // It is forked before anything is given up, and by the first of two starts.
        WaitingCommand? command = invocation.Child.Length == 0 ? null : invocation.Walls?.Command ?? WaitingCommand.Prepare(invocation.Child);
        Confinement? confinement = options.Sandbox.Enabled
            ? invocation.Walls?.Raise(NeededRights.Of(invocation.Host, options, options.Files, command is not null), command, stop)
            : null;
        return ExporterHost.CreateBuilder(invocation.Host, options, confinement, invocation.Child, command);
    }
}
