using System.Numerics;
using System.Runtime.InteropServices;
using MemSnoop.Disturbances;
using MemSnoop.Paging;
using MemSnoop.WorkingSets.PageIdle.Handover;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>The blocks of frames that watched processes map, or that are charged to containers, by physical address.</summary>
internal sealed class FrameTable
{
    private FrameBlock?[] _blocks = new FrameBlock?[64];

    /// <summary>The blocks in ascending order of frames.</summary>
    internal IEnumerable<FrameBlock> Blocks
    {
        get
        {
            foreach (FrameBlock? block in _blocks)
            {
                if (block is not null)
                {
                    yield return block;
                }
            }
        }
    }

    /// <summary>Number of blocks there are.</summary>
    internal int Count { get; private set; }

    internal FrameBlock? Find(ulong frame)
    {
        ulong index = frame >> FrameBlock.FrameShift;
        return index < (ulong)_blocks.Length ? _blocks[index] : null;
    }

    /// <summary>The block of a frame, made if it does not exist. The frame must not exceed <see cref="PagemapEntry.HighestFrame"/>.</summary>
    internal FrameBlock GetOrAdd(ulong frame)
    {
        ulong index = frame >> FrameBlock.FrameShift;
        if (index >= (ulong)_blocks.Length)
        {
            Array.Resize(ref _blocks, (int)Math.Max(index + 1, (ulong)_blocks.Length * 2));
        }

        FrameBlock? block = _blocks[index];
        if (block is null)
        {
            block = new FrameBlock((long)index);
            _blocks[index] = block;
            Count++;
        }

        return block;
    }

    /// <summary>Releases all blocks.</summary>
    internal void Clear()
    {
        Array.Clear(_blocks);
        Count = 0;
    }

    /// <summary>Releases a block in which nothing is mapped any more.</summary>
    internal void Remove(FrameBlock block)
    {
        _blocks[block.Index] = null;
        Count--;
    }
}

/// <summary>
/// The state of 32,768 frames (128 MiB of memory with pages of 4 KiB), as many as one call on the idle bitmap can reach. Three bits and a byte a frame; blocks
/// exist only for memory that watched processes map or that is charged to containers, so a hole in the physical address space costs nothing. A frame that is neither marked nor idle came into
/// use after the window began.
/// </summary>
internal sealed class FrameBlock(long index)
{
    internal const int Frames = Words * 64;
    internal const int Words = 512;
    internal const int FrameShift = 15;

    /// <summary>Frames that were marked idle at the start of the window.</summary>
    internal readonly ulong[] Marked = new ulong[Words];

    /// <summary>Among marked frames: those that were not accessed. Among the others: those that cannot be tracked.</summary>
    internal readonly ulong[] Idle = new ulong[Words];

    /// <summary>Frames that processes map in the current walk.</summary>
    internal readonly ulong[] Seen = new ulong[Words];

    /// <summary>
    /// For each frame the number of the pass that last saw it accessed. Kept by frame and not by address, so it stays with a block of memory that is moved, and
    /// is the same for all who share it.
    /// </summary>
    internal readonly byte[] Ages = new byte[Frames];

    /// <summary>Frames already counted for a group of processes.</summary>
    internal readonly CountedFrames ForGroup = new();

    /// <summary>Frames already counted for a group of processes as accessed again.</summary>
    internal readonly CountedFrames ReaccessedForGroup = new();

    /// <summary>Frames already counted for a process that maps some of them more than once.</summary>
    internal readonly CountedFrames ForProcess = new();

    /// <summary>Frames that are the zero page or the huge zero page; null when there are none, as in nearly every block.</summary>
    private ulong[]? _zero;

    private ulong[]? _used;
    private ulong[]? _doubtful;
    private ulong[]? _asked;
    private ulong[]? _reaccessed;

    /// <summary>Which block of physical memory it is.</summary>
    internal long Index { get; } = index;

    internal long FirstWord => Index * Words;

    internal ulong FirstFrame => (ulong)Index << FrameShift;

    internal bool IsEmpty => !Marked.AsSpan().ContainsAnyExcept(0UL) && !Idle.AsSpan().ContainsAnyExcept(0UL);

    /// <summary>When its frames were marked, and how long the window was that ended last.</summary>
    internal BlockTimes Times { get; } = new();

    /// <summary>
    /// Frames that were accessed in the running window and then marked again on behalf of another window; null when there are none. A mark hides what was
    /// before it, so it has to be remembered.
    /// </summary>
    internal ReadOnlySpan<ulong> Used => _used;

    /// <summary>Whether some frames of the walk are doubtful: their content may only have moved there, or they were not marked.</summary>
    internal bool HasDoubts => _doubtful is not null;

