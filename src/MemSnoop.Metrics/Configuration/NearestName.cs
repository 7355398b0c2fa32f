namespace MemSnoop.Metrics.Configuration;

/// <summary>Finds what a mistyped name was probably meant to be.</summary>
internal static class NearestName
{
    /// <summary>
    /// The candidate with the fewest edits to <paramref name="name"/>, without regard to case, or null if none is near enough to be a typing mistake.
    /// </summary>
    public static string? Find(string name, IEnumerable<string> candidates)
    {
        string? nearest = null;
        int fewest = Bound(name);
        foreach (string candidate in candidates)
        {
            int edits = Distance(name, candidate);
            if (edits < fewest && edits < candidate.Length)
            {
                fewest = edits;
                nearest = candidate;
            }
        }

        return nearest;
    }

    /// <summary>
    /// The likely candidates, best first: those with few edits, then those that contain the name.
    /// </summary>
    public static IReadOnlyList<string> FindAll(string name, IEnumerable<string> candidates)
    {
        int bound = Bound(name);
        return
        [
            .. candidates.Distinct(StringComparer.OrdinalIgnoreCase)
                .Select(candidate => (Candidate: candidate, Edits: Distance(name, candidate)))
                .Select(each => each with { Edits = each.Edits < each.Candidate.Length ? each.Edits : int.MaxValue })
                .Where(each => each.Edits < bound || (name.Length > 0 && each.Candidate.Contains(name, StringComparison.OrdinalIgnoreCase)))
                .OrderBy(static each => each.Edits)
                .Select(static each => each.Candidate),
        ];
    }

    // More edits than these are no typing mistake.
    private static int Bound(string name) => Math.Max(2, name.Length / 3) + 1;

    /// <summary>Levenshtein's distance, without regard to case.</summary>
    public static int Distance(string left, string right)
    {
        // One row of the table at a time.
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 0; i < left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 0; j < right.Length; j++)
            {
                int replaced = diagonal + (char.ToLowerInvariant(left[i]) == char.ToLowerInvariant(right[j]) ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(replaced, Math.Min(row[j], diagonal) + 1);
            }
        }

        return row[^1];
    }
}
