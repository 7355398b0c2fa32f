#!/bin/bash
# measured.sh NOTES DOCUMENT: replaces in the document the rows of those scenarios of which the directory has notes, a file each.
set -euo pipefail
notes=$1 document=$2
revision=$(git rev-parse --short HEAD)
[ -z "$(git status --porcelain --untracked-files=no -- ':!docs/measured.md')" ] || revision="$revision, changed"
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT

for note in "$notes"/*; do
  [ -f "$note" ] || continue
  printf '| `%s` | %s | %s | %s |\n' "$(basename "$note")" "$revision" "$(date -u +%F)" "$(sed ':more; N; $!b more; s/\n/; /g' "$note")"
done >"$rows"
{ grep '^| `' "$document" 2>/dev/null || true; } | awk -F'|' 'FILENAME == ARGV[1] { now[$2] = 1; next } !($2 in now)' "$rows" - >"$rows.kept"

{
  cat <<'END'
# Measured

`tests/run.sh --long` measures these figures and writes this file. Each row is a scenario; the test that has its name in `LongTier("...")` says what is done and holds it to its bounds.
The machine is a virtual one with two shared cores. Look at what grows and what does not, not at the times.

| scenario | revision | date | figures |
|---|---|---|---|
END
  sort "$rows" "$rows.kept"
} >"$document.new"
rm -f "$rows.kept"
mv "$document.new" "$document"

# The table of definitions is a part of another document, between two marks.
if [ -f artifacts/definitions.md ]; then
  awk -v table=artifacts/definitions.md '/<!-- definitions: end -->/ { inside = 0 } !inside { print }
    /<!-- definitions: begin/ { inside = 1; while ((getline line <table) > 0) print line }' docs/working-set.md >docs/working-set.md.new
  mv docs/working-set.md.new docs/working-set.md
fi
