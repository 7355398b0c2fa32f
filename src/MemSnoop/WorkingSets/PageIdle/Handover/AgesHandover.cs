using System.Text;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle.Handover;

/// <summary>
/// Hands the ages of pages from one exporter to the next by a file. The marks stay in the idle bitmap, so the time between them is one long window: of a frame that still has its
/// flag, nobody has accessed or freed the page, and its age goes on. Times are told by how long before the handing over they were. Between the two, the clock counts that goes on
/// while the host is suspended.
/// </summary>
internal static class AgesHandover
{
    /// <summary>A listing of generations is longer than this on no host.</summary>
    private const int MaxMomentBytes = 4 << 20;

    private const int MaxConfigurationBytes = 16384;

    /// <summary>Writes everything to a file.</summary>
    /// <param name="file">The file, empty.</param>
    /// <param name="state">What to hand over.</param>
    /// <param name="now">The time by which its times are told.</param>
    /// <param name="isDisturbed">Whether something took accessed bits, so that nothing is known of the windows that are open.</param>
    /// <param name="room">Bounds it.</param>
    internal static ReadOutcome Write(KernelHandle file, HandoverState state, TimeSpan now, bool isDisturbed, HandoverRoom room)
    {
        if (state.Files.Boot is not { } boot || state.Files.Disturbances.Describe(state.Moment!) is not { Length: <= MaxMomentBytes } moment)
        {
            return ReadOutcome.NotSupported;
        }

        TimeSpan written = state.Files.Uptime();
        AgesWriter writer = new(file, AgesHeader.Bytes);
        writer.Text(Configuration(state));
        writer.Flag(isDisturbed);
        if (!isDisturbed)
        {
            writer.Text(moment);
            WriteAll(writer, state, now, room);
        }

        writer.Flush();
        return writer.Outcome != ReadOutcome.Success ? writer.Outcome
            : KernelFile.Write(file, AgesHeader.Write(writer.Checksum, writer.Length, boot, written), 0);
    }

    /// <summary>Reads everything from a file, if it can be gone on with.</summary>
    /// <param name="file">The file.</param>
    /// <param name="state">Takes it; nothing if it cannot.</param>
    /// <param name="now">The time by which its times are told from now on.</param>
    internal static AgesTaken Read(KernelHandle file, HandoverState state, TimeSpan now)
    {
        try
        {
            AgesOutcome outcome = AgesHeader.TryRead(file, out AgesHeader header);
            TimeSpan gap = outcome == AgesOutcome.Continued ? state.Files.Uptime() - header.Written : TimeSpan.Zero;
            outcome = outcome != AgesOutcome.Continued ? outcome
                : header.Boot != state.Files.Boot ? AgesOutcome.OtherBoot
                : gap < TimeSpan.Zero ? AgesOutcome.Damaged
                : gap > state.Options.AgesKeptFor ? AgesOutcome.Old
                : AgesOutcome.Continued;
            if (outcome != AgesOutcome.Continued)
            {
                return new AgesTaken(outcome, outcome == AgesOutcome.Old ? gap : TimeSpan.Zero);
            }

            AgesReader reader = new(file, AgesHeader.Bytes, AgesHeader.Bytes + header.Length);
            AgesTaken taken = ReadAll(reader, state, now - gap, gap);
            if (!taken.AreContinued)
            {
                state.Clear();
            }

            return taken with { Gap = gap };
        }
        catch (DamagedAgesException)
        {
            state.Clear();
            return new AgesTaken(AgesOutcome.Damaged);
        }
    }

    private static void WriteAll(AgesWriter writer, HandoverState state, TimeSpan now, HandoverRoom room)
    {
        IdleAges ages = state.Options.IdleAges;
        writer.Before(now - ages[ages.Count - 1], now);
        writer.Number(state.Pass);
        writer.Before(state.WindowEnd, now);
        writer.Before(state.Marked, now);
        writer.Share(state.Share);
        state.Epochs.Write(writer, now);
        FrameSection.Write(writer, state, now);
        ProcessSection.Write(writer, state, now);
        state.Groups.Write(writer, now);
        writer.Flag(state.Charged is not null);
        state.Charged?.Write(writer, now);

        // What follows can be left out.
        FrameSection.WriteAges(writer, state, room);
        ProcessSection.WriteAges(writer, state, room);
    }

    private static AgesTaken ReadAll(AgesReader reader, HandoverState state, TimeSpan written, TimeSpan gap)
    {
        if (!reader.Text(MaxConfigurationBytes).AsSpan().SequenceEqual(Configuration(state)))
        {
            return new AgesTaken(AgesOutcome.OtherConfiguration);
        }

        if (reader.Flag())
        {
            return new AgesTaken(AgesOutcome.Disturbed);
        }

        state.Moment = state.Files.Disturbances.Recall(reader.Text(MaxMomentBytes), gap) ?? throw new DamagedAgesException();
        if (IsDisturbed(state))
        {
            return new AgesTaken(AgesOutcome.Disturbed);
        }

        // With a longer last age than before: what is older than that before is not known.
        TimeSpan oldest = reader.Before(written);
        IdleAges ages = state.Options.IdleAges;
        TimeSpan firstSeen = oldest > written - ages[ages.Count - 1] ? oldest : TimeSpan.MinValue;
        state.Pass = Math.Max(1, reader.Number(long.MaxValue / 2));
        state.WindowEnd = reader.Before(written);
        state.Marked = reader.Before(written);
        state.Share = reader.Share(state.Options.ShareSalt);
        state.Epochs.Read(reader, written);
        FrameSection.Read(reader, state, written);
        bool areInDoubt = ProcessSection.Read(reader, state, written, firstSeen);
        state.Groups.Read(reader, written, state.Pass, areInDoubt);
        ChargedHandover? charged = reader.Flag() ? ChargedPass.Read(reader, written, firstSeen, state.Options.ShareSalt) : null;
        (long known, long leftOut) = FrameSection.ReadAges(reader, state);
        ProcessSection.ReadAges(reader, state);
        if (!reader.IsAtEnd)
        {
            throw new DamagedAgesException();
        }

        if (charged is not null)
        {
            state.Charged?.TakeUp(charged);
        }

        long pageBytes = (long)state.Files.PageBytes;
        return new AgesTaken(AgesOutcome.Continued, gap, state.Processes.Count, known * pageBytes, leftOut * pageBytes, state.Share.Fraction);
    }

    /// <summary>Whether any page may have been used unseen since the marks. If only some may, as many are in doubt as in a window that an exporter was there for.</summary>
    private static bool IsDisturbed(HandoverState state)
    {
        using IDisturbanceMoment now = state.Files.Disturbances.Now();
        return state.Files.Disturbances.Compare(state.Moment!, now).IsUnbounded;
    }

    /// <summary>What has to be the same: a page that was not marked since its area did not count looks like one that was used.</summary>
    private static byte[] Configuration(HandoverState state)
    {
        AreaFilter areas = state.Options.Areas;
        return Encoding.UTF8.GetBytes(string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{state.Files.PageBytes} {(int)areas.Roles} {(int)areas.Permissions} {areas.LongerThanPages} {state.Options.ShareSalt} {areas.Path}"));
    }
}
