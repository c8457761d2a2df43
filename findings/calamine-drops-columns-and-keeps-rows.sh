#!/usr/bin/env bash
# python-calamine 0.9.1: a list that begins at C4 has its blank rows above, but no blank columns left.
#
# Guess: `iter_rows` gives a sheet from A1 on, or from its first cell on; both ways alike for rows and
#        columns.
# Seen:  three blank rows come first, while C4 is the first cell of its row: rows are counted from the
#        sheet's top, columns from the list's left edge.
# For us: `line_number` is the row that the spreadsheet shows, and columns are found by their header,
#        never by a letter.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-calamine==0.9.1 xlsxwriter==3.3.1
venv/bin/python - >seen <<'PY'
from importlib.metadata import version

import python_calamine, xlsxwriter

print("python-calamine", version("python-calamine"))
book = xlsxwriter.Workbook("list.xlsx")
sheet = book.add_worksheet("list")
sheet.write_row("C4", ["phone", "name"])
sheet.write_row("C5", ["+447700900123", "Ann"])
book.close()
found = python_calamine.load_workbook("list.xlsx").get_sheet_by_name("list")
print("begins at", found.start)
for row in found.iter_rows():
    print(row)
PY
cat seen
diff - seen <<'EXPECTED'
python-calamine 0.9.1
begins at (3, 2)
['', '']
['', '']
['', '']
['phone', 'name']
['+447700900123', 'Ann']
EXPECTED
