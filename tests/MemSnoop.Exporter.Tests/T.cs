namespace MemSnoop.Exporter.Tests;
public class T { [Fact] public void Ok() => Assert.True(true); }
