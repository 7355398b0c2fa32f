using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>What tells processes of one name apart.</summary>
/// <param name="Executable">The path of the program file, as the process's own mounts have it.</param>
/// <param name="UserId">The real user id.</param>
public readonly record struct InfoSample(string Executable, uint UserId)
{
    /// <summary>What was found in the command line, by its name; empty where there is none. The same list for as long as that does not change.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> Found { get; init; } = [];
}

/// <summary>
/// Reads the link <c>/proc/PID/exe</c> (<c>proc_pid_exe(5)</c>), which needs the right to trace the process, and the real user id of <c>/proc/PID/status</c>. A file that was
/// deleted or replaced since has its former path.
/// </summary>
public sealed class InfoMeasurement : IMeasurement<InfoSample>
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "info";

    /// <summary>The longest path that the kernel tells (PATH_MAX).</summary>
    private const int LongestPath = 4096;

    private readonly IReadOnlyList<KeyValuePair<string, Regex>> _wanted;
    private readonly KernelBuffer _buffer = new();
    private readonly KernelBuffer _link = new(LongestPath);

    // Most processes never exec again: a path is made a string once.
    private readonly ConditionalWeakTable<TrackedProcess, Known> _known = new();

    /// <summary>Program file and user.</summary>
    public InfoMeasurement()
        : this([])
    {
    }

    /// <summary>The same, and what the first groups of expressions find in the command line, each under a name.</summary>
    internal InfoMeasurement(IReadOnlyList<KeyValuePair<string, Regex>> wanted) => _wanted = wanted;

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out InfoSample sample)
    {
        ArgumentNullException.ThrowIfNull(process);
        sample = default;
        ReadOutcome outcome = process.ReadStatus(_buffer, out Status status);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        outcome = process.Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        Known known = _known.GetValue(process, static _ => new Known());
        outcome = directory.ReadLink("exe"u8, _link, out ReadOnlySpan<byte> target);
        if (outcome == ReadOutcome.Success && _wanted.Count > 0)
        {
            outcome = Search(process, directory, known);
        }

        process.Leave(directory);
        if (outcome == ReadOutcome.Success)
        {
            sample = new InfoSample(PathOf(known, target), status.RealUserId) { Found = known.Found };
        }

        return outcome;
    }

    /// <summary>A command line changes by exec or when the process writes over it (setproctitle); both need it to run.</summary>
    private ReadOutcome Search(TrackedProcess process, ProcessDirectory directory, Known known)
    {
        long run = process.Runs;
        if (known.Found.Count > 0 && known.Run == run)
        {
            return ReadOutcome.Success;
        }

        ReadOutcome outcome = directory.ReadToEnd("cmdline"u8, _buffer, out ReadOnlySpan<byte> text);
        if (outcome == ReadOutcome.Success)
        {
            text = CommandLineValue.Bound(text);
            if (known.Found.Count == 0 || !text.SequenceEqual(known.CommandLine))
            {
                string commandLine = CommandLine.ToDisplay(text);
                known.CommandLine = text.ToArray();
                known.Found = [.. _wanted.Select(wanted => KeyValuePair.Create(wanted.Key, CommandLineValue.Find(wanted.Value, commandLine)))];
            }

            known.Run = run;
        }

        return outcome;
    }

    private static string PathOf(Known known, ReadOnlySpan<byte> target)
    {
        target = target.EndsWith(" (deleted)"u8) ? target[..^10] : target;
        if (!target.SequenceEqual(known.Bytes))
        {
            known.Bytes = target.ToArray();
            known.Text = Encoding.UTF8.GetString(target);
        }

        return known.Text;
    }

    private sealed class Known
    {
        public byte[] Bytes { get; set; } = [];

        public string Text { get; set; } = "";

        public byte[] CommandLine { get; set; } = [];

        public IReadOnlyList<KeyValuePair<string, string>> Found { get; set; } = [];

        public long Run { get; set; }
    }
}
