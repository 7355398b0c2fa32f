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

What `tests/run.sh --long` has measured, scenario by scenario; it writes this file. A scenario's tests and the bounds they hold it to bear its name in
`LongTier("...")`. The machine: a virtual one, two shared cores; its figures say what grows and what does not rather than how fast another one is.

| scenario | revision | date | figures |
|---|---|---|---|
END
  sort "$rows" "$rows.kept"
} >"$document.new"
rm -f "$rows.kept"
mv "$document.new" "$document"
