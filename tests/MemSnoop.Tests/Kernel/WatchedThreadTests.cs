using MemSnoop.Kernel;

namespace MemSnoop.Tests.Kernel;

/// <summary>Work that goes on without what hangs. A call into the kernel that does not return is played by a gate that stays closed.</summary>
public sealed class WatchedThreadTests : IDisposable
{
    private readonly HungProcesses _hung = new();
    private readonly WatchedThread _thread;
    private readonly Dictionary<int, ManualResetEventSlim> _gates = [];

    public WatchedThreadTests() => _thread = new WatchedThread("test", _hung);

    [Fact]
    public void All_work_is_done_by_one_thread()
    {
        Work first = Run(1, 2, 3);
        Work second = Run(4, 5);
        Assert.Equal([1, 2, 3], first.Done);
        Assert.Equal([4, 5], second.Done);
        Assert.Single(first.Threads.Concat(second.Threads).Distinct());
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, first.Threads);
    }

    [Fact]
    public async Task It_goes_on_without_one_that_hangs_until_that_one_answers()
    {
        Close(2);
        Work work = Run(1, 2, 3);
        Assert.Equal([1, 3], work.Done);
        Assert.Equal([2], work.Skipped);
        Assert.Equal(2, work.Threads.Distinct().Count());
        Assert.True(_hung.Refuse(2));
        Assert.False(_hung.Refuse(3));
        Assert.Equal(1, _hung.Count);

        _gates[2].Set();
        await Eventually.HoldsAsync(() => !_hung.Refuse(2));

        // What came back has touched nothing.
        Assert.Equal([1, 3], work.Done);
        Assert.Equal([1, 2, 3], Run(1, 2, 3).Done);
    }

    [Fact]
    public void What_the_kernel_may_still_write_to_is_not_used_again()
    {
        Close(1);
        Work work = new(this, [1, 2]) { Buffer = new KernelBuffer(16) };
        "before"u8.CopyTo(work.Buffer.Free(0));
        _thread.Run(work);
        Assert.False(work.Buffer.Text(6).SequenceEqual("before"u8));
    }

    [Fact]
    public async Task With_eight_lost_nothing_that_may_hang_is_read()
    {
        int[] pids = [.. Enumerable.Range(1, HungProcesses.Most)];
        Array.ForEach(pids, Close);
        Work work = Run([.. pids, 99]);
        Assert.Equal(pids, work.Skipped);
        Assert.Equal([99], work.Done);
        Assert.True(_hung.Refuse(99));
        Open();
        await Eventually.HoldsAsync(() => _hung.Count == 0);
        Assert.False(_hung.Refuse(99));
    }

    [Fact]
    public void An_error_is_the_callers()
    {
        Work work = new(this, [1]) { Failure = new IOException("no") };
        Assert.Equal("no", Assert.Throws<IOException>(() => _thread.Run(work)).Message);
        Assert.Equal([1], Run(1).Done);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_ends_at_once_whether_a_call_hangs_or_there_are_many(bool hangs)
    {
        if (hangs)
        {
            // About no process: it is not abandoned.
            Close(0);
        }

        Work work = new(this, hangs ? [0] : Enumerable.Repeat(1, 1_000_000_000));
        Task run = Task.Run(() => _thread.Run(work), TestContext.Current.CancellationToken);
        await Eventually.HoldsAsync(() => hangs ? work.Threads.Count > 0 : work.Done.Count > 0);
        _thread.Stop();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.ThrowsAny<OperationCanceledException>(() => Run(1));
    }

    /// <summary>A call that was under way when nobody waited any more: it may have been in the middle of something long.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task An_end_says_nothing_of_the_process_that_it_cut_short(int pid)
    {
        List<(int Pid, bool Hangs)> told = [];
        _hung.Changed += (at, hangs) => told.Add((at, hangs));
        Close(pid);
        Work work = new(this, [pid]);
        Task run = Task.Run(() => _thread.Run(work), TestContext.Current.CancellationToken);
        await Eventually.HoldsAsync(() => work.Threads.Count > 0);
        _thread.Stop();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(0, _hung.Count);
        Open();
        Assert.Empty(told);
    }

    [Fact]
    public void A_thread_that_nobody_watches_calls_as_ever()
    {
        KernelCalls.About(1);
        KernelCalls? calls = KernelCalls.Begin();
        Assert.Null(calls);
        KernelCalls.End(calls);
    }

    public void Dispose()
    {
        Open();
        _thread.Dispose();
    }

    private Work Run(params int[] pids)
    {
        Work work = new(this, pids);
        _thread.Run(work);
        return work;
    }

    private void Close(int pid) => _gates[pid] = new ManualResetEventSlim();

    private void Open()
    {
        foreach (ManualResetEventSlim gate in _gates.Values)
        {
            gate.Set();
        }
    }

    /// <summary>A call about each of some processes.</summary>
    private sealed class Work(WatchedThreadTests test, IEnumerable<int> pids) : IWatchedWork
    {
        private readonly IEnumerator<int> _pids = pids.GetEnumerator();

        public List<int> Done { get; } = [];

        public List<int> Skipped { get; } = [];

        public List<int> Threads { get; } = [];

        public KernelBuffer? Buffer { get; init; }

        public Exception? Failure { get; init; }

        public void Do()
        {
            Threads.Add(Environment.CurrentManagedThreadId);
            if (Failure is { } failure)
            {
                throw failure;
            }

            while (_pids.MoveNext())
            {
                int pid = _pids.Current;
                KernelCalls.About(pid);
                _ = Buffer is null ? default : Buffer.Free(0);
                KernelCalls? calls = KernelCalls.Begin();
                if (test._gates.TryGetValue(pid, out ManualResetEventSlim? gate))
                {
                    gate.Wait();
                }

                KernelCalls.End(calls);
                if (Done.Count < 100)
                {
                    Done.Add(pid);
                }
            }
        }

        public void Skip(int pid) => Skipped.Add(pid);
    }
}
