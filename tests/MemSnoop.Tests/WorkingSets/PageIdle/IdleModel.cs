using MemSnoop.WorkingSets;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>
/// What a pass must say, by the plainest possible means: it remembers of each folio whether it was touched since the last
/// pass, and of each page of each process the number of the pass that last saw it in use.
/// </summary>
internal sealed class IdleModel(FakeHost host, Func<FakeProcess, string?> groupOf, Func<string, string?> containerOf)
{
    private readonly HashSet<FakeFolio> _touched = [];
    private readonly Dictionary<FakeProcess, Known> _processes = [];
    private readonly Dictionary<string, List<(int Pass, int Pages)>> _groupDoubts = [];
    private readonly Dictionary<string, ReaccessModel> _groupReaccesses = [];
    private readonly Dictionary<string, int> _containers = [];
    private Dictionary<ulong, int> _watched = [];
    private HashSet<FakeFolio> _known = [];
    private int _pass;
    private bool _isTakenUp;

    /// <summary>How many ages are asked for.</summary>
    private const int Ages = 6;

    private enum State
    {
        NobodysMemory,
        Active,
        Doubtful,
        Idle,
        Untracked,
    }

    public void Touch(FakeFolio folio) => _touched.Add(folio);

    /// <summary>Another exporter goes on. It counts anew what is accessed again, and cannot tell whether a container that it finds is new.</summary>
    public void TakeUp()
    {
        _isTakenUp = true;
        _groupReaccesses.Clear();
        foreach ((FakeProcess process, Known known) in _processes.ToArray())
        {
            _processes[process] = known with { Reaccesses = new ReaccessModel() };
        }
    }

    /// <summary>
    /// What the next pass must report; null for a process that is new. To be asked before the pass, while the kernel's flags are still those of the window.
    /// </summary>
    public (Dictionary<FakeProcess, Expected?> Processes, Dictionary<string, Expected> Groups, Dictionary<string, string> Containers) Pass()
    {
        _pass++;
        Dictionary<FakeProcess, Expected?> processes = [];
        Dictionary<string, Expected> groups = [];
        HashSet<string> complete = [];
        HashSet<(string Group, ulong Frame)> counted = [];
        HashSet<(string Group, ulong Frame)> countedAgain = [];
        Dictionary<string, int> groupsSince = [];
        Dictionary<ulong, (State State, int Age)> frames = [];

        // Groups one after another, as the engine walks: of a frame that is new, the first process that maps it tells what it is.
        foreach (FakeProcess process in host.Processes.OrderBy(groupOf, StringComparer.Ordinal))
        {
            bool isNew = !_processes.TryGetValue(process, out Known? before);
            before ??= new Known(_pass, [], [], [], new ReaccessModel());
            string? group = groupOf(process);
            Expected own = new() { PassesObserved = _pass - before.FirstPass };
            Expected shared = group is null ? new Expected() : groups.TryGetValue(group, out Expected? known) ? known : groups[group] = new Expected();
            bool isInDoubt = isNew && group is not null && _pass > 1;
            bool repeats = Repeats(process);
            Dictionary<ulong, int> ages = [];
            HashSet<ulong> mine = [];
            foreach ((FakeArea area, ulong address, FakePage page) in PagesOf(process))
            {
                if (page.Folio is { Kind: FolioKind.Hugetlb })
                {
                    own.Hugetlb++;
                    continue;
                }

                if (!frames.TryGetValue(page.Frame, out var frame))
                {
                    frame = Look(page, isInDoubt, AgeBefore(before, area, address));
                    frames[page.Frame] = frame;
                }

                if (frame.State == State.NobodysMemory || (repeats && IsShared(page) && !mine.Add(page.Frame)))
                {
                    continue;
                }

                ages[address] = frame.Age;
                if (frame.State == State.Active && _watched.TryGetValue(page.Frame, out int old) && before.Ages.TryGetValue(address, out int then) && then == old)
                {
                    own.CountAgain(_pass - 1 - old);
                    if (group is not null && countedAgain.Add((group, page.Frame)))
                    {
                        shared.CountAgain(_pass - 1 - old);
                    }
                }

                Count(own, page, frame.State, frame.Age);
                if (group is not null && (page.Folio is null || counted.Add((group, page.Frame))))
                {
                    Count(shared, page, frame.State, frame.Age);
                }
            }

            if (!isNew)
            {
                own.Reaccesses = before.Reaccesses;
                before.Reaccesses.Add(own, before.Doubts, before.FirstPass, _pass);
                _ = group is not null && (groupsSince[group] = Math.Min(before.FirstPass, groupsSince.GetValueOrDefault(group, _pass))) > 0;
                own.Settle(before.Doubts, _pass);
                _ = group is not null && complete.Add(group);
            }

            processes[process] = isNew ? null : own;
            _processes[process] = before with { Ages = ages, Areas = [.. process.Areas.Select(static area => area.MapsLine)] };
        }

        SettleGroups(groups, complete, groupsSince);
        Dictionary<string, string> containers = Charge(frames);
        _watched = frames.Where(static frame => frame.Key >> 40 == 0).ToDictionary(static frame => frame.Key, static frame => frame.Value.Age);
        _touched.Clear();
        _known = [.. host.Folios];
        foreach (FakeProcess gone in _processes.Keys.Except(host.Processes).ToArray())
        {
            _processes.Remove(gone);
        }

        return (processes, groups, containers);
    }

