using System.Collections;
using MemSnoop.Exporter.Commands;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Exporter.Terminal;

namespace MemSnoop.Exporter;

/// <summary>The <c>memsnoop</c> command.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        NativeHeap.Limit();

        // First: from here on a signal is handled, however early it comes.
        using var signals = new StopSignals();
        IReadOnlyDictionary<string, string> environment = ReadEnvironment();
        SecondStart? second = SecondStart.Find(environment);
        if (second is not null)
        {
            SecondStart.AdmitSignals();
        }

        TextWriter output = Open(() => Console.Out);
        TextWriter error = Open(() => Console.Error);
        // No catch of the program sees an exception of another thread; without this the runtime would print its stack.
        AppDomain.CurrentDomain.UnhandledException += (_, thrown) =>
        {
            CommandLine.WriteError(error, (Exception)thrown.ExceptionObject);
            Environment.Exit(ExitCode.Failure);
        };

        var commandLine = new CommandLine(CommandLine.Commands, environment, output, error) { Walls = new Walls(second), Screen = Screen.Of(environment) };
        return await commandLine.RunAsync(args, () => signals.Signal, signals.Token).ConfigureAwait(false);
    }

    // A service manager may start the program with these closed; it can serve all the same.
    private static TextWriter Open(Func<TextWriter> stream)
    {
        try
        {
            return stream();
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
        {
            return TextWriter.Null;
        }
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
