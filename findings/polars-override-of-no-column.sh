#!/usr/bin/env bash
# polars 2.1.0, pyarrow 26.0.1: a type for a column that is not there is ignored, and a zero is lost.
#
# Guess: `schema_overrides={"Phone": String}` raises where the header says `phone`.
# Seen:  Polars and PyArrow say nothing and infer an integer, so 07700900123 is 7700900123. DuckDB
#        matches names without regard to case, and raises where there is no such column.
# For us: every cell is read as text, whatever its header is called.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1
venv/bin/python - >seen <<'PY'
import duckdb, polars as pl, pyarrow as pa, pyarrow.csv as pc

print("duckdb", duckdb.__version__, "polars", pl.__version__, "pyarrow", pa.__version__)
with open("list.csv", "w") as file:
    file.write("phone\n07700900123\n")
print("polars:", pl.read_csv("list.csv", schema_overrides={"Phone": pl.String}).item())
print("pyarrow:", pc.read_csv("list.csv", convert_options=pc.ConvertOptions(
    column_types={"Phone": pa.string()}))["phone"][0].as_py())
print("duckdb:", duckdb.sql("from read_csv('list.csv', types={'Phone': 'VARCHAR'})").fetchall())
try:
    duckdb.sql("from read_csv('list.csv', types={'Mobile': 'VARCHAR'})").fetchall()
except duckdb.Error as error:
    print("duckdb, another name:", type(error).__name__)
PY
cat seen
diff - seen <<'EXPECTED'
duckdb 2.0.1 polars 2.1.0 pyarrow 26.0.1
polars: 7700900123
pyarrow: 7700900123
duckdb: [('07700900123',)]
duckdb, another name: BinderException
EXPECTED
