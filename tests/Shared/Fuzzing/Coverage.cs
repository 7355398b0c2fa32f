using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace MemSnoop.Testing.Fuzzing;

/// <summary>
/// Which ways a case has taken through the code, as AFL counts them: SharpFuzz puts a line into every block of an assembly, which counts the step from the block before in a map of
/// 64 kB. Assemblies are changed so in a copy of the tests' directory alone (<see cref="InstrumentedCopy"/>). Elsewhere the map stays empty.
/// </summary>
internal sealed unsafe class Coverage
{
    private const int Bytes = 1 << 16;

    private static readonly ulong* Map = (ulong*)Trace.SharedMem;

    // Numbers of passages as AFL tells them apart: 1, 2, 3, from 4, 8, 16, 32, 128.
    private static readonly byte[] Classes =
        [.. Enumerable.Range(0, 256).Select(static count => (byte)(count < 4 ? (1 << count) >> 1 : count < 128 ? 1 << Math.Min(BitOperations.Log2((uint)count) + 1, 6) : 128))];

    private readonly byte[] _seen = new byte[Bytes];

    /// <summary>Steps seen so far.</summary>
    public int Steps { get; private set; }

    // What has been changed writes to the map from its first block on.
    [ModuleInitializer]
    internal static void MakeMap() => Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(Bytes);

    /// <summary>Begins a case.</summary>
    public static void Begin() => Trace.PrevLocation = 0;

    /// <summary>Whether the case has made a step that no case before it has made, or has made one more often. Forgets its way.</summary>
    public bool TakesNew()
    {
        bool isNew = false;
        Span<ulong> words = new(Map, Bytes / sizeof(ulong));
        for (int word = 0; words[word..].IndexOfAnyExcept(0UL) is >= 0 and int empty; word++)
        {
            word += empty;
            for (int at = word * sizeof(ulong); at < (word + 1) * sizeof(ulong); at++)
            {
                byte passages = Classes[((byte*)Map)[at]];
                if ((passages & ~_seen[at]) != 0)
                {
                    Steps += _seen[at] == 0 ? 1 : 0;
                    _seen[at] |= passages;
                    isNew = true;
                }
            }

            words[word] = 0;
        }

        return isNew;
    }
}
