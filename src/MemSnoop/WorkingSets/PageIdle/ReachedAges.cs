namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// How many of the ages a page had reached when the window began in which it was accessed, by the number of the pass that saw it used last before. Of a pass in
/// parts, the blocks that its coming parts are about still have the window that the pass before ended.
/// </summary>
internal sealed class ReachedAges(Epochs epochs, IdleAges ages, bool isSpread)
{
    private readonly byte[] _reached = new byte[256];
    private readonly byte[] _earlier = new byte[256];

    /// <summary>The ages.</summary>
    internal IdleAges Ages => ages;

    /// <summary>The number of the pass under way.</summary>
    internal long Pass { get; private set; }

    /// <summary>When the window of a page began, the earliest of all.</summary>
    internal TimeSpan WindowStart { get; private set; }

    /// <summary>The youngest epoch whose pages had reached an age other than 0; -1 if there is none.</summary>
    internal int Youngest { get; private set; } = -1;

    /// <summary>How many ages the pages had reached that an epoch saw used last.</summary>
    internal int this[int epoch] => _reached[epoch];

    /// <summary>The same of pages in a block that were accessed again: as of the window of the block.</summary>
    internal int Of(FrameBlock block, byte epoch) => block.ReaccessedPass == Pass ? _reached[epoch] : _earlier[epoch];

    /// <summary>Takes note of a pass that has begun.</summary>
    internal void BeginPass()
    {
        Pass++;
        byte previous = epochs.Previous;
        byte earlier = (byte)Math.Max(0, previous - 1);
        Youngest = Fill(_reached, previous);
        if (isSpread)
        {
            _ = Fill(_earlier, earlier);
        }

        WindowStart = epochs[isSpread ? earlier : previous];
    }

    /// <summary>How many ages were known when the window began, of what has been watched since a time.</summary>
    internal int CountKnown(TimeSpan watchedSince) => watchedSince > WindowStart ? 1 : ages.CountReached(WindowStart - watchedSince);

    private int Fill(byte[] reached, byte start)
    {
        int youngest = -1;
        Array.Clear(reached);
        for (int epoch = 0; epoch <= start; epoch++)
        {
            reached[epoch] = (byte)ages.CountReached(epochs[start] - epochs[epoch]);
            youngest = reached[epoch] > 1 ? epoch : youngest;
        }

        return youngest;
    }
}
