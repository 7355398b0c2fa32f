using MemSnoop.Containers;
using MemSnoop.Metrics.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Knows the names of containers by their ids. A question is answered from memory at once. What is not known is looked for in the background, at the
/// times that <see cref="MissingNames"/> sets: in the cheapest source first, in the next one if that does not tell. Sources that tell by themselves are listened to all the time.
/// </summary>
internal sealed partial class ContainerNaming(IReadOnlyList<IContainerNameSource> sources, TimeProvider clock, ILogger logger) : BackgroundService
{
    private readonly Lock _gate = new();
    private readonly NameSources _sources = new(sources);
    private readonly MissingNames _missing = new(clock);
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
                return [.. _sources.All.Select(static source => source.State)];
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
                return _missing.Count;
            }
        }
    }

    /// <summary>Reads what costs next to nothing, so that the first series have their labels.</summary>
    internal void Begin()
    {
        foreach (NameSourceState state in _sources.All)
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
                if (_sources.Find(at.Id) is { } names)
                {
                    StopLooking(container);
                    return new NamedContainer(at.Id, names, IsFinal: true);
                }

                pod ??= _sources.FindPod(at.PodUid);
            }

            // A process in the group of a pod and of none of its containers is a monitor.
            if (pod is not null && container.Id.Length == 0)
            {
                StopLooking(container);
                return new NamedContainer("", pod.Unnamed, IsFinal: true);
            }

            // Few sources tell which container of a pod is the one that holds its namespaces. It is not among those with a name, and it runs this program.
            if (pod is not null && comm == "pause" && _missing.WasLookedFor(container.Id))
            {
                StopLooking(container);
                return new NamedContainer(container.Id, pod.Pause, IsFinal: true);
            }

            Want(KeyOf(container));
            return new NamedContainer(container.Id, pod?.Unnamed ?? ContainerNames.None, IsFinal: _sources.All.Count == 0);
        }
    }

    /// <summary>The labels of the pod that a container is in; null if nobody has told them. Who asks has asked for the names before.</summary>
    internal IReadOnlyDictionary<string, string>? LabelsOf(ContainerIdentity container)
    {
        lock (_gate)
        {
            return _sources.FindLabels(container);
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
                if (_sources.Find(at.Id) is not null)
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
            ulong? bytes = _sources.FindMemoryRequest(containerId);

            // Its names may be known from a source that tells no more, so nobody else asks again.
            if (bytes is null && WantsLabels && _sources.FindLabels(containerId) is null)
            {
                Want(containerId);
            }

            return bytes;
        }
    }

    private bool IsKnown(string id) => WantsLabels ? _sources.FindLabels(id) is not null : _sources.Find(id) is not null || _sources.FindPod(id) is not null;

    /// <summary>What a container is looked for by.</summary>
    private static string KeyOf(ContainerIdentity container) => container.Id.Length > 0 ? container.Id : container.PodUid;

    /// <summary>Has a container with a name not looked for any more, unless its labels are.</summary>
    private void StopLooking(ContainerIdentity container)
    {
        if (WantsLabels && _sources.FindLabels(container) is null)
        {
            Want(KeyOf(container));
        }
        else
        {
            _missing.Remove(KeyOf(container));
        }
    }

    private void Want(string id)
    {
        if (_sources.All.Count > 0 && _missing.Want(id) && _wanted.CurrentCount == 0)
        {
            _wanted.Release();
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        IEnumerable<Task> watches =
            from state in _sources.All
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
            _missing.RemoveAll(IsKnown);
        }

        Interlocked.Increment(ref _rounds);
    }

    /// <summary>How long until something is to be looked for; a long time if nothing is.</summary>
    internal TimeSpan Due()
    {
        lock (_gate)
        {
            TimeSpan due = _missing.Due();

            // However much is unknown, the first source is read no more often than it allows; the others look after themselves.
            TimeSpan pause = _sources.All.FirstOrDefault(static state => state.Source is IReadNameSource) is { Begun: { } begun, Source: IReadNameSource first }
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
            wanted = [.. _missing.Ids];
        }

        bool isWhole = true;
        bool isAnswered = false;
        foreach (NameSourceState state in _sources.All)
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
            _missing.Settle(wanted, isWhole, isAnswered, IsKnown);
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
}
