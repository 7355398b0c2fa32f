using System.Runtime.InteropServices;

namespace OwnWorkingSet;

/// <summary>Memory outside the managed heap, so that no collection moves it or looks at it.</summary>
internal sealed unsafe class Ballast
{
    private const int MB = 1 << 20;

    private readonly Lock _gate = new();
    private byte* _memory;
    private long _length;

    /// <summary>Holds so many megabytes, every page of them resident, in place of those held before.</summary>
    public string Hold(int megabytes)
    {
        lock (_gate)
        {
            NativeMemory.AlignedFree(_memory);
            _length = (long)megabytes * MB;
            _memory = (byte*)NativeMemory.AlignedAlloc((nuint)_length, (nuint)Environment.SystemPageSize);
            Touch(_length);
            return $"{megabytes} MB held\n";
        }
    }

    /// <summary>Writes to every page of the first so many megabytes.</summary>
    public string Use(int megabytes)
    {
        lock (_gate)
        {
            Touch(Math.Min((long)megabytes * MB, _length));
            return $"{megabytes} MB used\n";
        }
    }

    private void Touch(long length)
    {
        for (long at = 0; at < length; at += Environment.SystemPageSize)
        {
            _memory[at]++;
        }
    }
}