    /// <summary>What is charged to each container, in the words of <see cref="Expected.Describe(in ContainerMemorySample)"/>. Who maps it does not matter, and whether anybody does.</summary>
    private Dictionary<string, string> Charge(Dictionary<ulong, (State State, int Age)> frames)
    {
        Dictionary<string, Expected[]> charged = [];
        foreach (FakeFolio folio in host.Folios.Where(static folio => folio.IsOnLru))
        {
            if (folio.Group is null || containerOf(folio.Group) is not { } container)
            {
                continue;
            }

            if (!charged.TryGetValue(container, out Expected[]? kinds))
            {
                charged.Add(container, kinds = [.. Enumerable.Range(0, ChargedKinds.Count).Select(static _ => new Expected())]);
            }

            Expected expected = kinds[(int)(folio.Kind switch
            {
                FolioKind.Anon => ChargedKind.Anon,
                FolioKind.Shmem => ChargedKind.Shmem,
                _ => folio.IsMapped ? ChargedKind.File : ChargedKind.Cache,
            })];
            for (int index = 0; index < folio.Pages; index++)
            {
                FakePage page = new(folio, index);
                if (!frames.TryGetValue(page.Frame, out var frame))
                {
                    frame = Look(page, isInDoubt: false, _pass - 1);
                    frames[page.Frame] = frame;
                }

                // A frame is in doubt for a process that is new; that it is new to the container is certain.
                Count(expected, page, frame.State == State.Doubtful ? State.Active : frame.State, frame.Age);
            }
        }

        // A container is known by whatever is charged to it, be it the kernel's own.
        string[] known = [.. host.Folios.Select(folio => folio.Group is null ? null : containerOf(folio.Group)).OfType<string>().Distinct()];
        foreach (string gone in _containers.Keys.Except(known).ToArray())
        {
            _containers.Remove(gone);
        }

        foreach (string container in known)
        {
            _containers.TryAdd(container, _isTakenUp ? _pass : Math.Max(_pass - 1, 1));
        }

        bool isTakenUp = _isTakenUp;
        _isTakenUp = false;
        return _pass == 1 ? [] : charged.Where(container => !isTakenUp || _containers[container.Key] < _pass).ToDictionary(
            static container => container.Key,
            container => Expected.Describe(container.Value, Math.Min(_pass - _containers[container.Key] + 1, Ages)));
    }

    private static IEnumerable<(FakeArea Area, ulong Address, FakePage Page)> PagesOf(FakeProcess process) =>
        from area in process.Areas.OrderBy(static area => area.StartPage)
        from page in area.Pages.Select(static (page, index) => (Page: page, Index: index))
        where page.Page.IsPresent
        select (area, area.StartPage + (ulong)page.Index, page.Page);

    private static bool IsShared(FakePage page) => page.Folio is { Kind: FolioKind.File or FolioKind.Shmem or FolioKind.Driver };

    /// <summary>Whether a file is mapped more than once.</summary>
    private static bool Repeats(FakeProcess process) =>
        process.Areas.Where(static area => area.Kind != FolioKind.Anon).GroupBy(static area => (area.Kind, area.Inode)).Any(static areas => areas.Count() > 1);

    /// <summary>The age at an address, if it still means the same memory.</summary>
    private int AgeBefore(Known before, FakeArea area, ulong address) =>
        before.Ages.TryGetValue(address, out int age) && (area.Kind == FolioKind.Anon || before.Areas.Contains(area.MapsLine)) ? age : _pass - 1;

