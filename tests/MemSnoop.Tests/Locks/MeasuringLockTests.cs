using System.Diagnostics;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Locks;

/// <summary>Who holds a lock keeps others out until it ends, however that is; a file that nobody holds keeps nobody out.</summary>
public sealed class MeasuringLockTests : IDisposable
{
    private static readonly LockName Name = LockName.Referenced(new ProcessIdentity(12, 3456));

    private readonly TemporaryDirectory _directory = new();

    private KernelPaths Paths => new(RunDirectory: _directory["run/memsnoop"]);

    private string File => _directory["run/memsnoop/" + Name.File];

    [Fact]
    public void Names_are_those_that_others_rely_on()
    {
        Assert.Equal("bitmap.lock", LockName.Bitmap.File);
        Assert.Equal("referenced-12-3456.lock", Name.File);
        Assert.Equal("/run/memsnoop", new KernelPaths().RunDirectory);
    }

    [Fact]
    public void One_at_a_time_holds_it_and_others_are_told_who()
    {
        using LockDirectory directory = LockDirectory.Open(Paths);
        Assert.Null(directory.Missing);
        using (MeasuringLock taken = Take(directory, LockMode.Exclusive))
        {
            Assert.Null(taken.Missing);
            Assert.Equal(ReadOutcome.InUse, directory.TryTake(Name, LockMode.Exclusive, null, out MeasuringLock? second, out string? holder));
            Assert.Null(second);
            Assert.StartsWith($"process {Environment.ProcessId} (", holder, StringComparison.Ordinal);
            Assert.Equal(holder, directory.FindHolder(Name, LockMode.Shared));
            Assert.Matches(@"^\d+ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S.*\n$", Text());
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        }

        Assert.Null(directory.FindHolder(Name, LockMode.Exclusive));
        Assert.False(System.IO.File.Exists(File));
        Take(directory, LockMode.Exclusive).Dispose();
    }

    [Fact]
    public void Who_takes_it_takes_the_ages_that_were_left_and_so_does_nobody_after()
    {
        (MeasuringLock? taken, _) = MeasuringLock.TryTakeBitmap(Paths, LockMode.Exclusive);
        Assert.Equal((ReadOutcome.NotSupported, true), (taken!.AgesTaken, taken.Ages.IsInvalid));
        Assert.Equal(ReadOutcome.Success, taken.Directory.LeaveAges(static file => KernelFile.Write(file, "some"u8, 0), out string path));
        Assert.Equal(_directory["run/memsnoop/ages"], path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(path));
        taken.Dispose();
        Assert.True(System.IO.File.Exists(path));

        (taken, _) = MeasuringLock.TryTakeBitmap(Paths, LockMode.Shared);
        Assert.False(System.IO.File.Exists(path));
        Assert.Equal((ReadOutcome.Success, 4L), (taken!.AgesTaken, KernelFile.LengthOf(taken.Ages)));
        taken.Dispose();
        Assert.True(taken.Ages.IsClosed);
        (taken, _) = MeasuringLock.TryTakeBitmap(Paths, LockMode.Exclusive);
        Assert.Equal(ReadOutcome.NotSupported, taken!.AgesTaken);
        taken.Dispose();
    }

    [Fact]
    public void Ages_that_cannot_be_written_leave_no_file()
    {
        (MeasuringLock? taken, _) = MeasuringLock.TryTakeBitmap(Paths, LockMode.Exclusive);
        using (taken)
        {
            Assert.Equal(ReadOutcome.TooLarge, taken!.Directory.LeaveAges(static _ => ReadOutcome.TooLarge, out _));
            Assert.Equal(["bitmap.lock"], Directory.EnumerateFiles(Paths.RunDirectory).Select(Path.GetFileName));
        }
    }

