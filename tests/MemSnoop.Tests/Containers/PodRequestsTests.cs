using System.Text.Json;
using MemSnoop.Containers;

namespace MemSnoop.Tests.Containers;

/// <summary>The memory that containers ask for, from a list of pods.</summary>
public class PodRequestsTests
{
    private const string A = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string B = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    private const string C = "1111111111111111111111111111111111111111111111111111111111111111";

    [Fact]
    public void A_request_belongs_to_the_container_of_its_name()
    {
        NameCatalogue catalogue = Read($$$"""
            {"items":[{"metadata":{"name":"web","namespace":"shop","uid":"11112222-3333-4444-5555-666677778888"},
              "spec":{
                "containers":[{"name":"other","resources":{"requests":{"memory":"1Gi"}}},{"name":"nginx","resources":{"limits":{"memory":"512Mi"},"requests":{"cpu":"100m","memory":"128Mi"}}}],
                "initContainers":[{"name":"prepare","resources":{"requests":{"memory":"1M"}}}]},
              "status":{
                "containerStatuses":[{"name":"nginx","containerID":"containerd://{{{A}}}"}],
                "initContainerStatuses":[{"name":"prepare","containerID":"containerd://{{{B}}}"}],
                "ephemeralContainerStatuses":[{"name":"nginx","containerID":"containerd://{{{C}}}"}]}}]}
            """);
        Assert.Equal((134217728ul, 1000000ul, null), (catalogue.FindMemoryRequest(A), catalogue.FindMemoryRequest(B), catalogue.FindMemoryRequest(C)));
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"containers":null}""")]
    [InlineData("""{"containers":[null,{}]}""")]
    [InlineData("""{"containers":[{"name":"nginx"}]}""")]
    [InlineData("""{"containers":[{"name":"nginx","resources":{}}]}""")]
    [InlineData("""{"containers":[{"name":"nginx","resources":{"requests":null}}]}""")]
    [InlineData("""{"containers":[{"name":"nginx","resources":{"requests":{"cpu":"1"}}}]}""")]
    [InlineData("""{"containers":[{"name":"nginx","resources":{"requests":{"memory":null}}}]}""")]
    [InlineData("""{"containers":[{"name":"nginx","resources":{"requests":{"memory":"lots"}}}]}""")]
    [InlineData("""{"containers":[{"name":"nginx","resources":{"requests":{"memory":128}}}]}""")]
    [InlineData("""{"containers":[{"name":"nginx","resources":{"requests":{"memory":{"value":1}}}}]}""")]
    public void A_container_without_a_request_has_its_names_all_the_same(string spec)
    {
        NameCatalogue catalogue = Read($$$"""
            {"items":[{"metadata":{"name":"web","namespace":"shop","uid":"11112222-3333-4444-5555-666677778888"},
              "spec":{{{spec}}},"status":{"containerStatuses":[{"name":"nginx","containerID":"containerd://{{{A}}}"},{"containerID":"x"},null]}}]}
            """);
        Assert.Null(catalogue.FindMemoryRequest(A));
        Assert.Equal(new ContainerNames("shop", "web", "nginx"), catalogue.Find(A));
    }

    private static NameCatalogue Read(string json) => JsonSerializer.Deserialize(json, PodListContext.Default.PodList)!.ToCatalogue();
}
