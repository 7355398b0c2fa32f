using System.Globalization;
using System.Text;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Terminal;

namespace MemSnoop.Exporter.Commands;

/// <summary>Windows as <c>memsnoop wss</c> writes them: a line each, with a heading once. The columns are those of Brendan Gregg's wss, in the units that they say.</summary>
/// <param name="output">Where to write.</param>
/// <param name="namesProcesses">Whether each line says which process it is about.</param>
internal sealed class WssTable(TextWriter output, bool namesProcesses)
{
    private const double MiB = 1 << 20;

    // A pid and the kernel's names of processes, which have at most 15 bytes.
    private const int PidWidth = 7;
    private const int NameWidth = 15;

    private bool _hasHeading;

    /// <summary>Writes a window, and what else was asked for of it.</summary>
    internal async Task WriteAsync(WindowAnswer window)
    {
        if (!_hasHeading)
        {
            _hasHeading = true;
            await output.WriteLineAsync((namesProcesses ? $"{"PID",PidWidth}  {"Name",-NameWidth}  " : "") + "Est(s)  RSS(MiB)  PSS(MiB)  Ref(MiB)  Ref(%)  Method").ConfigureAwait(false);
        }

        string who = namesProcesses ? string.Create(CultureInfo.InvariantCulture, $"{window.Pid,PidWidth}  {SafeText.Of(window.Comm ?? ""),-NameWidth}  ") : "";
        await output.WriteLineAsync(who + Line(window)).ConfigureAwait(false);
        if (window.Ages is { } ages)
        {
            await WriteBelowAsync("Age(s)  Idle(MiB)  Again(MiB/s)", ages.Select(Line)).ConfigureAwait(false);
        }

        if (window.Areas is { } areas)
        {
            await WriteBelowAsync("Held(MiB)  Ref(MiB)  Ref(%)  Area", areas.Select(Line)).ConfigureAwait(false);
        }

        await output.FlushAsync().ConfigureAwait(false);
    }

    /// <summary>The window as a line of the table. A bracket where it was disturbed, a tilde where it is an estimate.</summary>
    internal static string Line(WindowAnswer window)
    {
        (string used, string share) = window.UsedBytes is { } bytes
            ? ((window.ErrorBytes is null ? "" : "~") + Size(bytes), Share(bytes, window.RssBytes))
            : ($"{Size(window.LowerBytes)}-{Size(window.UpperBytes)}", $"{Share(window.LowerBytes, window.RssBytes)}-{Share(window.UpperBytes, window.RssBytes)}");
        return string.Create(
            CultureInfo.InvariantCulture, $"{window.WindowSeconds,6:F3}  {window.RssBytes / MiB,8:F2}  {window.PssBytes / MiB,8:F2}  {used,8}  {share,6}  {window.Method}");
    }

    /// <summary>An age as a line of the second table; a dash where nothing is known, a bracket where something disturbed the windows.</summary>
    internal static string Line(AgeAnswer age)
    {
        double seconds = age.ObservedSeconds;
        string idle = age.IdleBytes is { } bytes ? Size(bytes) : "-";
        string again = seconds == 0 ? "-"
            : age.DoubtfulBytes == 0 ? string.Create(CultureInfo.InvariantCulture, $"{age.ReaccessedBytes / MiB / seconds:F3}")
            : string.Create(CultureInfo.InvariantCulture, $"{age.ReaccessedBytes / MiB / seconds:F3}-{(age.ReaccessedBytes + age.DoubtfulBytes) / MiB / seconds:F3}");
        return string.Create(CultureInfo.InvariantCulture, $"{age.AgeSeconds,6:0.###}  {idle,9}  {again,12}");
    }

    /// <summary>An area as a line of the third table.</summary>
    internal static string Line(AreaAnswer area) =>
        string.Create(CultureInfo.InvariantCulture, $"{Size(area.HeldBytes),9}  {Size(area.UsedBytes),8}  {Share(area.UsedBytes, area.HeldBytes),6}  {SafeText.Of(area.Name)}");

    private async Task WriteBelowAsync(string heading, IEnumerable<string> lines)
    {
        StringBuilder text = new();
        text.Append('\n').Append(heading).Append('\n');
        foreach (string line in lines)
        {
            text.Append(line).Append('\n');
        }

        await output.WriteAsync(text).ConfigureAwait(false);
    }

    private static string Size(ulong bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / MiB:F2}");

    /// <summary>In percent. Pages that the window counts and the reading after it does not can make it a little more than all.</summary>
    private static string Share(ulong part, ulong? whole) => whole is > 0 and { } all ? string.Create(CultureInfo.InvariantCulture, $"{100d * part / all:F1}") : "-";
}
