# What is shipped. `make native` is the program alone, `make package` all that people install; everything goes to artifacts/.

DOTNET = dotnet publish src/MemSnoop.Exporter -c Release --nologo -v quiet
# A server of the build would outlive it, and whoever reads the output would wait for the server to end.
ALONE = -nodeReuse:false -p:UseSharedCompilation=false
# No other packages than the lock files name.
LOCKED = -p:RestoreLockedMode=true
# What generators of source write comes in no fixed order, and goes into the symbols, whose hash goes into the program: without symbols two builds have the same bytes.
# Apart from the other builds, which have symbols.
SAME = -p:DebugType=none -p:ArtifactsPath="$(CURDIR)/artifacts/shipped"
RID = linux-x64

.PHONY: native native-arm64 package package-arm64 lock
native:
	$(DOTNET) $(ALONE) $(LOCKED) $(SAME) -r $(RID) -o artifacts/native

# By Debian's cross compiler (gcc-aarch64-linux-gnu).
native-arm64:
	$(DOTNET) $(ALONE) $(LOCKED) $(SAME) -r linux-arm64 -o artifacts/native-arm64 \
	  -p:CppCompilerAndLinker=aarch64-linux-gnu-gcc -p:ObjCopyName=aarch64-linux-gnu-objcopy

package: native
	deploy/package.sh --rid $(RID)

# Texts are made by the program that runs here.
package-arm64: native native-arm64
	deploy/package.sh --rid linux-arm64 --program artifacts/native-arm64/memsnoop --runs-here artifacts/native/memsnoop

# After a change of packages: the lock files of the build, and of the programs that are shipped.
lock:
	dotnet restore MemSnoop.Exporter.sln --force-evaluate
	dotnet restore src/MemSnoop.Exporter --force-evaluate -p:RuntimeIdentifier=linux-x64
	dotnet restore src/MemSnoop.Exporter --force-evaluate -p:RuntimeIdentifier=linux-arm64
