using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MemSnoop.Tests.Counters.Papi;

/// <summary>
/// Runs a test in a process that has the library <c>standin.so</c> of the workloads preloaded, so that the real libpapi counts with it on every
/// machine. The process is this test program again, with this one test: what is preloaded is settled when a program starts.
/// </summary>
internal static class StandIn
{
    private const string Preload = "LD_PRELOAD";
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    /// <summary>By method: all cases of a theory run there at once.</summary>
    private static readonly ConcurrentDictionary<string, Task<string>> Runs = [];

    private static bool IsHere => Environment.GetEnvironmentVariable(Preload)?.EndsWith("standin.so", StringComparison.Ordinal) ?? false;

    /// <summary>True when the caller, a test, has been run there and passed; false when this is there, and it has to do its work.</summary>
    public static async Task<bool> HasRunAsync(Type tests, [CallerMemberName] string test = "")
    {
        if (IsHere)
        {
            return false;
        }

        TestContext.Current.TestOutputHelper?.WriteLine(await Runs.GetOrAdd($"{tests.FullName}.{test}", static method => RunAsync(method)));
        return true;
    }

    /// <summary>What the program there has written.</summary>
    private static async Task<string> RunAsync(string method)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!, ["-method", method, "-showliveoutput", "-noLogo", "-noColor"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[Preload] = await Workloads.PathAsync("standin.so");
        start.Environment["LIBPFM_ENCODE_INACTIVE"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource timeout = new(Deadline);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"Not done after {Deadline}:\n{await error}{await output}");
        }

        Assert.True(process.ExitCode == 0, $"With the stand-in:\n{await error}{await output}");
        Assert.Contains("Failed: 0, Skipped: 0, Not Run: 0", await output, StringComparison.Ordinal);
        Assert.DoesNotContain("Total: 0,", await output, StringComparison.Ordinal);

        // Nothing but the test runner writes there: the library is to be silent.
        Assert.Equal("", await error);
        return await output;
    }
}
