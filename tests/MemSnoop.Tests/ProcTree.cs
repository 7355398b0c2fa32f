using System.Globalization;
using System.Text;
using MemSnoop.Kernel;
using MemSnoop.Tests.ProcFs;

namespace MemSnoop.Tests;

/// <summary>A proc root of plain files that a test may change: for what no kernel does on demand, like reusing a pid.</summary>
internal sealed class ProcTree : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public ProcTree()
    {
        Paths = new KernelPaths(_directory["proc"], _directory["sys"], _directory["run"]);
        Directory.CreateDirectory(Paths.ProcRoot);
        Directory.CreateDirectory(Paths.SysRoot);

        // By this it is known for a proc file system while it has no process.
        Write("proc/stat", "btime 1700000000\n");
    }

    public KernelPaths Paths { get; }

    /// <summary>Copies a process of the fixtures; by default under its own pid.</summary>
    public void AddProcess(int fixture, int? pid = null, int? parent = null, string? name = null, int? residentPages = null)
    {
        int added = pid ?? fixture;
        _directory.CopyFrom(Path.Combine(Fixture.ProcRoot, Text(fixture)), $"proc/{Text(added)}");
        SetField(added, 0, Text(added));
        if (parent is { } parentPid)
        {
            SetField(added, 3, Text(parentPid));
        }

        if (name is not null)
        {
            SetField(added, 1, $"({name})");
        }

        if (residentPages is { } pages)
        {
            SetResidentPages(added, pages);
        }
    }

    public void RemoveProcess(int pid) => Directory.Delete(_directory[$"proc/{Text(pid)}"], recursive: true);

    public void SetName(int pid, string name) => SetField(pid, 1, $"({name})");

    public void SetStartTicks(int pid, ulong ticks) => SetField(pid, 21, Text(ticks));

    public void SetResidentPages(int pid, int pages) => SetField(pid, 23, Text(pages));

    public void SetThreads(int pid, int threads) => SetField(pid, 19, Text(threads));

    public void SetDelayTicks(int pid, ulong ticks) => SetField(pid, 41, Text(ticks));

    public string Write(string relative, string text) => _directory.Write(relative, text);

    public string this[string relative] => _directory[relative];

    public void Remove(string relative) => Directory.Delete(_directory[relative], recursive: true);

    // The fields after the name are separated by blanks; the name is the second and has none in what is changed here.
    private void SetField(int pid, int index, string value)
    {
        string path = $"proc/{Text(pid)}/stat";
        string text = File.ReadAllText(_directory[path], Encoding.Latin1);
        int close = text.LastIndexOf(')');
        List<string> fields = [text[..text.IndexOf(' ')], text[text.IndexOf('(')..(close + 1)], .. text[(close + 2)..].Split(' ')];
        fields[index] = value;
        File.WriteAllText(_directory[path], string.Join(' ', fields), Encoding.Latin1);
    }

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);

    public void Dispose() => _directory.Dispose();
}
