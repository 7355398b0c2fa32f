using System.Buffers.Text;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;

namespace MemSnoop.WorkingSets.Generations;

/// <summary>
/// Has the kernel age a control group: <c>+ memcg_id node_id max_gen_nr can_swap force_scan</c>, written to <c>lru_gen</c> in debugfs. It returns when the group
/// is aged, so one at a time is aged. In steady state nothing is allocated.
/// </summary>
/// <remarks>
/// The kernel looks at the page tables of all processes of the group, moves what was accessed into the generation that is the youngest, and opens a new one. With
/// <c>force_scan</c> it leaves out no page table for having been of little use before, so that no use stays unnoticed, and it ages beyond four generations: what is
/// in the oldest joins the next. Numbers are given back as they were read: of a group with 16 or 64 bits. <c>can_swap</c> is the swappiness since Linux 6.14, of
/// which 1 ages both kinds of memory. See <see href="https://docs.kernel.org/admin-guide/mm/multigen_lru.html">Multi-Gen LRU</see>, <c>run_aging</c> and
/// <c>lru_gen_seq_write</c> in <c>mm/vmscan.c</c>.
/// </remarks>
internal sealed class AgingCommand : IDisposable
{
    /// <summary>Five numbers of at most 20 digits, and what is between them.</summary>
    private const int MostBytes = 128;

    private readonly KernelHandle _file;
    private readonly byte[] _text = new byte[MostBytes];

    private AgingCommand(KernelPaths paths, bool isReal)
    {
        Reason = DebugFileSystem.OpenToWrite(paths, isReal, "lru_gen", out _file) ?? "ok";
    }

    /// <summary><c>ok</c>, or in one word why the kernel takes no commands: <c>no_debugfs</c>, <c>locked_down</c>, <c>denied</c>.</summary>
    internal string Reason { get; }

    /// <summary>Opens the file, or finds out why it cannot be written.</summary>
    /// <param name="paths">The roots.</param>
    /// <param name="isReal">Whether the roots are the kernel's own, so that debugfs may be looked for elsewhere.</param>
    internal static AgingCommand Open(KernelPaths paths, bool isReal) => new(paths, isReal);

    /// <summary>Ages a group on a node.</summary>
    /// <param name="node">The group and the node, with the number of its youngest generation.</param>
    /// <param name="canSwap">Whether anonymous memory is aged too.</param>
    internal AgingOutcome Age(in NodeGenerations node, bool canSwap)
    {
        ReadOutcome outcome = KernelFile.Command(_file, _text.AsSpan(0, Format(node, canSwap)), out int error);
        return Classify(outcome, error);
    }

    /// <summary>What the end of the system call means.</summary>
    internal static AgingOutcome Classify(ReadOutcome outcome, int error) => (outcome, error) switch
    {
        (ReadOutcome.Success, _) => AgingOutcome.Aged,
        (ReadOutcome.Denied, _) => AgingOutcome.Denied,
        (_, Libc.ErrorInvalid) => AgingOutcome.Gone,
        (_, Libc.ErrorExists) => AgingOutcome.Busy,
        _ => AgingOutcome.Failed,
    };

    private int Format(in NodeGenerations node, bool canSwap)
    {
        _text[0] = (byte)'+';
        int length = 1;
        Add(node.Group, ref length);
        Add((ulong)node.Node, ref length);
        Add(node.Youngest, ref length);
        Add(canSwap ? 1ul : 0ul, ref length);
        Add(1, ref length);
        _text[length++] = (byte)'\n';
        return length;
    }

    private void Add(ulong number, ref int length)
    {
        _text[length++] = (byte)' ';
        Utf8Formatter.TryFormat(number, _text.AsSpan(length), out int written);
        length += written;
    }

    public void Dispose() => _file.Dispose();
}
