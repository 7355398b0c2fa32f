namespace MemSnoop.Exporter.Collector;

/// <summary>
/// Runs the calls of a collection one after another. If a call takes too long, its thread is abandoned to it, and a new thread goes on with the next call.
/// </summary>
internal sealed class CallbackRunner(TimeProvider clock)
{
    /// <summary>Runs every call that is not hanging, and returns when each has ended, failed, been abandoned or left out.</summary>
    /// <param name="calls">The calls, in order. When a required one fails, those after it are not run.</param>
    /// <param name="callBudget">How long each may take.</param>
    /// <param name="totalBudget">How long they may take together; those that have not been run by then are left out.</param>
    /// <param name="stop">Ends the run before the next call.</param>
    public async Task RunAsync(GuardedCall[] calls, TimeSpan callBudget, TimeSpan totalBudget, CancellationToken stop)
    {
        long started = clock.GetTimestamp();
        int next = 0;
        while (next < calls.Length && !stop.IsCancellationRequested)
        {
            if (clock.GetElapsedTime(started) >= totalBudget)
            {
                TimeoutException late = new($"Not observed: the collection took more than {totalBudget.TotalSeconds} s.");
                foreach (GuardedCall call in calls.AsSpan(next))
                {
                    call.Skip(late);
                }

                return;
            }

            Worker worker = new(calls, next, clock, stop);
            worker.Start();
            next = await WatchAsync(worker, calls, callBudget, started, totalBudget).ConfigureAwait(false);
        }
    }

    // Returns where to go on: after the last call, or after the abandoned one.
    private async Task<int> WatchAsync(Worker worker, GuardedCall[] calls, TimeSpan callBudget, long started, TimeSpan totalBudget)
    {
        while (true)
        {
            TimeSpan total = totalBudget - clock.GetElapsedTime(started);
            TimeSpan call = callBudget - clock.GetElapsedTime(worker.CurrentSince);
            TimeSpan wait = total < call ? total : call;

            // Timers count whole milliseconds; rounded down, the rest of one would be spent in a busy loop.
            wait = wait > TimeSpan.Zero ? wait + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero;
            await worker.Finished.WaitAsync(wait, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (worker.Finished.IsCompleted)
            {
                return calls.Length;
            }

            // The index before its time: read in this order, the time can only be too late, so a call is never abandoned too early.
            int current = worker.Current;
            bool overran = clock.GetElapsedTime(worker.CurrentSince) >= callBudget;
            if (!overran && clock.GetElapsedTime(started) < totalBudget)
            {
                continue;
            }

            TimeSpan exceeded = overran ? callBudget : totalBudget;
            if (calls[current].TryAbandon(new TimeoutException($"No result after {exceeded.TotalSeconds} s; left out until it returns.")))
            {
                return calls[current].IsRequired ? calls.Length : current + 1;
            }
        }
    }

    private sealed class Worker(GuardedCall[] calls, int first, TimeProvider clock, CancellationToken stop)
    {
        private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _currentSince = clock.GetTimestamp();
        private int _current = first;

        public Task Finished => _finished.Task;

        public int Current => Volatile.Read(ref _current);

        public long CurrentSince => Volatile.Read(ref _currentSince);

        // A thread of its own: a pool thread that never comes back would be missing for the requests. Unsafe: the callbacks serve all
        // waiting scrapes, so the first one's execution context must not flow into them.
        public void Start() => new Thread(Run) { IsBackground = true, Name = "metric callbacks" }.UnsafeStart();

        private void Run()
        {
            for (int i = _current; i < calls.Length && !stop.IsCancellationRequested; i++)
            {
                Volatile.Write(ref _currentSince, clock.GetTimestamp());
                Volatile.Write(ref _current, i);
                GuardedCall call = calls[i];
                if (call.Hangs)
                {
                    call.Skip(new TimeoutException("Left out: an earlier call has not returned."));
                }
                else if (!call.TryRun())
                {
                    return;
                }

                if (call.IsRequired && call.Error is not null)
                {
                    break;
                }
            }

            _finished.TrySetResult();
        }
    }
}
