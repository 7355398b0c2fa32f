using System.Text.RegularExpressions;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The checkout's <c>Dockerfile</c>: its instructions, with continued lines joined, without comments, and with <c>ARG</c>s replaced by their defaults.</summary>
internal sealed partial class Dockerfile
{
    private readonly (string Instruction, string Text)[] _instructions;

    private Dockerfile(IEnumerable<(string, string)> instructions) => _instructions = [.. instructions];

    public static Dockerfile Read()
    {
        string text = File.ReadAllText(Path.Combine(Checkout.Root, "Dockerfile"));
        Dictionary<string, string> defaults = [];
        List<(string, string)> instructions = [];
        foreach (string line in Continuation().Replace(text, " ").Split('\n').Where(static line => line.Length > 0 && line[0] != '#'))
        {
            string[] halves = line.Split(' ', 2);
            string words = Variable().Replace(halves[1].Trim(), match => defaults.GetValueOrDefault(match.Groups[1].Value, match.Value));
            if (halves[0] == "ARG" && words.Split('=') is [string name, string value])
            {
                defaults[name] = value;
            }

            instructions.Add((halves[0], words));
        }

        return new Dockerfile(instructions);
    }

    /// <summary>What follows each instruction of this name.</summary>
    public IReadOnlyList<string> Arguments(string instruction) =>
        [.. _instructions.Where(found => found.Instruction == instruction).Select(static found => found.Text)];

    [GeneratedRegex(@"\\\n\s*")]
    private static partial Regex Continuation();

    [GeneratedRegex(@"\$\{(\w+)\}")]
    private static partial Regex Variable();
}
