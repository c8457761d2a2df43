#!/usr/bin/env bash
# polars 2.1.0: a column called `^…$` is a pattern to some methods and a name to others.
#
# Guess: a method that is given the exact name of a column takes that column.
# Seen:  `select`, `drop`, `cast`, `with_columns(col)`, `group_by` and `read_parquet(columns=…)` take what
#        the pattern matches, here another column; `[]` and `rename` take the one so called. So dropping
#        the column removes its neighbour and keeps itself.
# For us: a header comes from the user's list, so it is never handed on where it could be a pattern.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check polars==2.1.0
venv/bin/python - >seen <<'PY'
import polars as pl

print("polars", pl.__version__)
name = "^p.*$"
frame = pl.DataFrame({name: [1], "phone": [2], "city": [3]})
frame.write_parquet("list.parquet")
print("select:", frame.select(name).columns)
print("drop:", frame.drop(name).columns)
print("with_columns:", frame.with_columns(pl.col(name) + 10).row(0))
print("group_by:", frame.group_by(name).len().columns)
print("read_parquet:", pl.read_parquet("list.parquet", columns=[name]).columns)
print("[]:", frame[name].to_list())
print("rename:", frame.rename({name: "x"}).columns)
print("cast:", frame.cast({name: pl.String}).dtypes)
PY
cat seen
diff - seen <<'EXPECTED'
polars 2.1.0
select: ['phone']
drop: ['^p.*$', 'city']
with_columns: (1, 12, 3)
group_by: ['phone', 'len']
read_parquet: ['phone']
[]: [1]
rename: ['x', 'phone', 'city']
cast: [Int64, String, Int64]
EXPECTED
