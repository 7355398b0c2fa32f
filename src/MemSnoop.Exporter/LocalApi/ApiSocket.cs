using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.LocalApi;

/// <summary>The file <c>api.sock</c> in the run directory: where it is, and who may have it. Source: <c>unix(7)</c>.</summary>
internal sealed class ApiSocket : IDisposable
{
    internal const string FileName = "api.sock";

    /// <summary>The longest path of a socket, in bytes; the kernel's field has one more for the NUL.</summary>
    internal const int LongestPath = 107;

    private const int Backlog = 64;
    private const uint OwnerOnly = 0b110_000_000;

    private readonly string _path;
    private readonly FileIdentity? _file;

    private ApiSocket(Socket socket, string path)
    {
        Socket = socket;
        _path = path;
        _file = IdentityOf(path);
    }

    /// <summary>The socket, bound and not accepting yet.</summary>
    internal Socket Socket { get; }

    /// <summary>Where it is.</summary>
    internal static string PathOf(KernelPaths paths) => Path.Join(paths.RunDirectory, FileName);

    /// <exception cref="UsageException">The path is longer than those of sockets can be.</exception>
    internal static void CheckPath(KernelPaths paths)
    {
        int bytes = Encoding.UTF8.GetByteCount(PathOf(paths));
        if (bytes > LongestPath)
        {
            throw new UsageException(
                "--run-dir", $"the socket in {UsageException.Quote(paths.RunDirectory)} would have a path of {bytes} bytes",
                $"a directory with a path of at most {LongestPath - FileName.Length - 1} bytes");
        }
    }

    /// <summary>Whether somebody answers there.</summary>
    internal static bool IsAnswered(string path)
    {
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Opens it for its owner alone, in place of one whose owner is dead.</summary>
    /// <returns>The socket, or null and why there is none, in a few words.</returns>
    internal static (ApiSocket? Socket, string? Reason) Open(KernelPaths paths)
    {
        // Makes the directory too.
        if (MeasuringLock.WhyMissing(paths) is { } missing)
        {
            return (null, missing);
        }

        string path = PathOf(paths);
        if (IsAnswered(path))
        {
            return (null, $"another exporter answers at {path}");
        }

        // Under another name until nobody else may connect to it, then moved to its place, over what a killed exporter has left there.
        string unfinished = Path.Join(paths.RunDirectory, $"{Environment.ProcessId:x}.sock");
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(unfinished);
            socket.Bind(new UnixDomainSocketEndPoint(unfinished));
            if (Libc.ChangeMode(unfinished, OwnerOnly) != 0)
            {
                throw new IOException(Marshal.GetLastPInvokeErrorMessage());
            }

            // Before the move: who connects to a socket that does not listen takes its owner for dead.
            socket.Listen(Backlog);
            File.Move(unfinished, path, overwrite: true);
            return (new ApiSocket(socket, path), null);
        }
        catch (Exception error) when (error is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            return (null, $"{path} cannot be opened: {UsageException.OneLine(error.Message).TrimEnd('.')}");
        }
    }

    private static FileIdentity? IdentityOf(string path)
    {
        if (KernelFile.Open(path, Libc.OpenPath | Libc.OpenNoFollow, out KernelHandle handle) != ReadOutcome.Success)
        {
            return null;
        }

        using (handle)
        {
            return FileIdentity.Of(handle);
        }
    }

    /// <summary>Closes and removes it, unless another has taken its place.</summary>
    public void Dispose()
    {
        try
        {
            if (_file is not null && IdentityOf(_path) == _file)
            {
                File.Delete(_path);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next exporter replaces it.
        }

        Socket.Dispose();
    }
}