    [Theory]
    [InlineData("link")]
    [InlineData("dangling")]
    [InlineData("second name")]
    [InlineData("pipe")]
    [InlineData("others may read")]
    [InlineData("large")]
    [InlineData("directory")]
    public void What_no_exporter_has_left_as_ages_is_refused_and_removed(string what)
    {
        Directory.CreateDirectory(Paths.RunDirectory);
        string path = _directory["run/memsnoop/ages"];
        string other = _directory.Write("other", "some");
        System.IO.File.SetUnixFileMode(other, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        switch (what)
        {
            case "link":
                System.IO.File.CreateSymbolicLink(path, other);
                break;
            case "dangling":
                System.IO.File.CreateSymbolicLink(path, "/nowhere");
                break;
            case "second name":
                using (Process link = Process.Start("ln", [other, path]))
                {
                    link.WaitForExit();
                }

                break;
            case "pipe":
                using (Process pipe = Process.Start("mkfifo", ["-m", "600", path]))
                {
                    pipe.WaitForExit();
                }

                break;
            case "directory":
                Directory.CreateDirectory(path);
                break;
            default:
                System.IO.File.WriteAllText(path, "some");
                System.IO.File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | (what == "large" ? 0 : UnixFileMode.GroupRead));
                using (FileStream file = System.IO.File.OpenWrite(path))
                {
                    file.SetLength(what == "large" ? AgesFile.MaxBytes + 1 : 4);
                }

                break;
        }

        (MeasuringLock? taken, _) = MeasuringLock.TryTakeBitmap(Paths, LockMode.Exclusive);
        using (taken)
        {
            Assert.Equal((ReadOutcome.Malformed, true), (taken!.AgesTaken, taken.Ages.IsInvalid));
            Assert.Equal("some", System.IO.File.ReadAllText(other));
            Assert.Equal(what == "directory", Path.Exists(path));
        }
    }

    [Fact]
    public void Who_shares_it_keeps_out_only_who_wants_it_alone()
    {
        (MeasuringLock? first, _) = MeasuringLock.TryTakeBitmap(Paths, LockMode.Shared);
        (MeasuringLock? second, _) = MeasuringLock.TryTakeBitmap(Paths, LockMode.Shared);
        Assert.NotNull(first);
        Assert.NotNull(second);
        Assert.NotNull(MeasuringLock.TryTakeBitmap(Paths, LockMode.Exclusive).Holder);
        Assert.NotNull(MeasuringLock.FindBitmapHolder(Paths, LockMode.Exclusive));
        Assert.Null(MeasuringLock.FindBitmapHolder(Paths, LockMode.Shared));
        first.Dispose();
        Assert.NotNull(MeasuringLock.TryTakeBitmap(Paths, LockMode.Exclusive).Holder);
        second.Dispose();
        (MeasuringLock? alone, _) = MeasuringLock.TryTakeBitmap(Paths, LockMode.Exclusive);
        Assert.NotNull(MeasuringLock.TryTakeBitmap(Paths, LockMode.Shared).Holder);
        alone!.Dispose();
        Assert.Empty(Directory.EnumerateFiles(Paths.RunDirectory));
    }

