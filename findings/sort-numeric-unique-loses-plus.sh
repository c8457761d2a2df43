#!/usr/bin/env bash
# GNU coreutils 9.1: `sort -nu` of numbers in E.164 leaves one of them.
#
# Guess: `sort -n` reads `+447700900123` as 447700900123, as `-g` and every other tool does, so that
#        `sort -nu` drops repeated numbers only.
# Seen:  a plus sign ends the number before it began: every line is 0, all are "equal", and `-u` keeps
#        the first. `-g`, and `-n` without the plus, keep all that differ.
# For us: lists that went through this have one row. The product deduplicates by what a cell means.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
printf '+44770090012%s\n' 3 1 2 1 >numbers
{
    echo "rows $(wc -l <numbers), different $(sort -u numbers | wc -l)"
    echo "sort -nu: $(sort -nu numbers | wc -l)"
    echo "sort -gu: $(sort -gu numbers | wc -l)"
    echo "sort -nu without plus: $(tr -d + <numbers | sort -nu | wc -l)"
} >seen
sort --version | head -n 1
cat seen
diff - seen <<'EXPECTED'
rows 4, different 3
sort -nu: 1
sort -gu: 3
sort -nu without plus: 3
EXPECTED
