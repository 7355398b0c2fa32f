namespace MemSnoop.Testing;

/// <summary>The programs of tests/workloads, whose use of memory and of the processor is known exactly.</summary>
internal static class Workloads
{
    // Eight small C files: seconds, and more on a machine that does something else.
    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(2);

    private static readonly Lazy<Task<string>> Built = new(static async () =>
    {
        string output = System.IO.Path.Combine(Checkout.Root, "artifacts", "workloads");
        await BuildAsync(output);
        return output;
    });

    /// <summary>A program's path; the first call of a run builds all of them.</summary>
    public static async Task<string> PathAsync(string program) => System.IO.Path.Combine(await Built.Value, program);

    /// <summary>Builds what is not up to date into a directory.</summary>
    public static Task BuildAsync(string output) =>
        Command.RunAsync("make", ["-s", "-C", System.IO.Path.Combine(Checkout.Root, "tests", "workloads"), $"OUT={output}"], BuildDeadline);
}
