using Microsoft.Extensions.Options;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Refuses options that no scrape could be served with.</summary>
internal sealed class PrometheusExporterOptionsValidator : IValidateOptions<PrometheusExporterOptions>
{
    // Half of what one array holds, so that doubling a buffer cannot overflow.
    private const int MostBytes = 1 << 30;

    public ValidateOptionsResult Validate(string? name, PrometheusExporterOptions options)
    {
        ValidateOptionsResultBuilder result = new();
        Require(options.CacheDuration >= TimeSpan.Zero, nameof(options.CacheDuration), "zero or more");
        Require(options.MaxBodyBytes is > 0 and <= MostBytes, nameof(options.MaxBodyBytes), $"from 1 to {MostBytes}");
        Require(options.MaxRequests >= 0, nameof(options.MaxRequests), "zero or more");
        Require(options.CallbackBudget > TimeSpan.Zero, nameof(options.CallbackBudget), "more than zero");
        Require(options.CollectionBudget > TimeSpan.Zero, nameof(options.CollectionBudget), "more than zero");
        return result.Build();

        void Require(bool holds, string option, string expected)
        {
            if (!holds)
            {
                result.AddError($"must be {expected}", option);
            }
        }
    }
}