    /// <summary>The doubtful frames of a word.</summary>
    internal ulong DoubtfulIn(int word) => _doubtful is null ? 0 : _doubtful[word];

    /// <summary>Why frames are doubtful.</summary>
    internal Disturbance DoubtReason { get; private set; }

    /// <summary>Whether some frames were accessed again.</summary>
    internal bool HasReaccessed { get; private set; }

    /// <summary>The pass that saw that.</summary>
    internal long ReaccessedPass { get; set; }

    /// <summary>
    /// The frames of a word that were accessed in the window that ended last, after they had been idle for an age that counts. Their ages are still those of before, so
    /// that who maps them can count them by age, until <see cref="SettleReaccessed"/>.
    /// </summary>
    internal ulong ReaccessedIn(int word) => HasReaccessed ? _reaccessed![word] : 0;

    /// <summary>Frames that a glance asks for; null outside of one.</summary>
    internal ulong[]? Asked => _asked;

    internal bool IsUntracked(int frame) => (Idle[frame >> 6] & ~Marked[frame >> 6] & (1UL << frame)) != 0;

    internal bool IsZeroPage(int frame) => _zero is not null && (_zero[frame >> 6] >> frame & 1) != 0;

    internal bool IsUsed(int frame) => _used is not null && (_used[frame >> 6] >> frame & 1) != 0;

    internal bool IsDoubtful(int frame) => _doubtful is not null && (_doubtful[frame >> 6] >> frame & 1) != 0;

    /// <summary>The frame is a zero page, which cannot be tracked and belongs to no process.</summary>
    internal void SetZeroPage(int frame)
    {
        SetUntracked(frame);
        (_zero ??= new ulong[Words])[frame >> 6] |= 1UL << frame;
    }

    /// <summary>The frame cannot be tracked: a clear bit in <see cref="Marked"/> and a set one in <see cref="Idle"/>.</summary>
    internal void SetUntracked(int frame)
    {
        ulong bit = 1UL << frame;
        Marked[frame >> 6] &= ~bit;
        Idle[frame >> 6] |= bit;

        // A huge zero page may have been freed since, and its frames reused.
        if (_zero is not null)
        {
            _zero[frame >> 6] &= ~bit;
        }
    }

    /// <summary>The frame could not be tracked, and has come into use since its window ended.</summary>
    internal void SetFresh(int frame) => Idle[frame >> 6] &= ~(1UL << frame);

    /// <summary>The frame was freed after its window had ended, and somebody has taken it.</summary>
    internal void SetTaken(int frame, byte age)
    {
        ulong bit = 1UL << frame;
        Marked[frame >> 6] &= ~bit;
        Idle[frame >> 6] &= ~bit;
        Ages[frame] = age;
    }

    /// <summary>The frame is new here, and the kernel says that it has not been accessed since a mark that it carries.</summary>
    internal void SetIdle(int frame, byte age)
    {
        ulong bit = 1UL << frame;
        Marked[frame >> 6] |= bit;
        Idle[frame >> 6] |= bit;
        Ages[frame] = age;
    }

    /// <summary>Whether the frame was used within the window is not known.</summary>
    internal void SetDoubtful(int frame, Disturbance reason)
    {
        (_doubtful ??= new ulong[Words])[frame >> 6] |= 1UL << frame;
        DoubtReason = reason > DoubtReason ? reason : DoubtReason;
    }

    /// <summary>Notes frames of a word that were accessed and are about to be marked again.</summary>
    internal void NoteUsed(int word, ulong frames) => (_used ??= new ulong[Words])[word] |= frames;

    internal void ForgetUsed() => _used = null;

    /// <summary>Notes frames of a word that were accessed again. The memory is kept: there are some in nearly every window.</summary>
    internal void NoteReaccessed(int word, ulong frames)
    {
        (_reaccessed ??= new ulong[Words])[word] = frames;
        HasReaccessed = true;
    }

    /// <summary>Gives the frames that were accessed again the age that they have by now: the number of the pass that saw it.</summary>
    internal void SettleReaccessed(byte pass)
    {
        if (!HasReaccessed)
        {
            return;
        }

        for (int word = 0; word < Words; word++)
        {
            if (_reaccessed![word] != 0)
            {
                AgeUpdate.Set(Ages.AsSpan(word * 64, 64), _reaccessed[word], pass);
                _reaccessed[word] = 0;
            }
        }

        HasReaccessed = false;
    }

    internal void Ask(int word, ulong frames) => (_asked ??= new ulong[Words])[word] |= frames;

    internal void ForgetAsked() => _asked = null;

