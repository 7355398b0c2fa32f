using System.Text;

namespace MemSnoop.Testing.Fuzzing;

/// <summary>Makes new inputs of old ones. The same seed makes the same inputs.</summary>
internal sealed class Mutator(int seed)
{
    /// <summary>No input is longer: what a parser does wrong it does within this.</summary>
    internal const int MostBytes = 2048;

    // What parsers of numbers, lines and texts stumble over.
    private static readonly byte[][] Known =
    [
        .. new[]
        {
            "0", "-1", "1", "127", "128", "255", "256", "32767", "65535", "65536", "2147483647", "2147483648", "-2147483648", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808",
            "-9223372036854775808", "18446744073709551615", "18446744073709551616", "340282366920938463463374607431768211456", "00000000000000000000000000000000000001", "1e308", "1e-308", "NaN", "1.5", ".", "+1",
            "ffffffffffffffff", "0x7f", "7fffffffffffffff", " ", "  ", "\t", "\n", "\r\n", "\n\n", ":", ",", "/", "//", "..", "=", "\"", "\\", "'", "(", ")", "{", "}", "[", "]", "<", ">", "&", "#", "%", "%s", "%00", "*", "?",
            "\u00e9", "\u2028", "\ud83d\ude00", "\ufeff", "null", "true", "{}", "[]", "\\u0000", "\\ud800",
        }.Select(Encoding.UTF8.GetBytes),
        [0], [0, 0, 0, 0], [0xff], [0xff, 0xff, 0xff, 0xff], [0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff, 0xff, 0xff, 0xff, 0x0f],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [0x0a, 0xff, 0xff, 0xff, 0xff, 0x07],
    ];

    private readonly Random _random = new(seed);
    private readonly byte[] _input = new byte[MostBytes];
    private readonly byte[] _piece = new byte[MostBytes];
    private readonly List<byte[]> _tokens = [.. Known];
    private readonly HashSet<string> _learned = [];
    private int _length;

    /// <summary>The input that was made last.</summary>
    public ReadOnlySpan<byte> Input => _input.AsSpan(0, _length);

    /// <summary>Takes words, numbers and signs of a real input as pieces of others.</summary>
    public void Learn(ReadOnlySpan<byte> real)
    {
        int start = 0;
        for (int at = 0; at <= real.Length; at++)
        {
            bool isWord = at < real.Length && (char.IsAsciiLetterOrDigit((char)real[at]) || real[at] is (byte)'_' or (byte)'-' or (byte)'.');
            if (!isWord)
            {
                ReadOnlySpan<byte> word = real[start..at];
                if (word.Length is > 1 and < 80 && _tokens.Count < 400 && _learned.Add(Encoding.Latin1.GetString(word)))
                {
                    _tokens.Add(word.ToArray());
                }

                start = at + 1;
            }
        }
    }

    /// <summary>Takes an input as it is.</summary>
    public void Take(ReadOnlySpan<byte> input)
    {
        _length = Math.Min(input.Length, MostBytes);
        input[.._length].CopyTo(_input);
    }

    /// <summary>Changes an input of the queue, once or some times.</summary>
    public void Make(IReadOnlyList<byte[]> queue, int most = 32)
    {
        Take(Pick(queue));
        for (int changes = Math.Min(1 << _random.Next(6), most); changes > 0; changes--)
        {
            Change(queue);
        }
    }

    // The latest have taken ways that are new, so that they are tried more often.
    private byte[] Pick(IReadOnlyList<byte[]> queue) =>
        queue[_random.Next(2) == 0 ? _random.Next(queue.Count) : queue.Count - 1 - _random.Next(Math.Min(queue.Count, 50))];

    private void Change(IReadOnlyList<byte[]> queue)
    {
        int at = _random.Next(_length + 1);
        int rest = _length - at;
        switch (_random.Next(12))
        {
            case 0 when rest > 0:
                _input[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when rest > 0:
                _input[at] = (byte)_random.Next(256);
                break;
            case 2 when rest > 0:
                _input[at] += (byte)(_random.Next(2) == 0 ? 1 : 255);
                break;
            case 3:
                Replace(at, Math.Min(rest, Short()), []);
                break;
            case 4:
                _length = at;
                break;
            case 5 or 6:
                Replace(at, 0, _tokens[_random.Next(_tokens.Count)]);
                break;
            case 7:
                Replace(at, WordAt(at), _tokens[_random.Next(_tokens.Count)]);
                break;
            case 8:
                // A stretch once more, or many times.
                Repeat(at, Math.Min(rest, Short()), _random.Next(4) == 0 ? 1 + _random.Next(200) : 1);
                break;
            case 9:
                byte[] other = Pick(queue);
                int from = _random.Next(other.Length + 1);
                Replace(at, _random.Next(2) == 0 ? rest : 0, other.AsSpan(from, _random.Next(other.Length - from + 1)));
                break;
            case 10:
                // Two lines change places.
                int line = LineAt(at);
                int lineLength = LineLength(line);
                _input.AsSpan(line, lineLength).CopyTo(_piece);
                Replace(line, lineLength, []);
                Replace(LineAt(_random.Next(_length + 1)), 0, _piece.AsSpan(0, lineLength));
                break;
            default:
                Replace(at, 0, [(byte)" \n\t:-,/0"[_random.Next(8)]]);
                break;
        }
    }

    private int Short() => 1 + _random.Next(1 << _random.Next(8));

    private int WordAt(int at)
    {
        int end = at;
        while (end < _length && _input[end] > ' ')
        {
            end++;
        }

        return end - at;
    }

    private int LineAt(int at) => _input.AsSpan(0, at).LastIndexOf((byte)'\n') + 1;

    private int LineLength(int start) => _input.AsSpan(start, _length - start).IndexOf((byte)'\n') is >= 0 and int end ? end + 1 : _length - start;

    private void Repeat(int at, int count, int times)
    {
        _input.AsSpan(at, count).CopyTo(_piece);
        for (; times > 0 && _length + count <= MostBytes; times--)
        {
            Replace(at, 0, _piece.AsSpan(0, count));
        }
    }

    /// <summary>Puts a piece, or as much of it as there is room for, in place of a stretch.</summary>
    private void Replace(int at, int count, ReadOnlySpan<byte> piece)
    {
        int tail = Math.Min(_length - at - count, MostBytes - at);
        piece = piece[..Math.Min(piece.Length, MostBytes - at - tail)];
        _input.AsSpan(at + count, tail).CopyTo(_input.AsSpan(at + piece.Length));
        piece.CopyTo(_input.AsSpan(at));
        _length = at + piece.Length + tail;
    }
}
