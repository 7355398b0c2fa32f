using System.Globalization;
using MemSnoop.Kernel;

namespace MemSnoop.Exporter.Terminal;

/// <summary>The terminal that a command writes to, if it does.</summary>
/// <param name="shows">Whether standard output is a terminal.</param>
/// <param name="tells">Whether standard error is one.</param>
/// <param name="environment">The variables: <c>COLUMNS</c>, <c>LINES</c>, <c>NO_COLOR</c>, <c>TERM</c>.</param>
internal sealed class Screen(bool shows, bool tells, IReadOnlyDictionary<string, string> environment)
{
    // What a terminal has that does not say.
    private const int UsualWidth = 80;
    private const int UsualHeight = 24;

    private const int StandardOutput = 1;

    /// <summary>No terminal at all, as in a pipe.</summary>
    internal static Screen None { get; } = new(false, false, new Dictionary<string, string>());

    /// <summary>Whether people see what is written to standard output, as it is written.</summary>
    internal bool Shows => shows;

    /// <summary>Whether people see what is written to standard error.</summary>
    internal bool Tells => tells;

    /// <summary>Whether colour is welcome (https://no-color.org).</summary>
    internal bool HasColor => shows && environment.GetValueOrDefault("NO_COLOR") is null or "" && environment.GetValueOrDefault("TERM") != "dumb";

    /// <summary>Columns of the window, as of now: it may be resized at any time.</summary>
    internal int Width => Number("COLUMNS") ?? (Size() is { Columns: > 0 } size ? size.Columns : UsualWidth);

    /// <summary>Lines of the window, as of now.</summary>
    internal int Height => Number("LINES") ?? (Size() is { Rows: > 0 } size ? size.Rows : UsualHeight);

    /// <summary>The terminal of this process.</summary>
    internal static Screen Of(IReadOnlyDictionary<string, string> environment) => new(!Console.IsOutputRedirected, !Console.IsErrorRedirected, environment);

    private int? Number(string variable) =>
        int.TryParse(environment.GetValueOrDefault(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 ? number : null;

    private static Libc.WindowSize Size() => Libc.GetWindowSize(StandardOutput, Libc.TerminalGetWindowSize, out Libc.WindowSize size) == 0 ? size : default;
}
