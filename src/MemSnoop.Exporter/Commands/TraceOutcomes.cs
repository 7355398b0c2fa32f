using MemSnoop.Kernel;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Commands;

/// <summary>Why fields of a trace are empty: a line for each measurement and reason, once. And whether there was anything at all.</summary>
/// <param name="columns">The names of the columns that are about the process.</param>
/// <param name="error">Takes the lines.</param>
internal sealed class TraceOutcomes(IReadOnlyList<string> columns, TextWriter error)
{
    private readonly HashSet<(string Column, ReadOutcome Outcome)> _told = [];
    private int _samples;
    private bool _hasMeasured;

    /// <summary>Whether samples were taken, and none of them has anything.</summary>
    internal bool AreEmpty => _samples > 0 && columns.Count > 0 && !_hasMeasured;

    /// <summary>Looks at a sample.</summary>
    internal void Look(TraceSample sample)
    {
        _samples++;
        foreach (string column in columns)
        {
            ReadOutcome outcome = sample.Outcome(column);
            _hasMeasured |= outcome == ReadOutcome.Success;
            if (outcome is not (ReadOutcome.Success or ReadOutcome.ProcessGone) && _told.Add((column, outcome)))
            {
                error.WriteLine($"memsnoop: {column} cannot be measured: {Explain(outcome)}");
            }
        }
    }

    private static string Explain(ReadOutcome outcome) => outcome switch
    {
        ReadOutcome.Denied => Libc.EffectiveUserId() == 0 ? "the kernel denies it, although this is root" : "the kernel lets only root and the process's own user read it",
        ReadOutcome.NotSupported => "this kernel does not offer it",
        ReadOutcome.TooLarge => "the process holds more than --referenced-max-resident",
        ReadOutcome.WouldStall => "the process would be held up for longer than --max-stall",
        ReadOutcome.InUse => "another program measures this process",
        ReadOutcome.NoDescriptors => "too many files are open",
        ReadOutcome.Hung => "the process does not answer",
        _ => outcome.ToReason(),
    };
}
