using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Paging;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Commands;

/// <summary>The first lines of the log: where to scrape, how working sets are measured and why not better, what limits trust.</summary>
internal static partial class StartupReport
{
    internal static void Write(ILoggerFactory loggers, IEnumerable<string> urls, ExporterOptions options, KernelPaths paths, SamplingPipeline pipeline)
    {
        ILogger logger = loggers.CreateLogger("memsnoop");
        foreach (string url in urls)
        {
            Listening(logger, url, options.Web.TelemetryPath);
        }

        if (options.Otlp.IsOn)
        {
            Uri receiver = options.Otlp.Url();
            string protocol = OtlpSettings.Protocol.Describe(options);
            Pushing(logger, receiver, protocol, options.Otlp.Interval);
        }

        pipeline.Report(logger);
        if (Libc.EffectiveUserId() != 0)
        {
            NotRoot(logger);
        }

        if (TransparentHugePages.TryReadMode(paths, out string mode) == ReadOutcome.Success && mode == "always")
        {
            HugePages(logger);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "listening on {Url}{Path}")]
    private static partial void Listening(ILogger logger, string url, string path);

    [LoggerMessage(Level = LogLevel.Information, Message = "pushing to {Url} by {Protocol} every {Interval}")]
    private static partial void Pushing(ILogger logger, Uri url, string protocol, Duration interval);

    [LoggerMessage(Level = LogLevel.Warning, Message = "not running as root: IO and working sets of other users' processes will be missing, counted under reason=denied")]
    private static partial void NotRoot(ILogger logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "transparent huge pages are set to always: one access makes a huge page of 2 MB count as used")]
    private static partial void HugePages(ILogger logger);
}
