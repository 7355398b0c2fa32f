#!/bin/bash
# measured.sh NOTES DOCUMENT: replaces in the document the rows of those scenarios of which the directory has notes, a file each; and in other documents the tables that
# tests have written.
set -euo pipefail
notes=$1 document=$2
revision=$(git rev-parse --short HEAD)
[ -z "$(git status --porcelain --untracked-files=no -- ':!docs/measured.md' ':!docs/reliability.md')" ] || revision="$revision, changed"
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

# splice NAME DOCUMENT: a table that a test has written is a part of another document, between two marks.
splice() {
  [ -f "artifacts/$1.md" ] || return 0
  awk -v table="artifacts/$1.md" -v begin="<!-- $1: begin" -v end="<!-- $1: end -->" 'index($0, end) { inside = 0 } !inside { print }
    index($0, begin) { inside = 1; while ((getline line <table) > 0) print line }' "$2" >"$2.new"
  mv "$2.new" "$2"
}
# The table of faults: a note is a row, and takes the place of the one with the same kind and words.
if compgen -G 'artifacts/reliability/*' >/dev/null; then
  for note in artifacts/reliability/*; do
    printf '| %s | %s | %s |\n' "$(cat "$note")" "$revision" "$(date -u +%F)"
  done >"$rows"
  { grep -E '^\| (fault|input|load) \|' docs/reliability.md || true; } | awk -F'|' 'FILENAME == ARGV[1] { now[$2, $3] = 1; next } !(($2, $3) in now)' "$rows" - >"$rows.kept"
  {
    printf '| kind | what | how much | back to normal after | lost | revision | date |\n|---|---|---|---|---|---|---|\n'
    sort "$rows" "$rows.kept"
  } >artifacts/reliability.md
  rm -f "$rows.kept"
fi

splice reliability docs/reliability.md
splice definitions docs/working-set.md
splice damon docs/working-set.md
splice shrink docs/shrink.md
splice kernels docs/working-set.md
splice fuzz-library docs/reliability.md
splice fuzz-program docs/reliability.md
