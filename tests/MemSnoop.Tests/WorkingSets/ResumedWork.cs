using MemSnoop.Kernel;
using MemSnoop.WorkingSets;

namespace MemSnoop.Tests.WorkingSets;

/// <summary>Has an estimator do something as the sampler does: what a process that does not answer cuts short is gone on with.</summary>
internal sealed class ResumedWork(IWorkingSetEstimator estimator, IWorkingSetSink sink, Action begin) : IWatchedWork
{
    private bool _hasBegun;

    public List<int> Hung { get; } = [];

    public void Do()
    {
        if (!_hasBegun)
        {
            _hasBegun = true;
            begin();
        }
        else
        {
            Assert.True(estimator.Resume(sink));
        }
    }

    public void Skip(int pid) => Hung.Add(pid);
}
