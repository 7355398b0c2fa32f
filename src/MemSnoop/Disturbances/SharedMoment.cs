namespace MemSnoop.Disturbances;

/// <summary>
/// A moment at which the windows of many processes began. It is given back when the last of them has ended. Compared with one later moment after another, as
/// windows end: each comparison is made once, however many processes it is for.
/// </summary>
internal sealed class SharedMoment(IDisturbanceWatch watch)
{
    private readonly IDisturbanceMoment _moment = watch.Now();
    private SharedMoment? _comparedWith;
    private DisturbanceReport _report = DisturbanceReport.Quiet;
    private int _holders = 1;

    /// <summary>One more holder; each calls <see cref="Release"/> once.</summary>
    internal SharedMoment Hold()
    {
        _holders++;
        return this;
    }

    internal void Release()
    {
        _holders--;
        if (_holders == 0)
        {
            _moment.Dispose();
        }
    }

    /// <summary>What happened until a later moment.</summary>
    internal DisturbanceReport Until(SharedMoment later)
    {
        if (!ReferenceEquals(_comparedWith, later))
        {
            _report = watch.Compare(_moment, later._moment);
            _comparedWith = later;
        }

        return _report;
    }
}
