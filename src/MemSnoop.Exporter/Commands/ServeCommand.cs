using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Hosting;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.Options;

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

    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        // It is forked before anything is given up, and by the first of two starts.
        using ServedCommand command = new(invocation.Child, invocation.Walls?.Command);
        HostPlan plan = Plan(invocation.Host, invocation.Options, command);
        Confinement? confinement = invocation.Options.Sandbox.Enabled ? invocation.Walls?.Raise(NeedsOf(plan), invocation.Options.Files, command.Waiting, stop) : null;
        plan = plan with { Confinement = confinement };
        using Reloads reloads = new(() =>
        {
            ExporterOptions options = invocation.ReadAgain();
            HostPlan next = Plan(new MeasuredHost(options), options, command) with { Confinement = confinement };
            return options.IsSameAs(plan.Options) ? null
                : WhyRestart(next, invocation.Walls) is { } why ? throw new OptionsValidationException("", typeof(ExporterOptions), [why])
                : next;
        });
        using HangUp hangUp = new(end.Cancel, reloads.Request);
        HostPlan? before = null;
        while (true)
        {
            try
            {
                int code = await ExporterHost.RunAsync(plan.CreateBuilder(reloads), end.Token).ConfigureAwait(false);
                if (end.IsCancellationRequested || reloads.Take() is not { } next)
                {
                    return code;
                }

                (before, plan) = (plan, next);
            }
            catch (Exception wrong) when (before is not null && wrong is UsageException or OptionsValidationException)
            {
                // Only its start showed that it is of no use.
                reloads.Refusal = UsageException.OneLine(wrong.Message);
                (before, plan) = (null, before!);
            }
            catch (OperationCanceledException) when (end.IsCancellationRequested && !stop.IsCancellationRequested)
            {
                return ExitCodeWhenStopped(Libc.SignalHangUp);
            }
        }
    }

    /// <exception cref="UsageException">What was asked for cannot be done on this host.</exception>
    internal static HostPlan Plan(MeasuredHost host, ExporterOptions options, ServedCommand command)
    {
        ProcessesOptions processes = options.Processes;
        ApiSocket.CheckPath(host.Paths);
        Selections.CheckPids(processes.Pids, host.Paths, "--pid");

        // Unlike an application that measures itself: without any selection all are watched, or the command alone.
        processes.WatchesItself = false;
        processes.All |= !processes.HasSelection && !command.IsGiven;
        return new HostPlan(host, options, command, Confinement: null);
    }
    /// <summary>Why a process that has given up rights cannot take this configuration; null if it can.</summary>
    private static string? WhyRestart(HostPlan next, Walls? walls) =>
        next.Confinement is { } confinement ? confinement.WhyRestart(NeedsOf(next))
        : next.Options.Sandbox.Enabled && walls is not null ? "Sandbox:Enabled needs a restart: the walls stand before anything runs"
        : null;

    private static NeededRights NeedsOf(HostPlan plan) => NeededRights.Of(plan.Measured, plan.Options, plan.Options.Files, plan.Command.IsGiven);
}
