using System.CommandLine;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop completion SHELL</c>: what a shell needs to complete commands, options and values.</summary>
internal sealed class CompletionCommand : MemSnoopCommand
{
    private static readonly (string Shell, Action<TextWriter, IReadOnlyList<CompletedCommand>> Write)[] Shells =
        [("bash", BashCompletion.Write), ("zsh", ZshCompletion.Write), ("fish", FishCompletion.Write)];

    // Optional for the parser, so that the error line is this program's own.
    private readonly Argument<string> _shell = new("SHELL") { Arity = ArgumentArity.ZeroOrOne, Description = "bash, zsh or fish." };

    public CompletionCommand()
        : base("completion", "Print a script by which a shell completes commands and options.", static _ => false) =>
        Add(_shell);

    public override string Usage => "completion bash|zsh|fish [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples => [("source <(memsnoop completion bash)", "complete in this bash")];

    public override IReadOnlyList<string> ArgumentWords => [.. Shells.Select(static shell => shell.Shell)];

    public override void CheckArguments(ParseResult arguments) => _ = Writer(arguments);

    public override Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        Writer(invocation.Arguments)(invocation.Output, CompletedCommand.All(invocation.Arguments.RootCommandResult.Command));
        return Task.FromResult(ExitCode.Success);
    }

    private Action<TextWriter, IReadOnlyList<CompletedCommand>> Writer(ParseResult arguments)
    {
        string expected = $"one of {string.Join(", ", ArgumentWords)}";
        string word = arguments.GetValue(_shell) ?? throw new UsageException("SHELL", "is missing", expected);
        return Shells.FirstOrDefault(shell => shell.Shell == word).Write
            ?? throw new UsageException("SHELL", $"{UsageException.Quote(word)} is not a shell that is known here", expected);
    }
}
