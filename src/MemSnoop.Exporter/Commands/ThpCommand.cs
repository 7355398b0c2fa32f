using System.CommandLine;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Paging;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop thp always|madvise|never</c>: sets transparent huge pages, since they decide how fine working sets can be told.</summary>
internal sealed class ThpCommand : MemSnoopCommand
{
    // May be absent to the parser, so that it is our line that tells what is missing.
    private readonly Argument<string> _mode = new("MODE")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "always: one access makes 2 MB count as used; madvise: where programs ask for it; never: every page of 4 kB is told apart.",
    };

    public ThpCommand()
        : base("thp", "Set transparent huge pages for the whole system (root only).", KernelSettings.All.Contains) =>
        Add(_mode);

    public override string Usage => "thp always|madvise|never [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
        [("memsnoop thp never", "before a trace that is to tell every page apart")];

    private static string Words => string.Join(", ", TransparentHugePages.Modes);

    public override void CheckArguments(ParseResult arguments) => _ = Mode(arguments);

    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        KernelPaths paths = invocation.Host.Paths;
        string mode = Mode(invocation.Arguments);
        if (TransparentHugePages.TryReadMode(paths, out string before) != ReadOutcome.Success)
        {
            throw new UsageException("thp", "this kernel has no transparent huge pages", "a kernel that memsnoop check finds to have them");
        }

        ReadOutcome outcome = TransparentHugePages.TrySetMode(paths, mode);
        if (outcome != ReadOutcome.Success)
        {
            throw outcome == ReadOutcome.Denied
                ? new UsageException("thp", "only root may set transparent huge pages", "root")
                : new UsageException("thp", $"the setting cannot be written ({outcome.ToReason()})", $"a sysfs at {paths.SysRoot} that is mounted writable");
        }

        // The kernel's own word for what is now set, not ours.
        TransparentHugePages.TryReadMode(paths, out string after);
        await invocation.Output.WriteLineAsync($"transparent huge pages: {before} -> {after}").ConfigureAwait(false);
        return ExitCode.Success;
    }

    private string Mode(ParseResult arguments)
    {
        string word = arguments.GetValue(_mode) ?? throw new UsageException("MODE", "is missing", $"one of {Words}");
        return TransparentHugePages.Modes.Contains(word) ? word : throw new UsageException("MODE", $"{UsageException.Quote(word)} is not a mode", $"one of {Words}");
    }
}
