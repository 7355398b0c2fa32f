using System.Diagnostics;
using System.Text.Json;

namespace MemSnoop.Testing;

/// <summary>
/// A running workload: a child that answers each line on its stdin with one line of JSON that says what is now true of it.
/// It ends with this object, and with the test program however that ends.
/// </summary>
internal sealed class Workload : IDisposable
{
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(30);

    private readonly Process _process;

    private Workload(Process process) => _process = process;

    public int Pid => _process.Id;

    /// <summary>The last answer, at first the line that says that the program is ready.</summary>
    public JsonElement Said { get; private set; }

    /// <summary>The bytes of the last answer, its line feed included: what the child itself wrote to its stdout.</summary>
    public int SaidBytes { get; private set; }

    public static async Task<Workload> StartAsync(string program, params IEnumerable<string> arguments)
    {
        // A path is a program of the test's own, say one under another name.
        string path = Path.IsPathRooted(program) ? program : await Workloads.PathAsync(program);
        ProcessStartInfo start = new(path, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        Workload workload = new(Process.Start(start)!);
        try
        {
            await workload.HearAsync();
            return workload;
        }
        catch
        {
            workload.Dispose();
            throw;
        }
    }

    /// <summary>Sends a line; done when the program has done what it says.</summary>
    public async Task<JsonElement> TellAsync(string line)
    {
        await _process.StandardInput.WriteAsync(line + "\n");
        await _process.StandardInput.FlushAsync();
        return await HearAsync();
    }

    /// <summary>A number of the last answer.</summary>
    public long Number(string name) => Said.GetProperty(name).GetInt64();

    /// <summary>A list of pids of the last answer.</summary>
    public int[] Pids(string name) => [.. Said.GetProperty(name).EnumerateArray().Select(static pid => pid.GetInt32())];

    /// <summary>Kills the program and waits until the kernel has forgotten it.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    private async Task<JsonElement> HearAsync()
    {
        string? line = await _process.StandardOutput.ReadLineAsync().WaitAsync(AnswerDeadline)
            ?? throw new CommandException($"{_process.StartInfo.FileName} ended instead of answering.");
        SaidBytes = line.Length + 1;
        using JsonDocument document = JsonDocument.Parse(line);
        Said = document.RootElement.Clone();
        return Said;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }
}
