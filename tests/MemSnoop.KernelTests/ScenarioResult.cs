using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>The files one scenario wrote.</summary>
public sealed class ScenarioResult(string directory)
{
    /// <summary>The scenario's exit status; null when it never ended.</summary>
    public int? Status => Exists("status") ? int.Parse(Text("status")) : null;

    /// <summary>What the scenario printed.</summary>
    public string Output => Exists("output") ? Text("output") : "";

    /// <summary>The path of a file.</summary>
    public string File(string file) => Path.Combine(directory, file);

    public bool Exists(string file) => System.IO.File.Exists(File(file));

    /// <summary>A whole file, without the white space around it.</summary>
    public string Text(string file) => System.IO.File.ReadAllText(File(file)).Trim();

    /// <summary>A file of JSON objects, one a line, such as a workload prints.</summary>
    public IReadOnlyList<JsonElement> Lines(string file) =>
        [.. System.IO.File.ReadLines(File(file)).Where(line => line.Length > 0).Select(line => JsonElement.Parse(line))];

    /// <summary>The last object of such a file: what was true at the end.</summary>
    public JsonElement Last(string file) => Lines(file)[^1];
}
