using OpenTelemetry.Metrics;
using OwnWorkingSet;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);

// The three lines: options from appsettings.json or MemSnoop__... variables, instruments for OpenTelemetry, and its own exporters.
builder.Services.AddMemSnoop(builder.Configuration.GetSection("MemSnoop"));
builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMemSnoopInstrumentation().AddPrometheusExporter().AddOtlpExporter());

WebApplication app = builder.Build();
app.MapPrometheusScrapingEndpoint();

// Something to look at: memory that is held, and the part of it that is used.
var ballast = new Ballast();
app.MapPost("/hold/{megabytes:int:range(0,4096)}", (int megabytes) => ballast.Hold(megabytes));
app.MapPost("/use/{megabytes:int:range(0,4096)}", (int megabytes) => ballast.Use(megabytes));

app.Run();
