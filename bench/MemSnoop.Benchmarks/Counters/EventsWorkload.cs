using System.Diagnostics;
using System.Text.Json;

namespace MemSnoop.Benchmarks.Counters;

/// <summary>The workload <c>events</c>: does what a line says and answers with what that took.</summary>
internal sealed class EventsWorkload : IDisposable
{
    private readonly Process _process;

    internal EventsWorkload(string program)
    {
        _process = Process.Start(new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Answer();

        // On one processor each turn of the ball is a switch, and what else the machine does disturbs the ratios less.
        _process.ProcessorAffinity = 1;
    }

    internal int Pid => _process.Id;

    /// <summary>Nanoseconds of processor time and of wall time that the work took.</summary>
    internal (double Processor, double Wall) Do(string work)
    {
        double before = Tell("usage").Processor;
        (double after, double wall) = Tell(work);
        return (after - before, wall);
    }

    private (double Processor, double Wall) Tell(string line)
    {
        _process.StandardInput.Write(line + "\n");
        _process.StandardInput.Flush();
        return Answer();
    }

    private (double Processor, double Wall) Answer()
    {
        using JsonDocument answer = JsonDocument.Parse(_process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the workload has ended"));
        return (answer.RootElement.GetProperty("processor_ns").GetDouble(), answer.RootElement.GetProperty("took_ns").GetDouble());
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
