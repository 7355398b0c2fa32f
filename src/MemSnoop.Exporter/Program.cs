using System.Collections;
using MemSnoop.Exporter.Commands;

namespace MemSnoop.Exporter;

/// <summary>The <c>memsnoop</c> command.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        // First of all: a signal must find us ready, however early it comes.
        using var signals = new StopSignals();
        // An exception on a thread of its own passes no catch of ours; without this the runtime would print its stack.
        AppDomain.CurrentDomain.UnhandledException += (_, thrown) =>
        {
            Exception? cause = (thrown.ExceptionObject as Exception)?.GetBaseException();
            Console.Error.WriteLine($"memsnoop: {cause?.GetType().Name}: {Configuration.UsageException.OneLine(cause?.Message ?? "")}");
            Environment.Exit(ExitCode.Failure);
        };

        var commandLine = new CommandLine(CommandLine.Commands, ReadEnvironment(), Console.Out, Console.Error);
        return await commandLine.RunAsync(args, () => signals.Signal, signals.Token).ConfigureAwait(false);
    }

    private static Dictionary<string, string> ReadEnvironment()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            environment.Add((string)variable.Key, (string?)variable.Value ?? "");
        }

        return environment;
    }
}
