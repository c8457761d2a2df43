#!/usr/bin/env bash
# duckdb 2.0.1: a folder called `country=GB` replaces the column `country` of the file in it.
#
# Guess: a single file named outright has the columns that are in it; folders count where a whole
#        partitioned tree is read, or where `hive_partitioning` is set.
# Seen:  DuckDB takes the folder's value for every row, in place of the file's own column of that
#        name, and without a word. Polars, pandas and PyArrow keep what is in the file; Polars does as
#        DuckDB does once it is told `hive_partitioning=True`.
# For us: an output at `-o out/country=GB` has a column `country` of its own; DuckDB needs
#        `hive_partitioning=false` to show it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1 pandas==3.1.1
venv/bin/python - >seen <<'PY'
import os
import duckdb, pandas as pd, polars as pl, pyarrow as pa, pyarrow.parquet as pq

print("duckdb", duckdb.__version__, "polars", pl.__version__, "pyarrow", pa.__version__, "pandas", pd.__version__)
os.mkdir("country=GB")
path = "country=GB/part.parquet"
pl.DataFrame({"msisdn": ["447700900123", "4915100000000"], "country": ["GG", "DE"]}).write_parquet(path)
sql = "select country from read_parquet('{}'{}) order by msisdn"
print("duckdb:", duckdb.sql(sql.format(path, "")).fetchall())
print("duckdb, false:", duckdb.sql(sql.format(path, ", hive_partitioning=false")).fetchall())
print("polars:", pl.read_parquet(path)["country"].to_list())
print("polars, true:", pl.read_parquet(path, hive_partitioning=True)["country"].to_list())
print("pandas:", pd.read_parquet(path)["country"].to_list())
print("pyarrow:", pq.read_table(path)["country"].to_pylist())
PY
cat seen
diff - seen <<'EXPECTED'
duckdb 2.0.1 polars 2.1.0 pyarrow 26.0.1 pandas 3.1.1
duckdb: [('GB',), ('GB',)]
duckdb, false: [('GG',), ('DE',)]
polars: ['GG', 'DE']
polars, true: ['GB', 'GB']
pandas: ['GG', 'DE']
pyarrow: ['GG', 'DE']
EXPECTED
