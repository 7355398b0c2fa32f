using System.Globalization;
using MemSnoop.Containers;
using MemSnoop.Processes;

namespace MemSnoop.Exporter.View;

/// <summary>What the API calls a process: <c>PID-STARTTICKS</c>, so that another one under the same pid is another.</summary>
internal static class SubjectId
{
    internal static string Of(ProcessIdentity process) => string.Create(CultureInfo.InvariantCulture, $"{process.Pid}-{process.StartTicks}");

    internal static bool TryParse(ReadOnlySpan<char> text, out ProcessIdentity process)
    {
        process = default;
        int dash = text.IndexOf('-');
        if (dash < 0
            || !int.TryParse(text[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out int pid) || pid == 0
            || !ulong.TryParse(text[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ulong start))
        {
            return false;
        }

        process = new ProcessIdentity(pid, start);
        return true;
    }
}

/// <summary>How a container is called where there is little room.</summary>
internal static class ContainerName
{
    /// <summary>By its names, else by the twelve digits that other tools show of an id.</summary>
    internal static string Short(string id, ContainerNames names) => names.Pod.Length == 0 ? id[..Math.Min(12, id.Length)]
        : names.Container.Length == 0 ? $"{names.Namespace}/{names.Pod}"
        : $"{names.Namespace}/{names.Pod}/{names.Container}";
}
