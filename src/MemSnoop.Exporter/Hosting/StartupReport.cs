using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Exporter.Web;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Paging;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Hosting;

/// <summary>The first lines of the log: where to scrape, how working sets are measured, why no better method is used, and what limits the numbers.</summary>
internal sealed partial class StartupReport(
    ExporterOptions options, SamplingPipeline pipeline, MeasuredHost host, WebAccess access, IServer server, Rights rights, ILoggerFactory loggers) : LifecycleService
{
    public override Task StartedAsync(CancellationToken cancellationToken)
    {
        ILogger logger = loggers.CreateLogger("memsnoop");
        ICollection<string> urls = server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses;
        foreach (string url in urls)
        {
            // A socket's path would run into the other: between them a colon, as elsewhere.
            Listening(logger, IsOfThisHost(url, "unix") ? url + ":" : url, options.Web.TelemetryPath);
        }

        if (!access.HasTls && !access.KnowsClients && urls.Any(static url => !IsOfThisHost(url, "unix", "127.", "[::1]", "localhost")))
        {
            Open(logger);
        }

        if (options.Otlp.IsOn)
        {
            Uri receiver = options.Otlp.Url();
            string protocol = OtlpSettings.Protocol.Describe(options);
            Pushing(logger, receiver, protocol, options.Otlp.Interval);
        }

        pipeline.Report(logger);
        if (PidNamespace.IsContainers(host.Paths))
        {
            OwnNamespace(logger);
        }

        ReportRights(logger);
        if (Libc.EffectiveUserId() != 0)
        {
            NotRoot(logger);
        }
        else if (MeasuringLock.WhyMissing(host.Paths) is { } reason)
        {
            NoLocks(logger, reason);
        }

        if (TransparentHugePages.TryReadMode(host.Paths, out string mode) == ReadOutcome.Success && mode == "always")
        {
            HugePages(logger);
        }

        return Task.CompletedTask;
    }

    private void ReportRights(ILogger logger)
    {
        if (rights.Confinement is not { } confinement)
        {
            NoSandbox(logger);
            return;
        }

        string kept = confinement.Describe();
        Sandboxed(logger, kept);
        foreach (string problem in confinement.Problems)
        {
            NoWall(logger, problem);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "listening on {Url}{Path}")]
    private static partial void Listening(ILogger logger, string url, string path);

    // The host is between the scheme and the port; of a socket it is unix.
    private static bool IsOfThisHost(string url, params ReadOnlySpan<string> beginnings)
    {
        foreach (string beginning in beginnings)
        {
            if (url.AsSpan(url.IndexOf("//", StringComparison.Ordinal) + 2).StartsWith(beginning, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "whoever reaches this address can read what is published: there is neither TLS nor a login (--web.config.file)")]
    private static partial void Open(ILogger logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "pushing to {Url} by {Protocol} every {Interval}")]
    private static partial void Pushing(ILogger logger, Uri url, string protocol, Duration interval);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the processes of the host cannot be seen, only those of this container: run it with --pid=host, in Kubernetes with hostPID: true")]
    private static partial void OwnNamespace(ILogger logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "sandbox: {Rights}")]
    private static partial void Sandboxed(ILogger logger, string rights);

    [LoggerMessage(Level = LogLevel.Warning, Message = "no sandbox: all rights of the caller are kept, and any system call")]
    private static partial void NoSandbox(ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "sandbox: a wall is missing: {Problem}")]
    private static partial void NoWall(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "not running as root: IO and working sets of other users' processes are missing, and counted with reason=denied")]
    private static partial void NotRoot(ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "no locks: another memsnoop on this host could take the same accessed bits, and then both are wrong: {Reason}")]
    private static partial void NoLocks(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "transparent huge pages are always on: one access makes a huge page of 2 MB count as used")]
    private static partial void HugePages(ILogger logger);
}

/// <summary>What became of the rights that the program was started with.</summary>
/// <param name="Confinement">Null if nothing was done about them.</param>
internal sealed record Rights(Confinement? Confinement);
