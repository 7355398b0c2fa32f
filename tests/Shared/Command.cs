using System.ComponentModel;
using System.Diagnostics;

namespace MemSnoop.Testing;

/// <summary>Runs a program to its end, within a deadline.</summary>
internal static class Command
{
    /// <summary>The program's standard output; anything but success throws with its error output.</summary>
    public static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan deadline)
    {
        CommandResult result = await TryRunAsync(program, arguments, deadline);
        return result.ExitCode == 0
            ? result.Output
            : throw new CommandException($"{program} {string.Join(' ', arguments)} ended with {result.ExitCode}:\n{result.Error}{result.Output}");
    }

    public static async Task<CommandResult> TryRunAsync(string program, IReadOnlyList<string> arguments, TimeSpan deadline)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Checkout.Root,
        };

        // A test platform's own settings must not reach the builds that run beneath it.
        start.Environment.Remove("MSBUILD_EXE_PATH");
        start.Environment.Remove("MSBuildSDKsPath");

        using Process process = Start(start);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource timeout = new(deadline);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new CommandException($"{program} was not done after {deadline}:\n{await error}{await output}");
        }

        return new CommandResult(process.ExitCode, await output, await error);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new CommandException($"{start.FileName} cannot be started ({exception.Message}); tests/packages.txt lists what the tests need from the system.");
        }
    }
}

/// <summary>A program could not be started, failed, or was not done in time: the message has its output.</summary>
public sealed class CommandException(string message) : Exception(message);

internal readonly record struct CommandResult(int ExitCode, string Output, string Error);
