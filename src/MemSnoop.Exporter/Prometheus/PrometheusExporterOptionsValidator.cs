using Microsoft.Extensions.Options;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Refuses options that no scrape could be served with.</summary>
internal sealed class PrometheusExporterOptionsValidator : IValidateOptions<PrometheusExporterOptions>
{
    public ValidateOptionsResult Validate(string? name, PrometheusExporterOptions options)
    {
        ValidateOptionsResultBuilder result = new();
        Require(options.CacheDuration >= TimeSpan.Zero, nameof(options.CacheDuration), "zero or more");
        Require(options.MaxBodyBytes > 0, nameof(options.MaxBodyBytes), "more than zero");
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