    private (State State, int Age) Look(FakePage page, bool isInDoubt, int ageBefore)
    {
        if (page.Folio is not { } folio)
        {
            return (State.Untracked, _pass);
        }

        if (folio.Kind == FolioKind.Zero)
        {
            return (State.NobodysMemory, _pass);
        }

        if (!_watched.TryGetValue(page.Frame, out int age))
        {
            // What nobody watched was used, unless the kernel says that it has not been since some mark.
            return folio.Idle && folio.First / 64 < host.BitmapFrames / 64 ? (State.Idle, ageBefore)
                : isInDoubt ? (State.Doubtful, _pass)
                : (State.Active, _pass);
        }

        return page.Frame / 64 >= host.BitmapFrames / 64 || !folio.IsOnLru ? (State.Untracked, _pass)
            : _touched.Contains(folio) || !_known.Contains(folio) ? (State.Active, _pass)
            : (State.Idle, age);
    }

    private void SettleGroups(Dictionary<string, Expected> groups, HashSet<string> complete, Dictionary<string, int> since)
    {
        // What is known of a group is kept as long as it has members, old or new.
        foreach (string gone in _groupDoubts.Keys.Except(groups.Keys).ToArray())
        {
            _groupDoubts.Remove(gone);
            _groupReaccesses.Remove(gone);
        }

        foreach (string group in groups.Keys.Except(complete).ToArray())
        {
            groups.Remove(group);
        }

        foreach ((string group, Expected expected) in groups)
        {
            if (!_groupReaccesses.TryGetValue(group, out ReaccessModel? reaccesses))
            {
                _groupReaccesses.Add(group, reaccesses = new ReaccessModel());
            }

            expected.Reaccesses = reaccesses;
            reaccesses.Add(expected, _groupDoubts.GetValueOrDefault(group) ?? [], since[group], _pass);
            expected.PassesObserved = expected.Idle.Length;
            expected.Settle(_groupDoubts.TryGetValue(group, out var doubts) ? doubts : _groupDoubts[group] = [], _pass);
        }
    }

    private void Count(Expected expected, FakePage page, State state, int age)
    {
        expected.Resident++;
        int Kind() => page.Folio!.Kind switch { FolioKind.Anon => (int)PageKind.Anon, FolioKind.Shmem => (int)PageKind.Shmem, _ => (int)PageKind.File };
        switch (state)
        {
            case State.Untracked:
                expected.Untracked++;
                break;
            case State.Doubtful:
                expected.Doubtful[Kind()]++;
                break;
            case State.Idle:
                for (int band = 1; band <= _pass - age && band < expected.Idle.Length; band++)
                {
                    expected.Idle[band]++;
                }

                break;
            default:
                expected.Active[Kind()]++;
                break;
        }
    }

    /// <summary>What is known of a process from the last pass.</summary>
    private sealed record Known(int FirstPass, Dictionary<ulong, int> Ages, HashSet<string> Areas, List<(int Pass, int Pages)> Doubts, ReaccessModel Reaccesses);
}

/// <summary>What was accessed again since the beginning, in pages, by how many windows it had been idle for at least.</summary>
internal sealed class ReaccessModel
{
    private readonly int[] _certain = new int[6];
    private readonly int[] _doubtful = new int[6];
    private readonly int[] _inDoubt = new int[6];
    private int _known = 1;

    /// <summary>Adds a pass; its own doubts are about later ones.</summary>
    public void Add(Expected window, List<(int Pass, int Pages)> doubts, int firstPass, int pass)
    {
        _known = Math.Max(_known, Math.Min(pass - firstPass, 6));
        for (int band = 1; band < _known; band++)
        {
            int before = doubts.Where(doubt => doubt.Pass > pass - 1 - band && doubt.Pass < pass).Sum(static doubt => doubt.Pages);
            int inDoubt = Math.Min(_inDoubt[band], before);
            int leftOut = Math.Min(inDoubt, window.Again[band]);
            _certain[band] += window.Again[band] - leftOut;
            _doubtful[band] += leftOut + window.Doubtful.Sum();
            _inDoubt[band] = inDoubt - leftOut;
        }

        for (int band = 1; band < 6; band++)
        {
            _inDoubt[band] += window.Doubtful.Sum();
        }
    }

    public string Describe() => $"{string.Join('/', _certain[1.._known])} doubtful {string.Join('/', _doubtful[1.._known])}";

