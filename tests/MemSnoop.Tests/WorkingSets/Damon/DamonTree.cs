using System.Text;
using MemSnoop.Kernel;

namespace MemSnoop.Tests.WorkingSets.Damon;

/// <summary>
/// The files of DAMON as a kernel of Linux 6.12 has them, as plain files: what is written stays written, and nothing else happens. The directories of the one kdamond are there from the
/// beginning.
/// </summary>
internal sealed class DamonTree : IDisposable
{
    private const string Kdamonds = "sys/kernel/mm/damon/admin/kdamonds";
    private const string Context = Kdamonds + "/0/contexts/0";

    private readonly TemporaryDirectory _directory = new();

    public DamonTree()
    {
        Paths = new KernelPaths(_directory["proc"], _directory["sys"], _directory["run"]);
        Directory.CreateDirectory(Paths.ProcRoot);
        Set("nr_kdamonds", "0\n");
        Set("0/state", "off\n");
        Set("0/pid", "-1\n");
        Set("0/contexts/nr_contexts", "0\n");
        SetContext("operations", "vaddr\n");
        SetContext("monitoring_attrs/intervals/sample_us", "5000\n");
        SetContext("monitoring_attrs/intervals/aggr_us", "100000\n");
        SetContext("monitoring_attrs/intervals/update_us", "1000000\n");
        SetContext("monitoring_attrs/nr_regions/min", "10\n");
        SetContext("monitoring_attrs/nr_regions/max", "1000\n");
        SetContext("targets/nr_targets", "0\n");
        SetContext("schemes/nr_schemes", "0\n");
        SetContext("schemes/0/apply_interval_us", "0\n");
    }

    public KernelPaths Paths { get; }

    public string this[string file] => Read(_directory[$"{Kdamonds}/{file}"]).Trim();

    public void Set(string file, string text) => _directory.Write($"{Kdamonds}/{file}", text);

    public void SetContext(string file, string text) => _directory.Write($"{Context}/{file}", text);

    public void Write(string file, string text) => _directory.Write(file, text);

    public void Remove(string file) => File.Delete(_directory[$"{Kdamonds}/{file}"]);

    public void RemoveDamon() => Directory.Delete(_directory["sys/kernel/mm/damon"], recursive: true);

    /// <summary>All files and what is in them.</summary>
    public string All() =>
        string.Join('\n', Directory.GetFiles(_directory[Kdamonds], "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(static file => $"{file}: {Read(file)}"));

    /// <summary>By the library's own entry: the framework refuses what somebody has locked.</summary>
    private static string Read(string file)
    {
        Assert.Equal(ReadOutcome.Success, KernelFile.ReadToEnd(file, new KernelBuffer(), out ReadOnlySpan<byte> text));
        return Encoding.UTF8.GetString(text);
    }

    public void Dispose() => _directory.Dispose();
}
