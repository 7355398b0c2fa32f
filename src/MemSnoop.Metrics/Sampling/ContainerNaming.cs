using System.Runtime.InteropServices;
using MemSnoop.Containers;
using MemSnoop.Metrics.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Knows the names of containers by their ids. A question is answered from memory at once. What is not known is looked for in the background: in the cheapest source
/// first, in the next one if that does not tell; then again after 1, 2, 4 s and so on, at least once a minute for as long as somebody asks. Sources that tell by themselves are
/// listened to all the time.
/// </summary>
internal sealed partial class ContainerNaming(IReadOnlyList<IContainerNameSource> sources, TimeProvider clock, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    /// <summary>Who wants a name asks at each collection; what nobody has asked for in this time is not looked for any more.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>More unknown ids than any node has containers.</summary>
    private const int MostMisses = 10_000;

    private readonly Lock _gate = new();
    private readonly NameSourceState[] _sources = [.. sources.Select(static source => new NameSourceState(source))];
    private readonly Dictionary<string, Miss> _misses = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private long _rounds;

    /// <summary>The sources that the options name, cheapest first.</summary>
    /// <param name="options">Where names come from.</param>
    /// <param name="wantsLabels">Whether the labels of pods are needed beside names, or what containers ask for, which is told with them.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="logger">Hears how the sources fare.</param>
    internal static ContainerNaming From(ContainersOptions options, bool wantsLabels, TimeProvider clock, ILogger logger)
    {
        List<IContainerNameSource> sources = [new LogLinks(options.LogDirectory)];
        if (options.CriSocket is { } socket)
        {
            sources.Add(new CriContainers(socket));
        }

        if (options.Kubelet is { } kubelet)
        {
            sources.Add(new KubeletPods(new ClusterAccess(kubelet, options.KubeletTokenFile, options.KubeletAuthorities, options.KubeletInsecure)));
        }

        if (options.KubernetesApiEndpoint is { } api)
        {
            sources.Add(new KubernetesApiPods(new ClusterAccess(api, options.KubernetesApiTokenFile, options.KubernetesApiAuthorities, IsUnchecked: false), options.Node ?? "", clock));
        }

        return new ContainerNaming(sources, clock, logger) { WantsLabels = wantsLabels };
    }

    /// <summary>Whether the labels of pods are needed too: what has a name alone is looked for in the next source.</summary>
    internal bool WantsLabels { get; init; }

    /// <summary>How the sources fare.</summary>
    internal MethodState[] States
    {
        get
        {
            lock (_gate)
            {
                return [.. _sources.Select(static source => source.State)];
            }
        }
    }

    /// <summary>How many readings of the sources have ended: what was not known before may be known after the next one.</summary>
    internal long Rounds => Volatile.Read(ref _rounds);

    /// <summary>What is looked for.</summary>
    internal int MissCount
    {
        get
        {
            lock (_gate)
            {
                return _misses.Count;
            }
        }
    }

    /// <summary>Reads what costs next to nothing, so that the first series have their labels.</summary>
    internal void Begin()
    {
        foreach (NameSourceState state in _sources)
        {
            if (state.Source is LogLinks links)
            {
                Take(state, links.Read());
            }
        }
    }

    /// <summary>What is known of a container; what is not is looked for from now on.</summary>
    /// <param name="container">What the control group says.</param>
    /// <param name="comm">The name of a process in it.</param>
    internal NamedContainer Find(ContainerIdentity container, string comm)
    {
        if (ReferenceEquals(container, ContainerIdentity.None))
        {
            return NamedContainer.None;
        }

        lock (_gate)
        {
            PodNames? pod = null;
            for (ContainerIdentity? at = container; at is not null; at = at.Outer)
            {
                if (Find(at.Id) is { } names)
                {
                    StopLooking(container);
                    return new NamedContainer(at.Id, names, IsFinal: true);
                }

                pod ??= FindPod(at.PodUid);
            }

            // A process in the group of a pod and of none of its containers is a monitor.
            if (pod is not null && container.Id.Length == 0)
            {
                StopLooking(container);
                return new NamedContainer("", pod.Unnamed, IsFinal: true);
            }

            // Few sources tell which container of a pod is the one that holds its namespaces. It is not among those with a name, and it runs this program.
            if (pod is not null && comm == "pause" && _misses.TryGetValue(container.Id, out Miss known) && known.IsLookedFor)
            {
                StopLooking(container);
                return new NamedContainer(container.Id, pod.Pause, IsFinal: true);
            }

            Want(KeyOf(container));
            return new NamedContainer(container.Id, pod?.Unnamed ?? ContainerNames.None, IsFinal: _sources.Length == 0);
        }
    }

    /// <summary>The labels of the pod that a container is in; null if nobody has told them. Who asks has asked for the names before.</summary>
    internal IReadOnlyDictionary<string, string>? LabelsOf(ContainerIdentity container)
    {
        lock (_gate)
        {
            return FindLabels(container);
        }
    }

    /// <summary>The id under which a container has its names: its own, or that of the container around it if only that has a name.</summary>
    internal string IdOf(ContainerIdentity container)
    {
        if (container.Outer is null)
        {
            return container.Id;
        }

        lock (_gate)
        {
            for (ContainerIdentity? at = container; at is not null; at = at.Outer)
            {
                if (Find(at.Id) is not null)
                {
                    return at.Id;
                }
            }
        }

        return container.Id;
    }

    /// <summary>How much memory a container asks for, in bytes; null if it does not, or nobody has told.</summary>
    internal ulong? MemoryRequestOf(string containerId)
    {
        lock (_gate)
        {
            foreach (NameSourceState state in _sources)
            {
                if (state.Catalogue.FindMemoryRequest(containerId) is { } bytes)
                {
                    return bytes;
                }
            }

            // Its names may be known from a source that tells no more, so nobody else asks again.
            if (WantsLabels && FindLabels(containerId) is null)
            {
                Want(containerId);
            }

            return null;
        }
    }

    private ContainerNames? Find(string id)
    {
        foreach (NameSourceState state in _sources)
        {
            if (state.Catalogue.Find(id) is { } names)
            {
                return names;
            }
        }

        return null;
    }

    private PodNames? FindPod(string uid)
    {
        foreach (NameSourceState state in _sources)
        {
            if (state.Catalogue.FindPod(uid) is { } names)
            {
                return names;
            }
        }

        return null;
    }

    private IReadOnlyDictionary<string, string>? FindLabels(ContainerIdentity container)
    {
        for (ContainerIdentity? at = container; at is not null; at = at.Outer)
        {
            if ((FindLabels(at.Id) ?? FindLabels(at.PodUid)) is { } labels)
            {
                return labels;
            }
        }

        return null;
    }

    private IReadOnlyDictionary<string, string>? FindLabels(string id)
    {
        foreach (NameSourceState state in _sources)
        {
            if (state.Catalogue.FindLabels(id) is { } labels)
            {
                return labels;
            }
        }

        return null;
    }

    private bool IsKnown(string id) => WantsLabels ? FindLabels(id) is not null : Find(id) is not null || FindPod(id) is not null;

    /// <summary>What a container is looked for by.</summary>
    private static string KeyOf(ContainerIdentity container) => container.Id.Length > 0 ? container.Id : container.PodUid;

    /// <summary>Has a container with a name not looked for any more, unless its labels are.</summary>
    private void StopLooking(ContainerIdentity container)
    {
        if (WantsLabels && FindLabels(container) is null)
        {
            Want(KeyOf(container));
        }
        else
        {
            _misses.Remove(KeyOf(container));
        }
    }

    private void Want(string id)
    {
        if (_sources.Length == 0 || (_misses.Count >= MostMisses && !_misses.ContainsKey(id)))
        {
            return;
        }

        ref Miss miss = ref CollectionsMarshal.GetValueRefOrAddDefault(_misses, id, out bool isKnown);
        long now = clock.GetTimestamp();
        miss = isKnown ? miss with { Asked = now } : new Miss(now, now, FirstWait, IsNew: true, IsLookedFor: false);
        if (!isKnown && _wanted.CurrentCount == 0)
        {
            _wanted.Release();
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        IEnumerable<Task> watches =
            from state in _sources
            where state.Source is IWatchedNameSource
            select ((IWatchedNameSource)state.Source).WatchAsync(answer => Hear(state, answer), stoppingToken);
        await Task.WhenAll([LookAsync(stoppingToken), .. watches]).ConfigureAwait(false);
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await ReadOnceAsync(stoppingToken).ConfigureAwait(false);
                while (Due() is var due && due > TimeSpan.Zero)
                {
                    await _wanted.WaitAsync(due, stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    /// <summary>Takes what a source tells by itself. What is known now is not looked for any more.</summary>
    private void Hear(NameSourceState state, NameAnswer answer)
    {
        Take(state, answer);
        lock (_gate)
        {
            foreach (string id in _misses.Keys.Where(IsKnown).ToArray())
            {
                _misses.Remove(id);
            }
        }

        Interlocked.Increment(ref _rounds);
    }

    /// <summary>How long until something is to be looked for; a long time if nothing is.</summary>
    internal TimeSpan Due()
    {
        lock (_gate)
        {
            TimeSpan due = LongestWait;
            foreach (Miss miss in _misses.Values)
            {
                TimeSpan left = miss.Wait - clock.GetElapsedTime(miss.Looked);
                due = miss.IsNew ? TimeSpan.Zero : left < due ? left : due;
            }

            // However much is unknown, the first source is read no more often than it allows; the others look after themselves.
            TimeSpan pause = Array.Find(_sources, static state => state.Source is IReadNameSource) is { Begun: { } begun, Source: IReadNameSource first }
                ? first.Pause - clock.GetElapsedTime(begun)
                : TimeSpan.Zero;
            return pause > due ? pause : due;
        }
    }

    /// <summary>Looks once for all that is unknown: asks one source after the other until nothing is.</summary>
    internal async Task ReadOnceAsync(CancellationToken cancellation)
    {
        HashSet<string> wanted;
        lock (_gate)
        {
            wanted = [.. _misses.Keys];
        }

        bool isWhole = true;
        bool isAnswered = false;
        foreach (NameSourceState state in _sources)
        {
            if (state.Source is not IReadNameSource source)
            {
                isAnswered |= state.IsOk;
                continue;
            }

            bool isFirst = state.Begun is null;
            if (!isFirst && IsAllKnown(wanted))
            {
                break;
            }

            if (state.Begun is { } begun && clock.GetElapsedTime(begun) < source.Pause)
            {
                isWhole = false;
                continue;
            }

            state.Begun = clock.GetTimestamp();
            NameAnswer answer = await source.ReadAsync(cancellation).ConfigureAwait(false);
            Take(state, answer);
            isAnswered |= answer.Catalogue is not null;
        }

        lock (_gate)
        {
            Settle(wanted, isWhole, isAnswered);
        }

        Interlocked.Increment(ref _rounds);
    }

    private bool IsAllKnown(HashSet<string> wanted)
    {
        lock (_gate)
        {
            return wanted.All(IsKnown);
        }
    }

    /// <summary>Notes what was found, what nobody wants any more, and when to look for the rest.</summary>
    private void Settle(HashSet<string> wanted, bool isWhole, bool isAnswered)
    {
        long now = clock.GetTimestamp();
        foreach (string id in wanted)
        {
            ref Miss miss = ref CollectionsMarshal.GetValueRefOrNullRef(_misses, id);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref miss))
            {
                continue;
            }

            if (IsKnown(id) || clock.GetElapsedTime(miss.Asked, now) > Patience)
            {
                _misses.Remove(id);
                continue;
            }

            TimeSpan next = miss.IsNew ? FirstWait : miss.Wait * 2 < LongestWait ? miss.Wait * 2 : LongestWait;
            miss = miss with
            {
                Looked = now,

                // A source that was left out may know.
                Wait = isWhole ? next : miss.Wait,
                IsNew = false,
                IsLookedFor = miss.IsLookedFor || (isWhole && isAnswered),
            };
        }
    }

    private void Take(NameSourceState state, NameAnswer answer)
    {
        bool isNews;
        lock (_gate)
        {
            isNews = state.Take(answer);
        }

        if (!isNews)
        {
            return;
        }

        if (answer.Catalogue is not null)
        {
            Known(logger, state.Source.Name, answer.Explanation);
        }
        else if (state.Source is LogLinks && answer.Reason == "not_found")
        {
            None(logger, state.Source.Name, answer.Explanation);
        }
        else
        {
            Unknown(logger, state.Source.Name, answer.Explanation);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "names of containers from {Source}: {Explanation}")]
    private static partial void Known(ILogger logger, string source, string explanation);

    [LoggerMessage(Level = LogLevel.Information, Message = "no names of containers from {Source}: {Explanation}")]
    private static partial void None(ILogger logger, string source, string explanation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "no names of containers from {Source}, so labels can stay empty: {Explanation}")]
    private static partial void Unknown(ILogger logger, string source, string explanation);

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _wanted.Dispose();
    }

    /// <summary>An id that no source has told.</summary>
    /// <param name="Asked">When somebody last asked for it.</param>
    /// <param name="Looked">When it was last looked for.</param>
    /// <param name="Wait">How long after that to look again.</param>
    /// <param name="IsNew">Whether it has not been looked for yet.</param>
    /// <param name="IsLookedFor">Whether all sources have been read since it was first asked for, one of them with success.</param>
    private readonly record struct Miss(long Asked, long Looked, TimeSpan Wait, bool IsNew, bool IsLookedFor);
}
