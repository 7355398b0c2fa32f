using MemSnoop.WorkingSets;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>
/// What a pass must say, by the plainest possible means: it remembers of each folio whether it was touched since the last
/// pass, and of each page of each process the number of the pass that last saw it in use.
/// </summary>
internal sealed class IdleModel(FakeHost host, Func<FakeProcess, string?> groupOf)
{
    private readonly HashSet<FakeFolio> _touched = [];
    private readonly Dictionary<FakeProcess, (int FirstPass, Dictionary<ulong, int> Ages)> _processes = [];
    private HashSet<ulong> _watched = [];
    private HashSet<FakeFolio> _known = [];
    private int _pass;

    private enum State
    {
        NobodysMemory,
        Active,
        Idle,
        Untracked,
    }

    public void Touch(FakeFolio folio) => _touched.Add(folio);

    /// <summary>What the next pass must report; null for a process that is new.</summary>
    public (Dictionary<FakeProcess, Expected?> Processes, Dictionary<string, Expected> Groups) Pass()
    {
        _pass++;
        Dictionary<FakeProcess, Expected?> processes = [];
        Dictionary<string, Expected> groups = [];
        HashSet<(string Group, ulong Frame)> counted = [];
        HashSet<ulong> watched = [];
        foreach (FakeProcess process in host.Processes)
        {
            bool isNew = !_processes.TryGetValue(process, out var before);
            Dictionary<ulong, int> ages = [];
            Expected own = new();
            string? group = isNew ? null : groupOf(process);
            Expected shared = group is null ? new Expected() : groups.TryGetValue(group, out Expected? known) ? known : groups[group] = new Expected();
            foreach (FakeArea area in process.Areas)
            {
                for (int i = 0; i < area.Pages.Count; i++)
                {
                    FakePage page = area.Pages[i];
                    if (!page.IsPresent)
                    {
                        continue;
                    }

                    if (page.Folio is { Kind: FolioKind.Hugetlb })
                    {
                        own.Hugetlb++;
                        continue;
                    }

                    State state = StateOf(page);
                    if (page.Folio is not null)
                    {
                        watched.Add(page.Frame);
                    }

                    if (state == State.NobodysMemory)
                    {
                        continue;
                    }

                    ulong now = area.StartPage + (ulong)i;
                    ulong then = process.MovedFrom.TryGetValue(area.StartPage, out ulong start) ? start + (ulong)i : now;
                    int age = state != State.Idle ? _pass : isNew ? _pass - 1 : before.Ages.GetValueOrDefault(then, _pass - 1);
                    ages[now] = age;
                    Count(own, page, state, age);
                    if (group is not null && (page.Folio is null || counted.Add((group, page.Frame))))
                    {
                        Count(shared, page, state, age);
                    }
                }
            }

            processes[process] = isNew ? null : own;
            own.PassesObserved = isNew ? 0 : _pass - before.FirstPass;
            _processes[process] = (isNew ? _pass : before.FirstPass, ages);
            process.MovedFrom.Clear();
        }

        _watched = watched;
        _touched.Clear();
        _known = [.. host.Folios];
        foreach (FakeProcess gone in _processes.Keys.Except(host.Processes).ToArray())
        {
            _processes.Remove(gone);
        }

        return (processes, groups);
    }

    private State StateOf(FakePage page) =>
        page.Folio is not { } folio ? State.Untracked
        : folio.Kind == FolioKind.Zero ? State.NobodysMemory
        : !_watched.Contains(page.Frame) ? State.Active
        : page.Frame / 64 >= host.BitmapFrames / 64 ? State.Untracked
        : !folio.IsOnLru ? State.Untracked
        : _touched.Contains(folio) || !_known.Contains(folio) ? State.Active
        : State.Idle;

    private void Count(Expected expected, FakePage page, State state, int age)
    {
        expected.Resident++;
        switch (state)
        {
            case State.Untracked:
                expected.Untracked++;
                break;
            case State.Idle:
                for (int band = 1; band <= _pass - age && band < expected.Idle.Length; band++)
                {
                    expected.Idle[band]++;
                }

                break;
            default:
                expected.Active[page.Folio!.Kind switch { FolioKind.Anon => (int)PageKind.Anon, FolioKind.Shmem => (int)PageKind.Shmem, _ => (int)PageKind.File }]++;
                break;
        }
    }
}

/// <summary>Pages, as a pass must report them.</summary>
internal sealed class Expected
{
    public int Resident { get; set; }

    public int Untracked { get; set; }

    public int Hugetlb { get; set; }

    public int[] Active { get; } = new int[PageKinds.Count];

    /// <summary>Idle for at least as many windows as the index says.</summary>
    public int[] Idle { get; } = new int[6];

    public int PassesObserved { get; set; }

    /// <summary>The same of a sample; ages only as far as they are known.</summary>
    public string Describe(int bands) =>
        $"resident {Resident} active {string.Join('/', Active)} untracked {Untracked} hugetlb {Hugetlb} idle {string.Join('/', Idle.Skip(1).Take(bands - 1))}";

    public static string Describe(in WorkingSetSample sample, int bands)
    {
        IdleBytes idle = sample.Idle;
        return $"resident {sample.ResidentBytes / FakeArea.PageBytes} active {sample.AnonBytes / FakeArea.PageBytes}/{sample.FileBytes / FakeArea.PageBytes}/{sample.ShmemBytes / FakeArea.PageBytes} "
            + $"untracked {sample.UntrackedBytes / FakeArea.PageBytes} hugetlb {sample.HugetlbBytes / FakeArea.PageBytes} "
            + $"idle {string.Join('/', Enumerable.Range(1, bands - 1).Select(band => idle[band] / FakeArea.PageBytes))}";
    }
}
