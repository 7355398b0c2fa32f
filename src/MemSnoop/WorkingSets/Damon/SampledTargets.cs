using System.Buffers.Text;
using System.Diagnostics;
using MemSnoop.Kernel;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>
/// Has DAMON watch samples of many processes: a region for each, of one page. What DAMON otherwise has to guess, that all pages of a region are alike, is so true: it
/// marks the page, looks after a sampling interval whether it was accessed, and marks it again. Aggregation never ends, so that regions are neither merged nor
/// split and counts only grow; how often a page was seen in use between two moments is the difference of its counts.
/// </summary>
internal sealed class SampledTargets
{
    /// <summary>To look at a page and to mark it takes about a microsecond, so that DAMON is busy for a hundredth of the time.</summary>
    private static readonly TimeSpan IntervalPerSample = TimeSpan.FromMicroseconds(100);

    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(1);

    /// <summary>Where it is busy for more of the time than this, it looks less often.</summary>
    private const double MostBusy = 0.02;

    private readonly Kdamond _kdamond;
    private readonly KernelPaths _paths;
    private readonly KernelBuffer _buffer = new(64);
    private List<SampledProcess> _running = [];
    private List<SampledProcess> _next = [];
    private readonly List<int> _regions = [];
    private KernelHandle _tried = KernelHandle.None;
    private long _offSince;
    private TimeSpan _unwatched;
    private TimeSpan _interval;
    private TimeSpan _cpuTime;
    private long _cpuTimeAt;
    private double _slowness = 1;

    /// <param name="kdamond">The kdamond; not disposed with this object.</param>
    /// <param name="paths">Where sysfs is.</param>
    internal SampledTargets(Kdamond kdamond, KernelPaths paths)
    {
        _kdamond = kdamond;
        _paths = paths;
    }

