using System.Diagnostics;
using System.Globalization;

namespace MemSnoop.Benchmarks;

/// <summary>Processes that only wait, for as long as this is not disposed.</summary>
internal sealed class SleepingProcesses : IDisposable
{
    private readonly Process _shell;

    internal SleepingProcesses(int count)
    {
        _shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"for i in $(seq {count}); do sleep 3600 & all=\"$all $!\"; echo $!; done; echo; read -r end; kill $all"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        }) ?? throw new InvalidOperationException("/bin/sh does not start.");
        List<int> pids = [];
        while (_shell.StandardOutput.ReadLine() is { Length: > 0 } line)
        {
            pids.Add(int.Parse(line, CultureInfo.InvariantCulture));
        }

        // Between fork and exec a child still bears the shell's name.
        foreach (int pid in pids)
        {
            SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{pid}/stat").Contains("(sleep) S", StringComparison.Ordinal), TimeSpan.FromSeconds(10));
        }

        Pids = pids;
    }

    internal IReadOnlyList<int> Pids { get; }

    public void Dispose()
    {
        _shell.StandardInput.Close();
        _shell.WaitForExit();
        _shell.Dispose();
    }
}
