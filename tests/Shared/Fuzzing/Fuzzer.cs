using System.Diagnostics;
using MemSnoop.Kernel;

namespace MemSnoop.Testing.Fuzzing;

/// <summary>What a run over one target came to.</summary>
/// <param name="Target">Its name.</param>
/// <param name="Cases">How many inputs were tried.</param>
/// <param name="Time">The processor time that they took.</param>
/// <param name="Kept">How many of them took a new way, and were changed in turn.</param>
/// <param name="Steps">How many steps from block to block there were in all.</param>
internal sealed record FuzzResult(string Target, int Cases, TimeSpan Time, int Kept, int Steps);

/// <summary>
/// Tries inputs on a target: those of the corpus, and then what the mutator makes of them and of all inputs that took new ways. Of each it holds that nothing is
/// thrown, that it is done soon, and that no more is allocated than the target says. The same seed tries the same inputs.
/// </summary>
internal static class Fuzzer
{
    private const int Seed = 20261127;

    // A case takes microseconds. What takes so long even at the third try does more work than its bytes are worth.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(250);

    // A machine can stand still for a while, so that this is no measurement; it is for what would never end.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static FuzzResult Run(FuzzTarget target, int cases)
    {
        List<byte[]> queue = [.. Corpus.Of(target)];
        Assert.True(queue.Count > 0, $"tests/fuzz-corpus/{target.Name} has no input.");
        int corpus = queue.Count;
        Mutator mutator = new(Seed);
        queue.ForEach(input => mutator.Learn(input));
        Coverage coverage = new();
        using Watch watch = new(target, mutator);
        TimeSpan begun = CpuTime.OfThisThread;
        for (int number = 0; number < cases; number++)
        {
            if (number < corpus)
            {
                mutator.Take(queue[number]);
            }
            else
            {
                mutator.Make(queue);
            }

            watch.Begin();
            Coverage.Begin();
            Try(target, mutator.Input);
            if (coverage.TakesNew() && number >= corpus)
            {
                queue.Add(mutator.Input.ToArray());
            }
        }

        return new FuzzResult(target.Name, cases, CpuTime.OfThisThread - begun, queue.Count - corpus, coverage.Steps);
    }

    /// <summary>Tries one input.</summary>
    /// <exception cref="FuzzException">Something does not hold.</exception>
    private static void Try(FuzzTarget target, ReadOnlySpan<byte> input)
    {
        long most = target.Besides + ((long)target.PerByte * input.Length);
        long begun = Stopwatch.GetTimestamp();
        long allocated = Measure(target, input);
        TimeSpan time = Stopwatch.GetElapsedTime(begun);

        // What is done once, and a processor that was busy elsewhere, are not the input's fault: the least of some tries counts, and processor time.
        for (int again = 0; again < 2 && (allocated > most || time > Longest); again++)
        {
            TimeSpan before = CpuTime.OfThisThread;
            allocated = Math.Min(allocated, Measure(target, input));
            TimeSpan cpu = CpuTime.OfThisThread - before;
            time = cpu < time ? cpu : time;
        }

        if (allocated > most)
        {
            throw FuzzException.Of(target, input, $"allocates {allocated} bytes for {input.Length}, and may allocate {most}");
        }

        if (time > Longest)
        {
            throw FuzzException.Of(target, input, $"takes {time.TotalMilliseconds:0} ms for {input.Length} bytes");
        }
    }

    /// <summary>How many bytes it allocates.</summary>
    private static long Measure(FuzzTarget target, ReadOnlySpan<byte> input)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            target.Run(input);
        }
        catch (Exception error)
        {
            throw FuzzException.Of(target, input, $"{error.GetType().Name}: {error.Message}", error);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>Ends the program, with the input, if a case does not end.</summary>
    private sealed class Watch : IDisposable
    {
        private readonly FuzzTarget _target;
        private readonly Mutator _mutator;
        private readonly Timer _timer;
        private long _begun = Stopwatch.GetTimestamp();

        public Watch(FuzzTarget target, Mutator mutator)
        {
            _target = target;
            _mutator = mutator;
            _timer = new Timer(_ => Look(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        }

        public void Begin() => Volatile.Write(ref _begun, Stopwatch.GetTimestamp());

        private void Look()
        {
            if (Stopwatch.GetElapsedTime(Volatile.Read(ref _begun)) > Patience)
            {
                Environment.FailFast(FuzzException.Of(_target, _mutator.Input, "does not end").Message);
            }
        }

        public void Dispose() => _timer.Dispose();
    }
}
