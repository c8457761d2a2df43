#!/usr/bin/env bash
# polars 2.1.0: a path that exists is still read as a pattern, and another folder's file comes back.
#
# Guess: `read_parquet("customers[1]/part.parquet")` reads that file, since it is there.
# Seen:  it reads `customers1/part.parquet`, which the pattern matches, without a word; where nothing
#        matches, the file that is there is "not found". `glob=False` reads the file that was named,
#        and so does an open file.
# For us: no path of ours is given to Polars but through one door that never expands it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check polars==2.1.0
venv/bin/python - >seen <<'PY'
import os
import polars as pl

print("polars", pl.__version__)
for folder in ("customers[1]", "customers1", "alone[1]"):
    os.mkdir(folder)
    pl.DataFrame({"list": [folder]}).write_parquet(f"{folder}/part.parquet")
print("named:", "customers[1]")
print("read_parquet:", pl.read_parquet("customers[1]/part.parquet")["list"].item())
print("scan_parquet:", pl.scan_parquet("customers[1]/part.parquet").collect()["list"].item())
print("glob=False:", pl.read_parquet("customers[1]/part.parquet", glob=False)["list"].item())
with open("customers[1]/part.parquet", "rb") as file:
    print("open file:", pl.read_parquet(file)["list"].item())
try:
    pl.read_parquet("alone[1]/part.parquet")
except Exception as error:
    print("without a match:", type(error).__name__)
PY
cat seen
diff - seen <<'EXPECTED'
polars 2.1.0
named: customers[1]
read_parquet: customers1
scan_parquet: customers1
glob=False: customers[1]
open file: customers[1]
without a match: ComputeError
EXPECTED