    /// <summary>For how long so far nobody looked, since DAMON was off: what was used only then was not seen.</summary>
    internal TimeSpan Unwatched => _unwatched + (IsOn || _offSince == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_offSince));

    /// <summary>
    /// The part of the time in which DAMON is at work. Between looking at a page and marking it again lies some of that work, so accesses are lost in at most this part of the time.
    /// </summary>
    internal double BusyShare { get; private set; }

    /// <summary>Whether DAMON is on.</summary>
    internal bool IsOn { get; private set; }

    /// <summary>How often DAMON looks.</summary>
    internal TimeSpan Interval => _interval;

    /// <summary>Sets up what does not change. False if the kernel refuses.</summary>
    internal bool SetUp() => _kdamond.Set("schemes/nr_schemes"u8, 1);

    /// <summary>Whether these processes with the samples that they want are what is watched now.</summary>
    internal bool Are(IReadOnlyCollection<SampledProcess> processes)
    {
        int index = 0;
        foreach (SampledProcess process in processes)
        {
            if (process.Wanted.Count > 0)
            {
                if (index >= _running.Count || _running[index] != process || (process.HasWalked && !process.Walked.HasPagesOf(process.Watched)))
                {
                    return false;
                }

                index++;
            }
        }

        return index == _running.Count && (IsOn || index == 0);
    }

    /// <summary>Writes which processes and pages are to be watched from the next switching on; those that are watched now go on meanwhile.</summary>
    /// <returns>Success, or in use if the kdamond is another program's by now.</returns>
    internal ReadOutcome Write(IReadOnlyCollection<SampledProcess> processes)
    {
        _next.Clear();
        int samples = 0;
        foreach (SampledProcess process in processes)
        {
            if (process.Wanted.Count > 0)
            {
                _next.Add(process);
                samples += process.Wanted.Count;
            }
        }

        TimeSpan interval = IntervalFor(samples * _slowness);
        bool isSet = _next.Count == 0 || (_kdamond.SetSampling(interval) && SchemeFiles.SetStat(_kdamond, 0, interval) && WriteTargets());
        _interval = interval;
        return isSet ? ReadOutcome.Success : _kdamond.IsStillThere() ? ReadOutcome.Failed : ReadOutcome.InUse;
    }

    /// <summary>Asks DAMON what it has seen, and notes it for each sample. What is not found stays as it was.</summary>
    /// <param name="clock">Tells the time of that.</param>
    /// <returns>When it was.</returns>
    internal TimeSpan Read(Func<TimeSpan> clock)
    {
        if (!IsOn || !_kdamond.Ask("update_schemes_tried_regions"u8))
        {
            // It ends by itself when all its targets have.
            IsOn = false;
            return clock();
        }

        TimeSpan now = clock();
        NoteBusyShare();
        _tried.Dispose();
        if (KernelFile.Open(_paths.Sys(Kdamond.RelativePath + "/0/contexts/0/schemes/0/tried_regions"), out _tried) != ReadOutcome.Success)
        {
            return now;
        }

        // The regions stay in sysfs until the next question, about a kilobyte each: to have them removed would take DAMON's time twice.
        int region = 0;
        foreach (SampledProcess process in _running)
        {
            region = Note(process, region, now);
        }

        return now;
    }

    /// <summary>Switches over to what was written last.</summary>
    /// <returns>Success; or why nothing is watched now.</returns>
    internal ReadOutcome Switch()
    {
        SwitchOff();
        (_running, _next) = (_next, _running);
        if (_running.Count == 0)
        {
            return ReadOutcome.Success;
        }

        ReadOutcome outcome = _kdamond.SwitchOn();
        IsOn = outcome == ReadOutcome.Success;
        if (IsOn)
        {
            _unwatched += _offSince == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_offSince);
            (_cpuTime, _cpuTimeAt) = (TimeSpan.Zero, Stopwatch.GetTimestamp());
            foreach (SampledProcess process in _running)
            {
                process.Watched.ForgetCounts();
            }
        }
        else
        {
            _running.Clear();
        }

        return outcome;
    }

    /// <summary>Switches DAMON off.</summary>
    internal void SwitchOff()
    {
        if (IsOn || _offSince == 0)
        {
            _offSince = Stopwatch.GetTimestamp();
        }

        _kdamond.SwitchOff();
        IsOn = false;
    }

    internal void Close() => _tried.Dispose();

    private static TimeSpan IntervalFor(double samples)
    {
        TimeSpan interval = IntervalPerSample * samples;
        return interval < ShortestInterval ? ShortestInterval : interval > LongestInterval ? LongestInterval : interval;
    }

    private void NoteBusyShare()
    {
        if (_kdamond.CpuTime() is { } used)
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(_cpuTimeAt);
            BusyShare = Math.Clamp((used - _cpuTime) / elapsed, 0, 1);
            _slowness = Math.Max(_slowness, Math.Min(BusyShare / MostBusy, 10));
            (_cpuTime, _cpuTimeAt) = (used, Stopwatch.GetTimestamp());
        }
    }

    private bool WriteTargets()
    {
        bool isSet = true;
        if (_regions.Count != _next.Count)
        {
            isSet = _kdamond.Set("targets/nr_targets"u8, (ulong)_next.Count);
            _regions.Clear();
            for (int i = 0; i < _next.Count; i++)
            {
                _regions.Add(0);
            }
        }

        ulong pageBytes = KernelUnits.Current.PageBytes;
        for (int target = 0; target < _next.Count && isSet; target++)
        {
            ReadOnlySpan<ulong> pages = _next[target].Wanted.Pages;
            isSet = SetTarget(target, _next[target].Identity.Pid, pages.Length);
            for (int i = 0; i < pages.Length && isSet; i++)
            {
                isSet = RegionFiles.Set(_kdamond, target, i, pages[i] * pageBytes, (pages[i] + 1) * pageBytes);
            }
        }

        if (!isSet)
        {
            _regions.Clear();
        }

        return isSet;
    }

    private bool SetTarget(int target, int pid, int regions)
    {
        SysfsName name = new SysfsName(stackalloc byte[64]).Add("targets/"u8).Add(target).Add("/"u8);
        int directory = name.Length;
        bool isSet = _kdamond.Set(name.Add("pid_target"u8).Terminated, (ulong)pid)
            && (_regions[target] == regions || _kdamond.Set(name.CutTo(directory).Add("regions/nr_regions"u8).Terminated, (ulong)regions));
        _regions[target] = isSet ? regions : 0;
        return isSet;
    }

    /// <summary>
    /// Notes the counts of one process. Regions come in the order in which they were set, target by target; those of a process that has ended may be missing, and then what is
    /// here is another's. All of a target's are there, or none.
    /// </summary>
    private int Note(SampledProcess process, int region, TimeSpan now)
    {
        ReadOnlySpan<ulong> pages = process.Watched.Pages;
        ulong pageBytes = KernelUnits.Current.PageBytes;
        if (ReadRegion(region, "/start"u8) != pages[0] * pageBytes || ReadRegion(region + pages.Length - 1, "/start"u8) != pages[^1] * pageBytes)
        {
            return region;
        }

        for (int i = 0; i < pages.Length; i++)
        {
            if (ReadRegion(region + i, "/nr_accesses"u8) is not { } count)
            {
                return region;
            }

            process.Watched.Note(i, count, now);
        }

        process.SeenAt = now;
        return region + pages.Length;
    }

    private ulong? ReadRegion(int region, ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> name = new SysfsName(stackalloc byte[48]).Add(region).Add(file).Terminated;
        return KernelFile.ReadRecord(_tried, name, _buffer, out ReadOnlySpan<byte> text) == ReadOutcome.Success && Utf8Parser.TryParse(text, out ulong value, out _) ? value : null;
    }
}
