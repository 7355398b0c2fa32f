using System.Diagnostics;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Runs Prometheus' own parsers, from Debian's package <c>prometheus</c>.</summary>
internal static class Promtool
{
    /// <summary>Parses and lints the text format: exit code 0 is fine, 1 does not parse, 3 breaks a custom.</summary>
    public static Task<(int ExitCode, string Output)> CheckMetricsAsync(string text) => RunAsync(["check", "metrics"], text, Path.GetTempPath());

    /// <summary>Parses OpenMetrics. The command imports history, so every sample is given a time.</summary>
    public static async Task<(int ExitCode, string Output)> ImportOpenMetricsAsync(string text)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("memsnoop-promtool");
        try
        {
            string timed = string.Concat(text.Split('\n').SkipLast(1).Select(line => (line.StartsWith('#') ? line : line + " 1700000000") + "\n"));
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "text"), timed);
            return await RunAsync(["tsdb", "create-blocks-from", "openmetrics", "text", "blocks"], "", directory.FullName);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string[] arguments, string input, string directory)
    {
        using Process process = Process.Start(new ProcessStartInfo("promtool", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await error);
    }
}
