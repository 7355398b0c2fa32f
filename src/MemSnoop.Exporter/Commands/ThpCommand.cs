using System.CommandLine;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Paging;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop thp always|madvise|never</c>: sets transparent huge pages, which limit the resolution of working sets.</summary>
internal sealed class ThpCommand : MemSnoopCommand
{
    // Optional for the parser, so that the error line is this program's own.
    private readonly Argument<string> _mode = new("MODE")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "always: one access makes 2 MB count as used; madvise: only where programs ask for huge pages; never: each page of 4 kB counts on its own.",
    };

    public ThpCommand()
        : base("thp", "Set transparent huge pages for the whole system (root only).", KernelSettings.All.Contains) =>
        Add(_mode);

    public override string Usage => "thp always|madvise|never [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
        [("memsnoop thp never", "before a trace of single pages of 4 kB")];

    public override IReadOnlyList<string> ArgumentWords => TransparentHugePages.Modes;

    private static string Words => string.Join(", ", TransparentHugePages.Modes);

    public override void CheckArguments(ParseResult arguments) => _ = Mode(arguments);

    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        KernelPaths paths = invocation.Host.Paths;
        string mode = Mode(invocation.Arguments);
        if (TransparentHugePages.TryReadMode(paths, out string before) != ReadOutcome.Success)
        {
            throw new UsageException("thp", "this kernel has no transparent huge pages", "a kernel with CONFIG_TRANSPARENT_HUGEPAGE");
        }

        ReadOutcome outcome = TransparentHugePages.TrySetMode(paths, mode);
        if (outcome != ReadOutcome.Success)
        {
            throw outcome == ReadOutcome.Denied
                ? new UsageException("thp", "only root may set transparent huge pages", "root")
                : new UsageException("thp", $"the setting cannot be written ({outcome.ToReason()})", $"a writable sysfs at {paths.SysRoot}");
        }

        // As the kernel reports it, not as it was asked for.
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
