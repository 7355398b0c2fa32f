using System.Text;
using System.Text.Json;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Configuration;

/// <summary>
/// Settings from a file in the style of <c>appsettings.json</c>: JSON with comments and trailing commas, everything below the section <c>MemSnoop</c>.
/// </summary>
internal sealed class ConfigurationFile
{
    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly SettingCatalogue _catalogue;
    private readonly ConfigurationLayer _layer = new();

    private ConfigurationFile(string path, byte[] bytes, SettingCatalogue catalogue)
    {
        _path = path;
        _bytes = bytes;
        _catalogue = catalogue;
    }

    /// <summary>Reads the file once; nothing is read again later.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="source">What named the file.</param>
    /// <param name="catalogue">The settings that it may have.</param>
    /// <exception cref="UsageException">The file cannot be read, is not JSON, or has an unknown key or a wrong type.</exception>
    public static ConfigurationLayer Read(string path, string source, SettingCatalogue catalogue)
    {
        var file = new ConfigurationFile(UsageException.OneLine(path), BoundedFile.Read(path, source, "a JSON file"), catalogue);
        return file.Parse();
    }

    private ConfigurationLayer Parse()
    {
        ReadOnlySpan<byte> text = _bytes;
        ReadOnlySpan<byte> mark = Encoding.UTF8.Preamble;
        var reader = new Utf8JsonReader(
            text.StartsWith(mark) ? text[mark.Length..] : text,
            new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw new UsageException($"{_path}:{Line(reader)}", $"is {Kind(reader.TokenType)}", $"an object with the section {ExporterOptions.Section}");
            }

            ReadSection(ref reader, "");
            reader.Read();   // anything after the object is an error too
            return _layer;
        }
        catch (JsonException error)
        {
            throw new UsageException($"{_path}:{(error.LineNumber ?? 0) + 1}", $"is not JSON ({Reason(error)})", "a JSON object");
        }
        catch (InvalidOperationException)
        {
            throw new UsageException($"{_path}:{Line(reader)}", "is not JSON (text is not UTF-8)", "a JSON object");
        }
    }

    private void ReadSection(ref Utf8JsonReader reader, string section)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string name = reader.GetString()!;
            string path = section.Length == 0 ? name : $"{section}:{name}";
            string source = $"{_path}:{Line(reader)}: {UsageException.OneLine(path)}";
            reader.Read();
            if (_catalogue.Find(path, _layer, source) is Setting setting)
            {
                ReadSetting(ref reader, setting, source);
            }
            else if (!_catalogue.IsSection(path))
            {
                throw new UsageException(source, "unknown key", _catalogue.ExpectedInsteadOf(path, ":"));
            }
            else if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadSection(ref reader, path);
            }
            else
            {
                throw new UsageException(source, $"is {Kind(reader.TokenType)}", $"an object with {string.Join(", ", _catalogue.Children(path))}");
            }
        }
    }

    private void ReadSetting(ref Utf8JsonReader reader, Setting setting, string source)
    {
        if (setting is RetiredSetting)
        {
            reader.Skip();
            return;
        }

        if (_layer.Contains(setting))
        {
            throw new UsageException(source, "is given more than once", "one value");
        }

        ConfigurationEntry entry = _layer.Entry(setting, source);
        if (!setting.IsList)
        {
            entry.Texts.Add(new SettingText(ReadText(ref reader, setting.Expected, source), source));
            return;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new UsageException(source, $"is {Kind(reader.TokenType)}", $"a list, each item {setting.Expected}");
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            string item = $"{source}:{entry.Texts.Count}";
            entry.Texts.Add(new SettingText(ReadText(ref reader, setting.Expected, item), item));
        }
    }

    // Numbers and Booleans are taken as text, so that the setting's own syntax checks every value, from whichever layer.
    private static string ReadText(ref Utf8JsonReader reader, string expected, string source) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString()!,
        JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => throw new UsageException(source, $"is {Kind(reader.TokenType)}", expected),
    };

    private int Line(in Utf8JsonReader reader)
    {
        int before = (int)Math.Min(reader.TokenStartIndex, _bytes.Length);
        return _bytes.AsSpan(0, before).Count((byte)'\n') + 1;
    }

    private static string Kind(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "text",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a Boolean",
        JsonTokenType.Null => "null",
        _ => "empty",
    };

    // The framework's message repeats the position, which the error line has already.
    private static string Reason(JsonException error)
    {
        string message = error.Message;
        int position = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return UsageException.OneLine(position < 0 ? message : message[..position]).TrimEnd('.');
    }
}
