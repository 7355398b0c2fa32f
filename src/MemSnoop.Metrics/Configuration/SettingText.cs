namespace MemSnoop.Metrics.Configuration;

/// <summary>A value as the user wrote it, and where.</summary>
/// <param name="Text">The value.</param>
/// <param name="Source">What an error names: the option, the environment variable, or file, line and key.</param>
internal readonly record struct SettingText(string Text, string Source);
