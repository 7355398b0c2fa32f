using MemSnoop.Exporter.Commands;
using MemSnoop.Exporter.Hosting;
using MemSnoop.Exporter.Tests.Commands;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MemSnoop.Exporter.Tests.Hosting;

/// <summary>The host of <c>memsnoop serve</c>, with one service more than it has.</summary>
public class ExporterHostTests
{
    private static readonly string[] Serve = ["serve", "--listen", "127.0.0.1:0", "--log.level", "error", "--pid", $"{Environment.ProcessId}", "--no-children", "--run-dir", "/proc/no/locks"];

    [Fact]
    public async Task A_service_that_fails_at_once_ends_the_program_with_its_reason()
    {
        (int code, string error) = await RunAsync(static services => new FailingService(Task.CompletedTask), TestContext.Current.CancellationToken);
        Assert.Equal((1, "memsnoop: FailingService failed: IOException: the disk is gone\n"), (code, error));
    }

    [Fact]
    public async Task So_does_one_that_fails_later_and_the_command_ends_too()
    {
        using TemporaryDirectory directory = new();
        string file = directory["pid"];
        Task started = Eventually.HoldsAsync(() => File.Exists(file) && File.ReadAllText(file).EndsWith('\n'));
        (int code, string error) = await RunAsync(
            services => new FailingService(started), TestContext.Current.CancellationToken, "--", "sh", "-c", $"echo $$ > {file}; exec sleep 1000");
        Assert.Equal((1, "memsnoop: FailingService failed: IOException: the disk is gone\n"), (code, error));
        string pid = (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Trim();
        await Eventually.HoldsAsync(() => !Directory.Exists($"/proc/{pid}"));
    }

    [Fact]
    public async Task One_that_cannot_be_made_is_a_reason_too()
    {
        (int code, string error) = await RunAsync(static _ => throw new InvalidDataException("no such method"), TestContext.Current.CancellationToken);
        Assert.Equal((1, "memsnoop: InvalidDataException: no such method\n"), (code, error));
    }

    [Fact]
    public async Task A_signal_during_the_start_is_no_failure()
    {
        using CancellationTokenSource stop = new();
        (int code, string error) = await RunAsync(
            _ =>
            {
                stop.Cancel();
                return new FailingService(Task.Delay(Timeout.Infinite, CancellationToken.None));
            },
            stop.Token);
        Assert.Equal((0, ""), (code, error));
    }

    private static async Task<(int Code, string Error)> RunAsync(Func<IServiceProvider, BackgroundService> service, CancellationToken stop, params string[] child)
    {
        CommandLineRun run = new();
        int code = await run.RunAsync([new ServeWith(service)], 15, stop, [.. Serve, .. child]);
        return (code, run.Error.ToString());
    }

    private sealed class ServeWith(Func<IServiceProvider, BackgroundService> service) : MemSnoopCommand("serve", "The exporter, and a service of this test.", static _ => true)
    {
        public override string Usage => Name;

        public override bool TakesChild => true;

        public override IReadOnlyList<(string CommandLine, string Meaning)> Examples => [];

        public override int ExitCodeWhenStopped(int signal) => new ServeCommand().ExitCodeWhenStopped(signal);

        public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
        {
            using ServedCommand command = new(invocation.Child, waiting: null);
            using Reloads reloads = new(static () => null);
            WebApplicationBuilder builder = ServeCommand.Plan(invocation.Host, invocation.Options, command).CreateBuilder(reloads);
            builder.Services.AddHostedService(service);
            return await ExporterHost.RunAsync(builder, stop);
        }
    }

    private sealed class FailingService(Task cause) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await cause.WaitAsync(stoppingToken);
            throw new IOException("the disk is gone");
        }
    }
}
