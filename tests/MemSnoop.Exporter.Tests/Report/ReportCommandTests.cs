using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.Report;

public class ReportCommandTests
{
    [Fact]
    public async Task A_trace_becomes_a_summary_and_a_page()
    {
        using TemporaryDirectory directory = new();
        SyntheticTrace.Create().Save(directory["double.pages"]);
        CommandLineRun run = new();
        Assert.Equal(0, await run.RunAsync("report", directory["double.pages"]));
        Assert.Empty(run.Error.ToString());
        Assert.Equal(
            $"""
            Process   double (4711)
            Recorded  2026-01-02 03:04:05 UTC, 50 samples in 50.00 s, pages of 4096 bytes
            Areas     7, 7 of them with active pages
            Active    peak 15.3 MiB, mean 9.24 MiB, in total 31.8 MiB

            Working set W(tau) over tau consecutive samples
                   tau        time        mean         max
                     1      1.00 s    9.24 MiB    15.3 MiB
                     2      2.00 s    10.1 MiB    30.7 MiB
                     4      4.00 s    11.8 MiB    30.7 MiB
                     8      8.00 s    15.9 MiB    30.8 MiB
                    16     16.00 s    22.3 MiB    31.0 MiB
                    32     32.00 s    31.4 MiB    31.4 MiB
                    50     50.00 s    31.8 MiB    31.8 MiB

            Idle for so many consecutive samples, and what of it was accessed again
               samples        time        idle   per second
                     1      1.00 s    11.1 MiB          0 B
                     2      2.00 s    10.6 MiB          0 B
                     4      4.00 s    9.71 MiB          0 B
                     8      8.00 s    7.58 MiB          0 B
                    16     16.00 s    4.57 MiB          0 B
                    32     32.00 s     212 KiB          0 B

            Reuse distance: 110,072 reuses, 8,138 cold misses
                 reuses  within at least     at most
                   50 %              0 B    15.4 MiB
                   90 %              0 B    15.4 MiB
                   99 %              0 B    15.4 MiB
                  100 %              0 B    30.7 MiB

            The charts are in {directory["double.html"]}

            """,
            run.Output.ToString());
        Assert.StartsWith("<!doctype html>", await File.ReadAllTextAsync(directory["double.html"], TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_of_the_traced_program_stay_text()
    {
        using TemporaryDirectory directory = new();
        SyntheticTrace.Create("</script>{{data}}").Save(directory["a.pages"]);
        Assert.Equal(0, await new CommandLineRun().RunAsync("report", directory["a.pages"], "--output", directory["b.html"]));
        string page = await File.ReadAllTextAsync(directory["b.html"], TestContext.Current.CancellationToken);
        Assert.DoesNotContain("</script>{{data}}", page, StringComparison.Ordinal);
        Assert.Contains(@"\u003C/script\u003E{{data}}", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trace_that_was_cut_short_is_reported_as_far_as_it_goes()
    {
        using TemporaryDirectory directory = new();
        SyntheticTrace.Create().Save(directory["double.pages"]);
        byte[] file = await File.ReadAllBytesAsync(directory["double.pages"], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(directory["cut.pages"], file[..(file.Length / 2)], TestContext.Current.CancellationToken);
        CommandLineRun run = new();
        Assert.Equal(2, await run.RunAsync("report", directory["cut.pages"]));
        Assert.Matches(@"^memsnoop: '.*/cut\.pages': is cut short at byte \d+, after \d+ whole samples, which are reported; expected a complete page trace\n$", run.Error.ToString());
        Assert.Matches(@"\nRecorded  2026-01-02 03:04:05 UTC, [1-9]\d* samples in ", run.Output.ToString());
        Assert.Contains("is cut short at byte", await File.ReadAllTextAsync(directory["cut.html"], TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_cannot_be_reported_are_one_line_each()
    {
        using TemporaryDirectory directory = new();
        SyntheticTrace.Create().Save(directory["whole.pages"]);
        byte[] file = await File.ReadAllBytesAsync(directory["whole.pages"], TestContext.Current.CancellationToken);
        file[10]++;
        await File.WriteAllBytesAsync(directory["newer.pages"], file, TestContext.Current.CancellationToken);
        directory.Write("other.pages", "{\"pid\": 1}\n");
        directory.Write("empty.pages", "");
        const string Expected = "expected a file that memsnoop trace --pages recorded";
        await Refuses($"'{directory["newer.pages"]}': is a page trace of version 2, newer than 1, the newest that can be read; {Expected}", directory["newer.pages"]);
        await Refuses($"'{directory["other.pages"]}': is not a page trace; {Expected}", directory["other.pages"]);
        await Refuses($"'{directory["empty.pages"]}': is not a page trace; {Expected}", directory["empty.pages"]);
        await Refuses($"'{directory["absent.pages"]}': does not exist; {Expected}", directory["absent.pages"]);
        await Refuses("FILE: is missing; expected a page trace, as in memsnoop report build.pages");
        await Refuses($"--output: '{directory["whole.pages"]}' is the trace itself; expected another file", directory["whole.pages"], "--output", directory["whole.pages"]);
        Assert.Empty(Directory.GetFiles(directory.Root, "*.html"));
    }

    private static async Task Refuses(string line, params string[] arguments)
    {
        CommandLineRun run = new();
        Assert.Equal(2, await run.RunAsync(["report", .. arguments]));
        Assert.Equal($"memsnoop: {line}\n", run.Error.ToString());
        Assert.Empty(run.Output.ToString());
    }
}