    /// <summary>Hands over what is marked and known, but not the ages.</summary>
    internal void Write(AgesWriter writer, TimeSpan now)
    {
        Times.Write(writer, now);
        writer.Bits(Marked);
        writer.Bits(Idle);
        writer.Bits(Seen);
        foreach (ulong[]? some in (ReadOnlySpan<ulong[]?>)[_zero, _used, _doubtful])
        {
            writer.Flag(some is not null);
            writer.Bits(some);
        }

        writer.Number((long)DoubtReason);
    }

    /// <summary>Takes up what was handed over.</summary>
    internal void Read(AgesReader reader, TimeSpan now)
    {
        Times.Read(reader, now);
        reader.Bits(Marked);
        reader.Bits(Idle);
        reader.Bits(Seen);
        _zero = ReadSome(reader);
        _used = ReadSome(reader);
        _doubtful = ReadSome(reader);
        DoubtReason = (Disturbance)reader.Number((int)Disturbance.Reader);
    }

    private static ulong[]? ReadSome(AgesReader reader)
    {
        if (!reader.Flag())
        {
            return null;
        }

        ulong[] bits = new ulong[Words];
        reader.Bits(bits);
        return bits;
    }

    /// <summary>Makes the frames of the walk those of the next window; frames that cannot be tracked stay untracked.</summary>
    internal void AdoptSeen()
    {
        Span<Vector<ulong>> marked = MemoryMarshal.Cast<ulong, Vector<ulong>>(Marked.AsSpan());
        Span<Vector<ulong>> idle = MemoryMarshal.Cast<ulong, Vector<ulong>>(Idle.AsSpan());
        ReadOnlySpan<Vector<ulong>> seen = MemoryMarshal.Cast<ulong, Vector<ulong>>(Seen);
        for (int i = 0; i < marked.Length; i++)
        {
            Vector<ulong> untracked = Vector.AndNot(idle[i], marked[i]);
            idle[i] &= seen[i];
            marked[i] = Vector.AndNot(seen[i], untracked);
        }

        Array.Clear(Seen);
        _doubtful = null;
        DoubtReason = Disturbance.None;
    }
}

/// <summary>
/// Frames of one block that were counted for somebody; the memory is shared by all who count one after another. A word is cleared when its next owner comes to it: to clear them all would cost a
/// small process more than its walk.
/// </summary>
internal sealed class CountedFrames
{
    private ulong[]? _counted;
    private int[] _owners = [];

    /// <summary>Counts frames of a word for an owner; returns those that were not counted before.</summary>
    internal ulong Add(int owner, int word, ulong frames)
    {
        if (_counted is null)
        {
            _counted = new ulong[FrameBlock.Words];
            _owners = new int[FrameBlock.Words];
        }

        ulong counted = _owners[word] == owner ? _counted[word] : 0;
        _owners[word] = owner;
        _counted[word] = counted | frames;
        return frames & ~counted;
    }
}

/// <summary>
/// The times of one block's marks. A pass over much memory takes a while, so blocks are marked and read at different times, and frames that are new are marked
/// later than those that were there before. The window of the block is that of its mean frame.
/// </summary>
internal sealed class BlockTimes
{
    private TimeSpan _first;
    private TimeSpan _mean;
    private TimeSpan _last;
    private TimeSpan? _read;

    /// <summary>The window that ended last: of the mean frame.</summary>
    internal TimeSpan Window { get; private set; }

    internal void Write(AgesWriter writer, TimeSpan now)
    {
        writer.Before(_first, now);
        writer.Before(_mean, now);
        writer.Before(_last, now);
    }

    internal void Read(AgesReader reader, TimeSpan now) => (_first, _mean, _last) = (reader.Before(now), reader.Before(now), reader.Before(now));

    /// <summary>The longest window of a frame.</summary>
    internal TimeSpan Longest { get; private set; }

    /// <summary>The shortest window of a frame.</summary>
    internal TimeSpan Shortest { get; private set; }

    /// <summary>Frames were read, and those accessed marked again, around this time.</summary>
    internal void Read(TimeSpan time)
    {
        Window = time - _mean;
        Longest = time - _first;
        Shortest = time - _last;
        _read = time;
    }

    /// <summary>The frames of the next window: those that were there at the reading, and those marked just now.</summary>
    internal void Adopt(long kept, long added, TimeSpan time)
    {
        _first = kept > 0 ? _read ?? time : time;
        _last = added > 0 ? time : _first;
        long all = kept + added;
        _mean = all == 0 ? time : _first + ((_last - _first) * ((double)added / all));
    }

    /// <summary>Further frames were marked in the middle of a window.</summary>
    internal void AdoptLater(long kept, long added, TimeSpan time)
    {
        _first = kept > 0 ? _first : time;
        _last = added > 0 ? time : _last;
        _mean = kept > 0 ? _mean + ((time - _mean) * ((double)added / (kept + added))) : time;
    }
}
