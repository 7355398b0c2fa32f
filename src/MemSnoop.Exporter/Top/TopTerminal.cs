using System.Text;
using System.Threading.Channels;
using MemSnoop.Exporter.Terminal;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MemSnoop.Exporter.Top;

/// <summary>The terminal of <c>memsnoop top</c>: its keys, and its window, which is drawn anew each time without a flicker.</summary>
internal sealed class TopTerminal
{
    // To the first column of the first line; to the end of a line, and of the window, with blanks (ECMA-48). Between them what Spectre.Console has made.
    private const string Home = "\e[H";
    private const string ClearLine = "\e[K";
    private const string ClearBelow = "\e[J";

    private readonly Channel<ConsoleKeyInfo> _keys = Channel.CreateUnbounded<ConsoleKeyInfo>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly TextWriter _output;
    private readonly Screen _screen;
    private readonly StringBuilder _text = new();
    private readonly IAnsiConsole _picture;

    internal TopTerminal(TextWriter output, Screen screen)
    {
        _output = output;
        _screen = screen;
        _picture = Console(new StringWriter(_text), screen.Shows, screen.HasColor);
    }

    /// <summary>The keys that were pressed.</summary>
    internal ChannelReader<ConsoleKeyInfo> Keys => _keys.Reader;

    /// <summary>Runs it in the window's other buffer, so that what was there before is there again afterwards, however it ends.</summary>
    internal void Run(Func<Task> loop) => Console(_output, true, _screen.HasColor).AlternateScreen(() =>
    {
        new Thread(ReadKeys) { IsBackground = true, Name = "memsnoop keys" }.Start();
        loop().GetAwaiter().GetResult();
    });

    /// <summary>Draws the window.</summary>
    internal void Draw(Func<int, int, IRenderable> frame)
    {
        int height = Math.Max(_screen.Height, 8);
        string[] lines = Render(frame(Prepare(_screen.Width), height)).Split('\n');
        StringBuilder window = new(Home);
        for (int i = 0; i < Math.Min(lines.Length, height); i++)
        {
            window.Append(i == 0 ? "" : "\r\n").Append(lines[i].TrimEnd('\r')).Append(ClearLine);
        }

        _output.Write(window.Append(ClearBelow).ToString());
        _output.Flush();
    }

    /// <summary>Writes it once, without blanks at the ends of lines.</summary>
    internal void WriteOnce(Func<int, IRenderable> frame)
    {
        foreach (string line in Render(frame(Prepare(_screen.Width))).TrimEnd().Split('\n'))
        {
            _output.Write(line.TrimEnd() + "\n");
        }
    }

    private static IAnsiConsole Console(TextWriter output, bool isTerminal, bool hasColor) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = isTerminal ? AnsiSupport.Yes : AnsiSupport.No,
        ColorSystem = hasColor ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        Interactive = InteractionSupport.No,
        Out = new AnsiConsoleOutput(output),

        // What the variables of a build server say does not matter here.
        Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
    });

    // One column is left free: in the last one some terminals begin a new line.
    private int Prepare(int width)
    {
        _picture.Profile.Width = Math.Max(20, width - 1);
        _picture.Profile.Height = 10_000;
        return _picture.Profile.Width;
    }

    private string Render(IRenderable frame)
    {
        _text.Clear();
        _picture.Write(frame);
        return _text.ToString();
    }

    private void ReadKeys()
    {
        try
        {
            while (true)
            {
                _keys.Writer.TryWrite(System.Console.ReadKey(intercept: true));
            }
        }
        catch (Exception gone) when (gone is InvalidOperationException or IOException)
        {
            // The terminal has gone away.
            _keys.Writer.Complete();
        }
    }
}
