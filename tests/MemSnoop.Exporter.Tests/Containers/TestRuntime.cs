using Grpc.Core;
using MemSnoop.Exporter.Tests.Containers.Cri;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Tests.Containers;

/// <summary>A container runtime in this process: a real server of gRPC on a socket, which lists pods and containers.</summary>
internal sealed class TestRuntime : RuntimeService.RuntimeServiceBase, IAsyncDisposable
{
    private WebApplication? _app;

    public ListPodSandboxResponse Sandboxes { get; set; } = new();

    public ListContainersResponse Containers { get; set; } = new();

    /// <summary>Answers in place of gRPC.</summary>
    public Func<HttpContext, Task>? Answer { get; set; }

    /// <summary>Refuses by a status of gRPC.</summary>
    public Status? Refusal { get; set; }

    /// <summary>How many calls came.</summary>
    public int Calls { get; private set; }

    public static async Task<TestRuntime> StartAsync(string socket)
    {
        TestRuntime runtime = new();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket, static listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(runtime);
        runtime._app = builder.Build();
        runtime._app.Use((context, next) =>
        {
            runtime.Calls++;
            return runtime.Answer is { } answer ? answer(context) : next(context);
        });
        runtime._app.MapGrpcService<TestRuntime>();
        await runtime._app.StartAsync(TestContext.Current.CancellationToken);
        return runtime;
    }

    public override Task<ListPodSandboxResponse> ListPodSandbox(ListPodSandboxRequest request, ServerCallContext context) => AnswerAsync(Sandboxes);

    public override Task<ListContainersResponse> ListContainers(ListContainersRequest request, ServerCallContext context) => AnswerAsync(Containers);

    private Task<T> AnswerAsync<T>(T answer) => Refusal is { } status ? throw new RpcException(status) : Task.FromResult(answer);

    public ValueTask DisposeAsync() => _app!.DisposeAsync();
}
