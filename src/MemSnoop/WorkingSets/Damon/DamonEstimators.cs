using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Locks;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>Makes the estimator by DAMON that this kernel allows: one that counts every page, or one by samples.</summary>
internal static class DamonEstimators
{
    /// <summary>Sets the kdamond up, alone on this host.</summary>
    /// <exception cref="IOException">It cannot be set up, or another program measures.</exception>
    internal static IWorkingSetEstimator Open(KernelPaths paths, EstimatorOptions options, TimeProvider clock)
    {
        (MeasuringLock? taken, string? holder) = MeasuringLock.TryTakeBitmap(paths, LockMode.Exclusive);
        if (taken is null)
        {
            throw new MeasuringLockHeldException(DamonSupport.ExplainHolder(holder!));
        }

        Kdamond? kdamond = null;
        HostDisturbances? watch = null;
        try
        {
            kdamond = Kdamond.TryMake(paths);
            if (kdamond is not { HasVirtualAddresses: true, HasApplyInterval: true })
            {
                throw new IOException($"no kdamond that watches virtual addresses can be set up in {paths.Sys(Kdamond.RelativePath)}");
            }

            watch = HostDisturbances.OpenBesideKdamond(paths, clock);
            if (YoungScan.TryMake(kdamond) is { } scan && scan.Works())
            {
                return new YoungEstimator(kdamond, scan, paths, options, clock, watch, taken);
            }

            SampleEstimator samples = new(kdamond, paths, options, clock, watch, taken);
            return samples.SetUp() ? samples : throw new IOException($"{paths.Sys(Kdamond.RelativePath)} cannot be set up");
        }
        catch
        {
            kdamond?.Dispose();
            watch?.Dispose();
            taken.Dispose();
            throw;
        }
    }
}
