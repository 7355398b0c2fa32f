// Tests compare counts of this process (handles, allocations) and of its children with the machine's; two processors are few,
// and a test that waits for its child's turn should not wait for other tests too.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
