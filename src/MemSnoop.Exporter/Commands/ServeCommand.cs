using MemSnoop.Exporter.Hosting;
using MemSnoop.Exporter.LocalApi;
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

    public override Task<int> RunAsync(Invocation invocation, CancellationToken stop) => ExporterHost.RunAsync(CreateBuilder(invocation), stop);

    /// <exception cref="UsageException">What was asked for cannot be done on this host.</exception>
    internal static WebApplicationBuilder CreateBuilder(Invocation invocation)
    {
        ProcessesOptions processes = invocation.Options.Processes;
        ApiSocket.CheckPath(invocation.Host.Paths);
        Selections.CheckPids(processes.Pids, invocation.Host.Paths, "--pid");

        // Unlike an application that measures itself: without any selection all are watched, or the command alone.
        processes.WatchesItself = false;
        processes.All |= !processes.HasSelection && invocation.Child.Length == 0;
        return ExporterHost.CreateBuilder(invocation.Host, invocation.Options, invocation.Child);
    }
}
