using MemSnoop.Kernel;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>
/// Has the kernel walk the page tables of one process and sum up what was accessed since the walk before (<c>damos_va_stat</c> with the filter <c>young</c>, Linux
/// 6.18). The walk clears the accessed bits that it counts, and no others. The kdamond is switched on for one walk and then off again: DAMON's own sampling, which
/// clears accessed bits too, has no time for more than one page of each range, and in the windows between two walks nothing is at work.
/// </summary>
internal sealed class YoungScan
{
    /// <summary>How often DAMON samples while it is on; the walk follows the first samples.</summary>
    private static readonly TimeSpan Sampling = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// After so many samples the walk comes, and again after as many: whoever is slower to ask for its result would be told of both. Kernels that can be told to walk once
    /// alone need not be given that time.
    /// </summary>
    private const int SamplesToWalk = 20;

    private const int SamplesToOnlyWalk = 2;

    private const int MostQuestions = 2000;

    /// <summary>Below this address are all areas of a process that has not asked for higher ones.</summary>
    private const ulong UserEnd = 0xffff_ffff_0000;

    private readonly Kdamond _kdamond;
    private bool _walksOnce;
    private int _rangesSet = -1;

    private YoungScan(Kdamond kdamond) => _kdamond = kdamond;

    /// <summary>What the thread of the last walk used of a processor; null if that is not told.</summary>
    internal TimeSpan? CpuTime { get; private set; }

    /// <summary>Sets the walk up; null if this kernel does not have what it takes.</summary>
    internal static YoungScan? TryMake(Kdamond kdamond)
    {
        YoungScan scan = new(kdamond);
        return kdamond.HasOperationFilters && kdamond.HasApplyInterval && scan.SetUp() ? scan : null;
    }

    /// <summary>Whether the kernel counts pages, as it does from 6.18 on: before, it has the files and leaves the sum at 0. It is tried on this process, which is certainly at work.</summary>
    internal bool Works() =>
        Walk(Environment.ProcessId, [new WalkRange(KernelUnits.Current.PageBytes, UserEnd, false)], isShmem: false, out ulong anon, out ulong other) == ReadOutcome.Success && anon + other > 0;

    /// <summary>Walks over the ranges that hold shared memory, or over the others.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="ranges">The ranges, in ascending order.</param>
    /// <param name="isShmem">Which of them.</param>
    /// <param name="anonBytes">Anonymous memory that was accessed.</param>
    /// <param name="otherBytes">Other memory that was.</param>
    internal ReadOutcome Walk(int pid, List<WalkRange> ranges, bool isShmem, out ulong anonBytes, out ulong otherBytes)
    {
        anonBytes = otherBytes = 0;
        CpuTime = null;
        if (!Aim(pid, ranges, isShmem, out int count))
        {
            return _kdamond.IsStillThere() ? ReadOutcome.Failed : ReadOutcome.InUse;
        }

        if (count == 0)
        {
            return ReadOutcome.Success;
        }

        ReadOutcome outcome = _kdamond.SwitchOn();
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        outcome = Await(out anonBytes, out otherBytes);
        CpuTime = _kdamond.CpuTime();
        _kdamond.SwitchOff();
        return outcome;
    }

    private ReadOutcome Await(out ulong anonBytes, out ulong otherBytes)
    {
        anonBytes = otherBytes = 0;
        for (int i = 0; i < MostQuestions; i++)
        {
            if (!_kdamond.Ask("update_schemes_stats"u8))
            {
                // It ends by itself once its target has.
                return ReadOutcome.ProcessGone;
            }

            if (_kdamond.ReadNumber("schemes/1/stats/nr_tried"u8) is > 0)
            {
                ulong? anon = _kdamond.ReadNumber("schemes/0/stats/sz_ops_filter_passed"u8);
                ulong? other = _kdamond.ReadNumber("schemes/1/stats/sz_ops_filter_passed"u8);
                (anonBytes, otherBytes) = (anon ?? 0, other ?? 0);
                return anon is null || other is null ? ReadOutcome.NotSupported : ReadOutcome.Success;
            }
        }

        return ReadOutcome.Failed;
    }

    private bool Aim(int pid, List<WalkRange> ranges, bool isShmem, out int count)
    {
        count = 0;
        foreach (WalkRange range in ranges)
        {
            count += range.IsShmem == isShmem ? 1 : 0;
        }

        if (count == 0)
        {
            return true;
        }

        bool isSet = _kdamond.Set("targets/0/pid_target"u8, (ulong)pid)
            && (_rangesSet == count || _kdamond.Set("targets/0/regions/nr_regions"u8, (ulong)count));
        _rangesSet = isSet ? count : -1;
        int index = 0;
        for (int i = 0; i < ranges.Count && isSet; i++)
        {
            if (ranges[i].IsShmem == isShmem)
            {
                isSet = RegionFiles.Set(_kdamond, target: 0, index, ranges[i].Start, ranges[i].End);
                index++;
            }
        }

        return isSet;
    }

    private bool SetUp()
    {
        if (!_kdamond.SetSampling(Sampling) || !_kdamond.Set("schemes/nr_schemes"u8, 2))
        {
            return false;
        }

        // Both from the first on: what is no anonymous page is told by what the other leaves out.
        _walksOnce = _kdamond.Set("schemes/0/stats/max_nr_snapshots"u8, 1) && _kdamond.Set("schemes/1/stats/max_nr_snapshots"u8, 1);
        TimeSpan interval = Sampling * (_walksOnce ? SamplesToOnlyWalk : SamplesToWalk);
        return SchemeFiles.SetStat(_kdamond, 0, interval) && SetFilters(0, takesAnon: true)
            && SchemeFiles.SetStat(_kdamond, 1, interval) && SetFilters(1, takesAnon: false);
    }

    /// <summary>The first filter turns pages of the other kind away, before the second asks for their accessed bit and clears it.</summary>
    private bool SetFilters(int scheme, bool takesAnon)
    {
        SysfsName name = new SysfsName(stackalloc byte[96]).Add("schemes/"u8).Add(scheme).Add("/ops_filters/"u8);
        int directory = name.Length;
        return _kdamond.Set(name.Add("nr_filters"u8).Terminated, 2)
            && _kdamond.Set(name.CutTo(directory).Add("0/type"u8).Terminated, "anon"u8)
            && _kdamond.Set(name.CutTo(directory).Add("0/matching"u8).Terminated, takesAnon ? "N"u8 : "Y"u8)
            && _kdamond.Set(name.CutTo(directory).Add("0/allow"u8).Terminated, "N"u8)
            && _kdamond.Set(name.CutTo(directory).Add("1/type"u8).Terminated, "young"u8)
            && _kdamond.Set(name.CutTo(directory).Add("1/matching"u8).Terminated, "Y"u8)
            && _kdamond.Set(name.CutTo(directory).Add("1/allow"u8).Terminated, "Y"u8);
    }
}
