using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Configuration;

/// <summary>Reads a file that a user has named and that has settings in it.</summary>
internal static class BoundedFile
{
    // No configuration is that long. The limit catches a path such as /dev/zero.
    private const int MostBytes = 1 << 20;

    /// <summary>Reads the file once; nothing is read again later.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="source">What named the file.</param>
    /// <param name="expected">What it should be.</param>
    /// <exception cref="UsageException">The file cannot be read.</exception>
    public static byte[] Read(string path, string source, string expected)
    {
        try
        {
            // Not File.ReadAllBytes: the file may be a pipe (--config <(...)), and may never end.
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var bytes = new MemoryStream();
            byte[] buffer = new byte[16 * 1024];
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                bytes.Write(buffer, 0, read);
                if (bytes.Length > MostBytes)
                {
                    throw new UsageException(source, $"{UsageException.Quote(path)} is longer than 1 MiB", expected);
                }
            }

            return bytes.ToArray();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            string problem = error switch
            {
                FileNotFoundException or DirectoryNotFoundException => "does not exist",
                _ when Directory.Exists(path) => "is a directory",
                UnauthorizedAccessException => "may not be read",
                _ => "cannot be read",
            };
            throw new UsageException(source, $"{UsageException.Quote(path)} {problem}", $"{expected} that can be read");
        }
    }
}
