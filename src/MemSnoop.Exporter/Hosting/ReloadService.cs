using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Instruments;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MemSnoop.Exporter.Hosting;

/// <summary>
/// Reads the configuration again when that is asked for. If it is wrong, or has not changed, all goes on as it is. Else this host ends, and one with the new
/// configuration takes its place; the command after <c>--</c> runs on.
/// </summary>
internal sealed partial class ReloadService(Reloads reloads, SamplingPipeline pipeline, IHostApplicationLifetime lifetime, ILoggerFactory loggers) : BackgroundService
{
    private readonly ILogger _logger = loggers.CreateLogger("memsnoop");

    internal static void CreateInstruments(InstrumentScope scope, Reloads reloads) => scope.Gauge<long>(
        "memsnoop.config.last_reload_successful", "1", "1 if the configuration as it was last read is the one in use, 0 if it was wrong.", () => [new(reloads.Refusal is null ? 1 : 0)]);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        CreateInstruments(pipeline.Scope(null), reloads);
        if (reloads.Refusal is { } refusal)
        {
            Refused(refusal);
        }

        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // What is asked for while this host starts is done once it has.
        await Task.Delay(Timeout.Infinite, lifetime.ApplicationStarted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (true)
        {
            await reloads.WaitAsync(stoppingToken).ConfigureAwait(false);
            try
            {
                bool isNew = reloads.Prepare();
                reloads.Refusal = null;
                if (isNew)
                {
                    Reloading();
                    lifetime.StopApplication();
                    return;
                }

                Unchanged();
            }
            catch (Exception wrong) when (wrong is UsageException or OptionsValidationException)
            {
                reloads.Refusal = UsageException.OneLine(wrong.Message);
                Refused(reloads.Refusal);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "the configuration has changed and is taken")]
    private partial void Reloading();

    [LoggerMessage(Level = LogLevel.Information, Message = "the configuration was read again and has not changed")]
    private partial void Unchanged();

    [LoggerMessage(Level = LogLevel.Error, Message = "the configuration was read again and is wrong, so the one before stays in use: {Reason}")]
    private partial void Refused(string reason);
}
