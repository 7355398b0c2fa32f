# What is shipped. `make native` is the program alone, `make package` all that people install; everything goes to artifacts/.

DOTNET = dotnet publish src/MemSnoop.Exporter -c Release --nologo -v quiet
# A server of the build would outlive it, and whoever reads the output would wait for the server to end.
ALONE = -nodeReuse:false -p:UseSharedCompilation=false
RID = linux-x64

.PHONY: native package
native:
	$(DOTNET) $(ALONE) -r $(RID) -o artifacts/native

package: native
	deploy/package.sh --rid $(RID)