    public static string Describe(in ReaccessedSample sample)
    {
        IdleBytes certain = sample.Bytes;
        IdleBytes doubtful = sample.DoubtfulBytes;
        int[] bands = [.. Enumerable.Range(1, sample.KnownAges - 1)];
        return $"{string.Join('/', bands.Select(band => certain[band] / FakeArea.PageBytes))} doubtful {string.Join('/', bands.Select(band => doubtful[band] / FakeArea.PageBytes))}";
    }
}

/// <summary>Pages, as a pass must report them.</summary>
internal sealed class Expected
{
    public int Resident { get; set; }

    public int Untracked { get; set; }

    public int Hugetlb { get; set; }

    public int[] Active { get; } = new int[PageKinds.Count];

    /// <summary>Pages that may have been used.</summary>
    public int[] Doubtful { get; } = new int[PageKinds.Count];

    /// <summary>Idle for at least as many windows as the index says.</summary>
    public int[] Idle { get; } = new int[6];

    /// <summary>Accessed in this window after at least as many idle windows as the index says.</summary>
    public int[] Again { get; } = new int[6];

    /// <summary>The same since the beginning.</summary>
    public ReaccessModel? Reaccesses { get; set; }

    public void CountAgain(int windows)
    {
        for (int band = 1; band <= windows && band < Again.Length; band++)
        {
            Again[band]++;
        }
    }

    public int PassesObserved { get; set; }

    /// <summary>How many bands are known: as many as passes have seen it, unless doubts leave nothing certain.</summary>
    public int KnownBands { get; private set; }

    /// <summary>Subtracts from the bands what may have been used since, and forgets doubts that are too few to matter for the working set.</summary>
    public void Settle(List<(int Pass, int Pages)> doubts, int pass)
    {
        int doubtful = Doubtful.Sum();
        doubts.Add((pass, doubtful));
        KnownBands = Math.Min(PassesObserved + 1, Idle.Length);
        for (int band = 1; band < KnownBands; band++)
        {
            int since = doubts.Where(each => each.Pass > pass - band).Sum(static each => each.Pages);
            if (since > 0 && since >= Idle[band] && Idle[band] > 0)
            {
                KnownBands = band;
                break;
            }

            Idle[band] = Math.Max(0, Idle[band] - since);
        }

        if (doubtful <= Math.Max(Resident / 100, 32))
        {
            Array.Clear(Doubtful);
        }
    }

    /// <summary>The same of a sample; ages only as far as they are known.</summary>
    public string Describe(int bands) =>
        $"resident {Resident} active {string.Join('/', Active)} doubtful {string.Join('/', Doubtful)} untracked {Untracked} hugetlb {Hugetlb} idle {string.Join('/', Idle.Skip(1).Take(bands - 1))}";

    /// <summary>The same of a container's memory, kind by kind: held, used, and idle for each age that is known.</summary>
    public static string Describe(Expected[] kinds, int bands) => string.Join('\n', kinds.Select((kind, index) =>
        $"{(ChargedKind)index} {kind.Resident} used {kind.Active.Sum()} idle {string.Join('/', kind.Idle.Skip(1).Take(bands - 1))}"));

    public static string Describe(in ContainerMemorySample sample)
    {
        ContainerMemorySample copy = sample;
        return string.Join('\n', ChargedKinds.All.Select(kind => (Kind: kind, Memory: copy[kind])).Select(static each =>
        {
            IdleBytes idle = each.Memory.Idle;
            return $"{each.Kind} {each.Memory.HeldBytes / FakeArea.PageBytes} used {each.Memory.UsedBytes / FakeArea.PageBytes} "
                + $"idle {string.Join('/', Enumerable.Range(1, each.Memory.KnownAges - 1).Select(band => idle[band] / FakeArea.PageBytes))}";
        }));
    }

    public static string Describe(in WorkingSetSample sample, int bands)
    {
        IdleBytes idle = sample.Idle;
        return $"resident {sample.ResidentBytes / FakeArea.PageBytes} active {sample.AnonBytes / FakeArea.PageBytes}/{sample.FileBytes / FakeArea.PageBytes}/{sample.ShmemBytes / FakeArea.PageBytes} "
            + $"doubtful {sample.DoubtfulAnonBytes / FakeArea.PageBytes}/{sample.DoubtfulFileBytes / FakeArea.PageBytes}/{sample.DoubtfulShmemBytes / FakeArea.PageBytes} "
            + $"untracked {sample.UntrackedBytes / FakeArea.PageBytes} hugetlb {sample.HugetlbBytes / FakeArea.PageBytes} "
            + $"idle {string.Join('/', Enumerable.Range(1, bands - 1).Select(band => idle[band] / FakeArea.PageBytes))}";
    }
}
