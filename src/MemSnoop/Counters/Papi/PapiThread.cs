using System.Runtime.ExceptionServices;

namespace MemSnoop.Counters.Papi;

/// <summary>
/// The one thread that calls the library. An event set belongs to the thread that made it, and the library's state to the whole
/// process, so there is one for all providers; it starts with the first call and waits, in the background, for the next.
/// </summary>
internal sealed class PapiThread
{
    private readonly object _gate = new();
    private PapiWork? _first;
    private PapiWork? _last;
    private Thread? _thread;

    private PapiThread()
    {
    }

    internal static PapiThread Shared { get; } = new();

    /// <summary>Whether the caller is that thread.</summary>
    internal bool IsCurrent => Thread.CurrentThread == _thread;

    /// <summary>Runs the work on that thread and waits until it is done. Its exceptions are thrown here.</summary>
    internal void Invoke(PapiWork work)
    {
        if (IsCurrent)
        {
            work.Run();
            return;
        }

        Post(work);
        work.Wait();
    }

    internal T Invoke<T>(Func<T> function)
    {
        FunctionWork<T> work = new(function);
        Invoke(work);
        return work.Result!;
    }

    /// <summary>Queues the work for that thread. It must not be posted again before it has run.</summary>
    internal void Post(PapiWork work)
    {
        lock (_gate)
        {
            work.Next = null;
            if (_last is null)
            {
                _first = work;
            }
            else
            {
                _last.Next = work;
            }

            _last = work;
            if (_thread is null)
            {
                _thread = new Thread(Serve) { IsBackground = true, Name = "PAPI" };
                _thread.Start();
            }

            Monitor.Pulse(_gate);
        }
    }

    private void Serve()
    {
        while (true)
        {
            Take().Do();
        }
    }

    private PapiWork Take()
    {
        lock (_gate)
        {
            while (_first is null)
            {
                Monitor.Wait(_gate);
            }

            PapiWork work = _first;
            _first = work.Next;
            if (_first is null)
            {
                _last = null;
            }

            return work;
        }
    }

    private sealed class FunctionWork<T>(Func<T> function) : PapiWork
    {
        internal T? Result { get; private set; }

        internal override void Run() => Result = function();
    }
}

/// <summary>Something to do on the library's thread. One object can be used again and again, so that a reading allocates nothing.</summary>
internal abstract class PapiWork
{
    private readonly object _gate = new();
    private bool _isDone;
    private ExceptionDispatchInfo? _thrown;

    /// <summary>The next one in the queue.</summary>
    internal PapiWork? Next { get; set; }

    internal abstract void Run();

    internal void Do()
    {
        try
        {
            Run();
        }
        catch (Exception error)
        {
            _thrown = ExceptionDispatchInfo.Capture(error);
        }

        lock (_gate)
        {
            _isDone = true;
            Monitor.Pulse(_gate);
        }
    }

    internal void Wait()
    {
        lock (_gate)
        {
            while (!_isDone)
            {
                Monitor.Wait(_gate);
            }

            _isDone = false;
        }

        Interlocked.Exchange(ref _thrown, null)?.Throw();
    }
}
