using System.IO.Enumeration;

namespace MemSnoop.Containers;

/// <summary>
/// Names of containers from the links that the kubelet keeps to their logs: <c>/var/log/containers/POD_NAMESPACE_CONTAINER-ID.log</c>, which lead to
/// <c>/var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log</c>. To read the names of the links and where they lead is enough: nothing is opened. The kubelet cuts names at 255
/// characters; such a link tells of the pod alone. It makes no links if the runtime writes logs elsewhere, as to the journal.
/// </summary>
internal sealed class LogLinks(string directory) : IReadNameSource
{
    internal const string SourceName = "log_links";

    private const string Suffix = ".log";
    private const int IdDigits = 64;

    /// <summary>A node has some hundreds of containers. A directory of more files than this is none of the kubelet's.</summary>
    private const int MostLinks = 100_000;

    /// <inheritdoc/>
    public string Name => SourceName;

    /// <inheritdoc/>
    public TimeSpan Pause => TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public Task<NameAnswer> ReadAsync(CancellationToken cancellation) => Task.FromResult(Read());

    /// <summary>Reads the links that there are now.</summary>
    internal NameAnswer Read()
    {
        NameCatalogue catalogue = new();
        try
        {
            FileSystemEnumerable<string> links = new(directory, static (ref FileSystemEntry entry) => entry.ToFullPath(), new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false });
            int seen = 0;
            foreach (string link in links)
            {
                if (++seen > MostLinks)
                {
                    return NameAnswer.Nothing("too_large", $"{directory} has more than {MostLinks} files");
                }

                AddLink(Path.GetFileName(link.AsSpan()), catalogue);
                if (new FileInfo(link).LinkTarget is { } target)
                {
                    AddTarget(target, catalogue);
                }
            }

            return NameAnswer.Of(catalogue, $"{catalogue.Count} containers in {directory}");
        }
        catch (DirectoryNotFoundException)
        {
            return NameAnswer.Nothing("not_found", $"there is no {directory}");
        }
        catch (UnauthorizedAccessException)
        {
            return NameAnswer.Nothing("denied", $"{directory} may not be read");
        }
        catch (IOException error)
        {
            return NameAnswer.Nothing("failed", $"{directory} cannot be read: {error.Message}");
        }
    }

    /// <summary>POD_NAMESPACE_CONTAINER-ID.log; none of the names has an underscore, and that of a container may have hyphens.</summary>
    internal static void AddLink(ReadOnlySpan<char> name, NameCatalogue catalogue)
    {
        if (!name.EndsWith(Suffix, StringComparison.Ordinal) || name.Length < IdDigits + Suffix.Length + 1)
        {
            return;
        }

        ReadOnlySpan<char> stem = name[..^Suffix.Length];
        ReadOnlySpan<char> names = stem[..^IdDigits];
        Span<Range> parts = stackalloc Range[4];
        if (names[^1] != '-' || names.Split(parts, '_') != 3)
        {
            return;
        }

        catalogue.AddContainer(stem[^IdDigits..].ToString(), names[parts[1]].ToString(), names[parts[0]].ToString(), names[parts[2]][..^1].ToString());
    }

    /// <summary>…/NAMESPACE_POD_UID/CONTAINER/NUMBER.log, and of it the directory of the pod.</summary>
    internal static void AddTarget(ReadOnlySpan<char> target, NameCatalogue catalogue)
    {
        ReadOnlySpan<char> pod = Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(target)));
        Span<Range> parts = stackalloc Range[4];
        if (pod.Split(parts, '_') == 3)
        {
            catalogue.AddPod(pod[parts[2]].ToString(), pod[parts[0]].ToString(), pod[parts[1]].ToString());
        }
    }
}