    [Fact]
    public async Task A_holder_that_is_killed_holds_nothing()
    {
        using LockDirectory directory = LockDirectory.Open(Paths);
        System.IO.File.WriteAllText(File, "77 2026-01-31T12:00:00Z memsnoop serve\n");
        using Process other = Process.Start("flock", ["--no-fork", "--exclusive", File, "sleep", "1000"]);
        try
        {
            await Eventually.HoldsAsync(() => directory.FindHolder(Name, LockMode.Exclusive) is not null);
            Assert.Equal("process 77 (memsnoop serve, since 2026-01-31T12:00:00Z)", directory.FindHolder(Name, LockMode.Exclusive));
        }
        finally
        {
            other.Kill();
            await other.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.True(System.IO.File.Exists(File));
        Assert.Null(directory.FindHolder(Name, LockMode.Exclusive));
        using MeasuringLock taken = Take(directory, LockMode.Exclusive);
        Assert.StartsWith($"{Environment.ProcessId} ", Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_killed_left_behind_is_removed_and_what_is_held_stays()
    {
        (MeasuringLock? taken, _) = MeasuringLock.TryTakeBitmap(Paths, LockMode.Shared);
        System.IO.File.WriteAllText(_directory["run/memsnoop/referenced-9-9.lock"], "");
        System.IO.File.WriteAllText(_directory["run/memsnoop/another file"], "");
        using LockDirectory directory = LockDirectory.Open(Paths);
        using MeasuringLock held = Take(directory, LockMode.Exclusive);
        taken!.Dispose();
        Assert.Equal(["another file", Name.File], Directory.EnumerateFiles(Paths.RunDirectory).Select(Path.GetFileName).Order());
    }

    /// <summary>The last holder removes the file while others are between opening and locking it.</summary>
    [Fact]
    public async Task However_they_race_no_two_hold_it()
    {
        int holders = 0;
        int most = 0;
        int taken = 0;
        Task[] racers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(Race))];
        await Task.WhenAll(racers);
        Assert.Equal(1, most);
        Assert.Equal(4 * 200, taken);
        Assert.Empty(Directory.EnumerateFiles(Paths.RunDirectory));

        void Race()
        {
            using LockDirectory directory = LockDirectory.Open(Paths);
            for (int i = 0; i < 200;)
            {
                if (directory.TryTake(Name, LockMode.Exclusive, null, out MeasuringLock? held, out _) == ReadOutcome.Success)
                {
                    int now = Interlocked.Increment(ref holders);
                    most = Math.Max(most, now);
                    Interlocked.Increment(ref taken);
                    Thread.Yield();
                    Interlocked.Decrement(ref holders);
                    held!.Dispose();
                    i++;
                }
            }
        }
    }

    [Fact]
    public void Without_a_place_for_it_a_lock_locks_nobody_out_and_says_so()
    {
        _directory.Write("run", "a plain file");
        (MeasuringLock? taken, string? holder) = MeasuringLock.TryTakeBitmap(Paths, LockMode.Exclusive);
        Assert.Null(holder);
        Assert.Contains(Paths.RunDirectory, taken!.Missing, StringComparison.Ordinal);
        Assert.Equal(taken.Missing, MeasuringLock.WhyMissing(Paths));
        Assert.NotNull(MeasuringLock.TryTakeBitmap(Paths, LockMode.Exclusive).Lock);
        taken.Dispose();
    }

    /// <summary>In procfs, making a directory fails as if the one above were missing.</summary>
    [Theory]
    [InlineData("/proc/locks-of-memsnoop")]
    [InlineData("/proc/no/such/place")]
    [InlineData("/proc")]
    public void A_place_where_no_directory_can_be_made_is_named(string path) =>
        Assert.StartsWith("/proc", MeasuringLock.WhyMissing(new KernelPaths(RunDirectory: path)) ?? path, StringComparison.Ordinal);

    [Fact]
    public void Asking_makes_no_directory()
    {
        Assert.Null(MeasuringLock.FindBitmapHolder(Paths, LockMode.Exclusive));
        Assert.False(Directory.Exists(Paths.RunDirectory));
    }

    [Fact]
    public void Each_lock_takes_a_descriptor_of_the_budget()
    {
        HandleBudget budget = new(1);
        using LockDirectory directory = LockDirectory.Open(Paths);
        Assert.Equal(ReadOutcome.Success, directory.TryTake(Name, LockMode.Exclusive, budget, out MeasuringLock? taken, out _));
        Assert.Equal(ReadOutcome.NoDescriptors, directory.TryTake(LockName.Bitmap, LockMode.Exclusive, budget, out _, out _));
        taken!.Dispose();
        taken.Dispose();
        Assert.Equal(0, budget.Used);
    }

    /// <summary>Two containers, each with a run directory of its own, meet in the host's.</summary>
    [Fact]
    public void Programs_with_mounts_of_their_own_meet_at_the_hosts_first_process()
    {
        string host = _directory["proc/1/root/run/memsnoop"];
        Link("proc/1/ns/mnt", "mnt:[1]");
        Link("proc/self/ns/mnt", "mnt:[2]");
        KernelPaths left = Paths with { ProcRoot = _directory["proc"] };
        KernelPaths right = left with { RunDirectory = _directory["other/run"] };
        (MeasuringLock? taken, _) = MeasuringLock.TryTakeBitmap(left, LockMode.Exclusive);
        Assert.True(System.IO.File.Exists(Path.Join(host, "bitmap.lock")));
        Assert.NotNull(MeasuringLock.TryTakeBitmap(right, LockMode.Exclusive).Holder);
        Assert.Empty(Directory.EnumerateFiles(right.RunDirectory));
        taken!.Dispose();
        (taken, _) = MeasuringLock.TryTakeBitmap(right, LockMode.Exclusive);
        Assert.NotNull(taken);

        // Once alone, where both paths lead to one directory: the lock would be in its own way.
        taken.Dispose();
        MeasuringLock? once = MeasuringLock.TryTakeBitmap(left with { RunDirectory = host }, LockMode.Exclusive).Lock;
        Assert.NotNull(once);
        once.Dispose();
    }

    [Fact]
    public void Another_user_than_root_sees_whom_root_locks_out()
    {
        using LockDirectory directory = LockDirectory.Open(Paths);
        MakeReadable(_directory.Root);
        using MeasuringLock held = Take(directory, LockMode.Exclusive);
        Unprivileged.Run(() =>
        {
            if (Libc.EffectiveUserId() == 0)
            {
                return;
            }

            using LockDirectory theirs = LockDirectory.Open(Paths);
            Assert.Equal(ReadOutcome.InUse, theirs.TryTake(Name, LockMode.Exclusive, null, out _, out string? holder));
            Assert.StartsWith($"process {Environment.ProcessId}", holder, StringComparison.Ordinal);
            Assert.StartsWith($"process {Environment.ProcessId}", theirs.FindHolder(Name, LockMode.Exclusive), StringComparison.Ordinal);
            Assert.Equal(ReadOutcome.Success, theirs.TryTake(LockName.Bitmap, LockMode.Exclusive, null, out MeasuringLock? free, out _));
            free!.Dispose();
        });
    }

    [Theory]
    [InlineData("12 2026-01-31T12:00:00Z memsnoop wss\n", "process 12 (memsnoop wss, since 2026-01-31T12:00:00Z)")]
    [InlineData("", LockHolder.Unknown)]
    [InlineData("12 memsnoop wss\n", LockHolder.Unknown)]
    [InlineData("12 2026-01-31T12:00:00Z a\u001b[31m\n", LockHolder.Unknown)]
    public void A_line_that_is_not_ours_names_nobody(string line, string holder) => Assert.Equal(holder, LockHolder.Describe(System.Text.Encoding.UTF8.GetBytes(line)));

    [Theory]
    [InlineData("memsnoop serve", "/usr/bin/memsnoop", "serve", "--pid", "1")]
    [InlineData("memsnoop", "/opt/memsnoop.dll", "--otlp.headers=key=secret")]
    [InlineData("service", "service", "Secret1")]
    [InlineData("service", "service")]
    public void The_command_is_told_without_its_options(string command, params string[] arguments) => Assert.Equal(command, LockHolder.CommandOf(arguments));

    [Theory]
    [InlineData("1: FLOCK  ADVISORY  WRITE 723 00:18:1104 0 EOF", LockMode.Shared, "process 723")]
    [InlineData("1: FLOCK  ADVISORY  READ 723 00:18:1104 0 EOF", LockMode.Shared, null)]
    [InlineData("1: FLOCK  ADVISORY  READ 723 00:18:1104 0 EOF", LockMode.Exclusive, "process 723")]
    [InlineData("1: POSIX  ADVISORY  WRITE 723 00:18:1104 0 EOF", LockMode.Exclusive, null)]
    [InlineData("1: FLOCK  ADVISORY  WRITE 723 00:18:1105 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 724 00:18:1104 0 EOF", LockMode.Exclusive, null)]
    public void The_kernels_list_tells_who_holds_a_file(string text, object mode, string? holder) =>
        Assert.Equal(holder, KernelLocks.FindHolder(text, new FileIdentity(0, 0x18, 1104), (LockMode)mode));

    private static MeasuringLock Take(LockDirectory directory, LockMode mode)
    {
        Assert.Equal(ReadOutcome.Success, directory.TryTake(Name, mode, null, out MeasuringLock? taken, out _));
        return taken!;
    }

    // Not by the runtime's own File.ReadAllText: it locks what it reads.
    private string Text()
    {
        Assert.Equal(ReadOutcome.Success, KernelFile.ReadToEnd(File, new KernelBuffer(), out ReadOnlySpan<byte> text));
        return System.Text.Encoding.UTF8.GetString(text);
    }

    private static void MakeReadable(string directory) => System.IO.File.SetUnixFileMode(
        directory, System.IO.File.GetUnixFileMode(directory) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);

    private void Link(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_directory[path])!);
        System.IO.File.CreateSymbolicLink(_directory[path], target);
    }

    public void Dispose() => _directory.Dispose();
}
