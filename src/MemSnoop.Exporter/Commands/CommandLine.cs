using System.CommandLine;
using System.CommandLine.Parsing;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Hosting;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Metrics;
using MemSnoop.Metrics.Configuration;
using Microsoft.Extensions.Options;

namespace MemSnoop.Exporter.Commands;

/// <summary>Runs the program: arguments in, exit code out. Every error is one line on standard error.</summary>
internal sealed class CommandLine(
    IReadOnlyList<MemSnoopCommand> commands, IReadOnlyDictionary<string, string> environment, TextWriter output, TextWriter error)
{
    private const string Program = "memsnoop";
    private const int BrokenPipe = 32;   // EPIPE: the reader of the output, such as head(1), has closed it

    // No @FILE arguments and no -abc for -a -b -c: nobody expects them here, and both make errors hard to understand.
    private static readonly ParserConfiguration Parser = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    private readonly Option<bool> _help = new("--help", "-h", "-?") { Arity = ArgumentArity.Zero, Recursive = true, Description = "Show this text." };
    private readonly Option<bool> _version = new("--version", "-V")
    {
        Arity = ArgumentArity.Zero,
        Recursive = true,
        Description = "Show version, revision and runtime.",
    };

    /// <summary>The walls of this process; null where the command does not have the process for itself.</summary>
    public Walls? Walls { get; init; }

    /// <summary>The terminal that it writes to; none where the command does not have the process for itself.</summary>
    public Screen Screen { get; init; } = Screen.None;

    /// <summary>The commands there are, the default one first.</summary>
    public static IReadOnlyList<MemSnoopCommand> Commands =>
        [new ServeCommand(), new TraceCommand(), new ReportCommand(), new WssCommand(), new TopCommand(), new ContainersCommand(), new CheckCommand(), new EventsCommand(), new ThpCommand(), new CompletionCommand()];

    /// <summary>Runs what the arguments ask for.</summary>
    /// <param name="arguments">The words after the program's name.</param>
    /// <param name="signal">Tells which signal asked the program to stop.</param>
    /// <param name="stop">Cancelled when a signal asked the program to stop.</param>
    /// <returns>The exit code; this method does not throw.</returns>
    public async Task<int> RunAsync(string[] arguments, Func<int> signal, CancellationToken stop)
    {
        MemSnoopCommand? command = null;
        try
        {
            // For packagers: it is in no help, and no option of a command.
            if (arguments is [ManualPage.Option, string section])
            {
                ManualPage.Write(output, section, commands, [_help, _version], environment);
                return ExitCode.Success;
            }

            ParseResult parsed = Parse(arguments, out string[] child);
            command = parsed.CommandResult.Command as MemSnoopCommand;
            if (parsed.GetValue(_help))
            {
                HelpText.Write(output, Program, command, commands, [_help, _version]);
                return ExitCode.Success;
            }

            if (parsed.GetValue(_version))
            {
                output.WriteLine($"{Program} {BuildInfo.Version} (revision {BuildInfo.Revision}, {BuildInfo.Runtime})");
                return ExitCode.Success;
            }

            ExporterOptions options = ReadOptions(parsed);
            if (!command!.TellsOfDeprecatedNames)
            {
                options.Deprecated.ForEach(use => WriteError(error, use.Warning));
            }

            return await command!.RunAsync(new Invocation(parsed, options, child, output, error, Walls) { ReadAgain = () => ReadOptions(parsed), Screen = Screen }, stop).ConfigureAwait(false);
        }
        catch (UsageException wrong)
        {
            WriteError(error, wrong.Message);
            return ExitCode.Usage;
        }
        catch (OptionsValidationException wrong)
        {
            // What of the options is found out only when measuring begins, such as an event that does not exist.
            WriteError(error, wrong.Message);
            return ExitCode.Usage;
        }
        catch (CommandNotFoundException missing)
        {
            WriteError(error, missing.Message);
            return missing.ExitCode;
        }
        catch (ServiceFailedException failed)
        {
            WriteError(error, failed.Message);
            return ExitCode.Failure;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested && command is not null)
        {
            return command.ExitCodeWhenStopped(signal());
        }
        catch (IOException broken) when (broken.HResult == BrokenPipe)
        {
            return ExitCode.Success;
        }
#pragma warning disable CA1031 // The last catch: a user gets one line, never a stack trace.
        catch (Exception unforeseen)
#pragma warning restore CA1031
        {
            WriteError(error, unforeseen);
            return ExitCode.Failure;
        }
    }

    /// <summary>Reports an unexpected error, without its stack.</summary>
    public static void WriteError(TextWriter error, Exception unforeseen)
    {
        Exception cause = unforeseen.GetBaseException();
        WriteError(error, $"{cause.GetType().Name}: {cause.Message}");
    }

    private static void WriteError(TextWriter error, string message)
    {
        try
        {
            error.WriteLine($"{Program}: {UsageException.OneLine(message)}");
        }
        catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException)
        {
            // Standard error is closed (EBADF is "unauthorized" to the framework) or has no reader; the exit code still tells.
        }
    }

    /// <summary>Splits and parses; anything that is not a known option, argument or command is an error here.</summary>
    /// <exception cref="UsageException">A word is unknown, or lacks a value.</exception>
    internal ParseResult Parse(string[] arguments, out string[] child)
    {
        int dashes = Array.IndexOf(arguments, "--");
        string[] words = dashes < 0 ? arguments : arguments[..dashes];
        child = dashes < 0 ? [] : arguments[(dashes + 1)..];

        var root = new Command(Program) { _help, _version };
        foreach (MemSnoopCommand each in commands)
        {
            root.Add(each);
        }

        ParseResult parsed = root.Parse(WithCommand(words), Parser);
        if (parsed.GetValue(_help) || parsed.GetValue(_version))
        {
            return parsed;
        }

        var command = (MemSnoopCommand)parsed.CommandResult.Command;
        CheckWords(parsed, command, words);
        if (dashes >= 0 && !command.TakesChild)
        {
            throw new UsageException("--", $"{command.Name} runs no program", $"{Program} {command.Usage}");
        }

        if (dashes >= 0 && child.Length == 0)
        {
            throw new UsageException("--", "no program follows", "a program and its arguments, as in memsnoop -- ./my-program --its-option");
        }

        command.CheckArguments(parsed);
        return parsed;
    }

    /// <summary>Reads and joins all layers.</summary>
    /// <exception cref="UsageException">Something in them is wrong.</exception>
    internal ExporterOptions ReadOptions(ParseResult parsed)
    {
        var command = (MemSnoopCommand)parsed.CommandResult.Command;
        ConfigurationLayer options = command.ReadLayer(parsed);
        string[] files = parsed.GetValue(command.Config) ?? [];
        if (files.Length > 1)
        {
            throw new UsageException("--config", "is given more than once", "one file");
        }

        return ExporterOptions.Read(environment, files.SingleOrDefault(), options);
    }

    // "memsnoop --pid 1" is "memsnoop serve --pid 1"; only help and version stand before any command, as options or as words.
    private string[] WithCommand(string[] words)
    {
        words = words switch
        {
            ["help"] => [_help.Name],
            ["help", string about] when !LooksLikeOption(about) => about == "help" ? [_help.Name] : [about, _help.Name],
            ["help", _, string more, ..] => throw new UsageException(UsageException.OneLine(more), "unexpected argument", $"{Program} help COMMAND"),
            ["version", .. string[] others] => others is [string more, ..] ? throw new UsageException(UsageException.OneLine(more), "unexpected argument", $"{Program} version") : [_version.Name],
            _ => words,
        };
        string? first = words.FirstOrDefault();
        if (first is not null && commands.Any(command => command.Name == first))
        {
            return words;
        }

        if (first is null || first.StartsWith('-'))
        {
            return first is not null && (IsNameOf(_help, first) || IsNameOf(_version, first)) ? words : [commands[0].Name, .. words];
        }

        if (ProgramPath.Find(first, environment.GetValueOrDefault("PATH") ?? "") is not null)
        {
            throw new UsageException(
                UsageException.OneLine(first), "is a program and no command", $"{Program} {commands[0].Name} -- {UsageException.OneLine(string.Join(' ', words.Select(ProgramPath.Quote)))}");
        }

        string[] names = [.. commands.Select(command => command.Name), "help", "version"];
        throw new UsageException(
            first.Length == 0 ? "''" : UsageException.OneLine(first), "unknown command",
            NearestName.Find(first, names) ?? $"a command ({string.Join(", ", names)}) or an option");
    }

    private void CheckWords(ParseResult parsed, MemSnoopCommand command, string[] words)
    {
        // The parser fills arguments with whatever comes, mistyped options included.
        foreach (ArgumentResult argument in parsed.CommandResult.Children.OfType<ArgumentResult>())
        {
            if (argument.Tokens.FirstOrDefault(token => LooksLikeOption(token.Value)) is Token mistyped)
            {
                throw UnknownOption(mistyped.Value, command);
            }
        }

        // The parser sees the "false" of "--all=false" as a separate word.
        if (words.FirstOrDefault(word => word.Contains('=', StringComparison.Ordinal) && IsFlag(command, word.Split('=', 2)[0])) is string flag)
        {
            string name = flag.Split('=', 2)[0];
            throw new UsageException(name, "takes no value", $"{name} alone");
        }

        if (parsed.UnmatchedTokens is [string word, ..])
        {
            throw LooksLikeOption(word) ? UnknownOption(word, command) : Unexpected(word, command);
        }

        foreach (OptionResult result in parsed.CommandResult.Children.OfType<OptionResult>())
        {
            if (result.Implicit || result.Option.Arity.MaximumNumberOfValues == 0)
            {
                continue;
            }

            // "--name --all" would take "--all" for an expression; --name=--all says that clearly.
            bool swallowed = result.Tokens.Any(token => token.Value.StartsWith("--", StringComparison.Ordinal) && words.Contains(token.Value));
            if (swallowed || result.IdentifierTokenCount > result.Tokens.Count || result.Tokens.Any(token => token.Value.Length == 0))
            {
                string name = result.IdentifierToken?.Value ?? result.Option.Name;
                throw new UsageException(name, "no value follows", command.SettingOf(result.Option)?.Expected ?? (result.Option as ITextOption)?.Expected ?? "the path of a JSON file");
            }
        }

        if (parsed.Errors is [ParseError other, ..])
        {
            throw new UsageException(command.Name, UsageException.OneLine(other.Message), $"{Program} {command.Usage}");
        }
    }

    private UsageException UnknownOption(string word, MemSnoopCommand command)
    {
        string name = word.Split('=', 2)[0];
        IEnumerable<string> known = command.Options.Where(static option => !option.Hidden).Append(_help).Append(_version).SelectMany(option => option.Aliases.Prepend(option.Name));
        return new UsageException(
            UsageException.OneLine(name), "unknown option", NearestName.Find(name, known) ?? $"an option that {Program} {command.Name} --help shows");
    }

    private UsageException Unexpected(string word, MemSnoopCommand command)
    {
        string expected = commands.Any(other => other.Name == word && other != command) ? $"the command first: {Program} {word} ..."
            : command.TakesChild ? "options; a program to run follows --"
            : $"{Program} {command.Usage}";
        return new UsageException(UsageException.OneLine(word), "unexpected argument", expected);
    }

    // Negative numbers are not options: they are reported as wrong values.
    private static bool LooksLikeOption(string word) => word.Length > 1 && word[0] == '-' && !char.IsAsciiDigit(word[1]);

    private static bool IsFlag(Command command, string word) =>
        command.Options.Any(option => option.Arity.MaximumNumberOfValues == 0 && IsNameOf(option, word));

    private static bool IsNameOf(Option option, string word) => option.Name == word || option.Aliases.Contains(word);
}
