using System.Buffers;

namespace MemSnoop.Metrics.Configuration;

/// <summary>
/// Selects pods by their labels, in the syntax of Kubernetes: <c>app=web,tier!=cache,track in (stable, canary),!debug</c>. All of its requirements must hold.
/// </summary>
/// <remarks>
/// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors. As there, a pod without the label fulfils <c>!=</c> and <c>notin</c>. What kubectl
/// takes beyond the documented syntax (<c>&gt;</c> and <c>&lt;</c>) is refused.
/// </remarks>
internal sealed class LabelSelector : IEquatable<LabelSelector>
{
    private readonly string _text;
    private readonly LabelRequirement[] _requirements;

    private LabelSelector(string text, LabelRequirement[] requirements)
    {
        _text = text;
        _requirements = requirements;
    }

    /// <summary>Reads a selector.</summary>
    /// <param name="text">The text.</param>
    /// <param name="selector">The selector, if the text is one.</param>
    /// <param name="problem">Else what is wrong with it: <c>a value is missing at character 5</c>.</param>
    internal static bool TryParse(string text, out LabelSelector? selector, out string problem)
    {
        LabelSelectorParser parser = new(text);
        selector = parser.TryParse(out List<LabelRequirement> requirements) ? new LabelSelector(text, [.. requirements]) : null;
        problem = parser.Problem;
        return selector is not null;
    }

    /// <summary>Whether a pod with these labels is selected.</summary>
    internal bool IsMatch(IReadOnlyDictionary<string, string> labels)
    {
        foreach (LabelRequirement requirement in _requirements)
        {
            if (!requirement.IsMatch(labels))
            {
                return false;
            }
        }

        return true;
    }

    public bool Equals(LabelSelector? other) => other is not null && other._text == _text;

    public override bool Equals(object? obj) => Equals(obj as LabelSelector);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => _text;
}

/// <summary>What a selector requires of one label.</summary>
/// <param name="Key">The name of the label.</param>
/// <param name="Values">The values in question; null if it is about the label alone.</param>
/// <param name="IsNegated">Whether there must be no such label, or no such value.</param>
internal readonly record struct LabelRequirement(string Key, string[]? Values, bool IsNegated)
{
    internal bool IsMatch(IReadOnlyDictionary<string, string> labels) =>
        (labels.TryGetValue(Key, out string? value) && (Values is null || Array.IndexOf(Values, value) >= 0)) != IsNegated;
}

/// <summary>Takes the text of a selector apart, character by character.</summary>
internal ref struct LabelSelectorParser(string text)
{
    private const int LongestName = 63;
    private const int LongestPrefix = 253;

    private static readonly SearchValues<char> Blanks = SearchValues.Create(" \t\r\n");
    private static readonly SearchValues<char> Special = SearchValues.Create("=!(),<> \t\r\n");
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    private static readonly SearchValues<char> PrefixCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-.");

    private int _at;

    /// <summary>What is wrong with the text, and where.</summary>
    internal string Problem { get; private set; } = "";

    internal bool TryParse(out List<LabelRequirement> requirements)
    {
        requirements = [];
        do
        {
            if (!TryReadRequirement(out LabelRequirement requirement))
            {
                return false;
            }

            requirements.Add(requirement);
        }
        while (TryTake(','));

        return IsAtEnd() || Fails("a comma is missing");
    }

    private bool TryReadRequirement(out LabelRequirement requirement)
    {
        bool isAbsent = TryTake('!');
        requirement = default;
        ReadOnlySpan<char> key = ReadWord();
        if (!IsKey(key))
        {
            return Fails(key.IsEmpty ? "the name of a label is missing" : "this is not the name of a label", key.Length);
        }

        string name = key.ToString();
        if (isAbsent || IsAtEnd() || text[_at] == ',')
        {
            requirement = new(name, null, isAbsent);
            return true;
        }

        if (text[_at] is not ('=' or '!'))
        {
            return TryReadSet(name, out requirement);
        }

        // No blank may be within an operator.
        bool isNegated = text[_at] == '!';
        _at += isNegated ? 1 : 0;
        if (_at == text.Length || text[_at] != '=')
        {
            return Fails("= is missing");
        }

        _at += !isNegated && _at + 1 < text.Length && text[_at + 1] == '=' ? 2 : 1;
        bool isValue = TryReadValue(out string value);
        requirement = new(name, [value], isNegated);
        return isValue;
    }

    private bool TryReadSet(string key, out LabelRequirement requirement)
    {
        requirement = default;
        ReadOnlySpan<char> word = ReadWord();
        if (word is not ("in" or "notin"))
        {
            return Fails("=, !=, in or notin is missing", word.Length);
        }

        bool isNegated = word.Length == "notin".Length;
        if (!TryTake('('))
        {
            return Fails("( is missing");
        }

        if (TryTake(')'))
        {
            return Fails("a value is missing", 1);
        }

        List<string> values = [];
        do
        {
            if (!TryReadValue(out string value))
            {
                return false;
            }

            values.Add(value);
        }
        while (TryTake(','));

        requirement = new(key, [.. values], isNegated);
        return TryTake(')') || Fails(") is missing");
    }

    /// <summary>Reads a value, which may be empty.</summary>
    private bool TryReadValue(out string value)
    {
        ReadOnlySpan<char> word = ReadWord();
        value = word.ToString();
        return word.IsEmpty || IsName(word) || Fails("this is not the value of a label", word.Length);
    }

    /// <summary>Passes over blanks, and over this character if it is the next.</summary>
    private bool TryTake(char character)
    {
        if (IsAtEnd() || text[_at] != character)
        {
            return false;
        }

        _at++;
        return true;
    }

    /// <summary>Passes over blanks; whether nothing is left.</summary>
    private bool IsAtEnd()
    {
        int blanks = text.AsSpan(_at).IndexOfAnyExcept(Blanks);
        _at = blanks < 0 ? text.Length : _at + blanks;
        return _at == text.Length;
    }

    /// <summary>Passes over blanks and the characters up to one that has a meaning; these characters.</summary>
    private ReadOnlySpan<char> ReadWord()
    {
        IsAtEnd();
        ReadOnlySpan<char> rest = text.AsSpan(_at);
        int length = rest.IndexOfAny(Special);
        ReadOnlySpan<char> word = length < 0 ? rest : rest[..length];
        _at += word.Length;
        return word;
    }

    /// <summary>Notes what is wrong with the last so many characters, or with what follows.</summary>
    private bool Fails(string problem, int length = 0)
    {
        Problem = $"{problem} at character {_at - length + 1}";
        return false;
    }

    /// <summary>Whether this is the name of a label, with or without a prefix: <c>app.kubernetes.io/name</c>.</summary>
    private static bool IsKey(ReadOnlySpan<char> key)
    {
        int slash = key.IndexOf('/');
        return slash < 0 ? IsName(key) : IsPrefix(key[..slash]) && IsName(key[(slash + 1)..]);
    }

    private static bool IsName(ReadOnlySpan<char> name) =>
        name.Length is > 0 and <= LongestName && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1]) && !name.ContainsAnyExcept(NameCharacters);

    private static bool IsPrefix(ReadOnlySpan<char> prefix)
    {
        if (prefix.Length is 0 or > LongestPrefix || prefix.ContainsAnyExcept(PrefixCharacters))
        {
            return false;
        }

        foreach (Range part in prefix.Split('.'))
        {
            ReadOnlySpan<char> label = prefix[part];
            if (label.IsEmpty || label[0] == '-' || label[^1] == '-')
            {
                return false;
            }
        }

        return true;
    }
}
