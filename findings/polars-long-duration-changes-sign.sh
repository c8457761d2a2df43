#!/usr/bin/env bash
# polars 2.1.0: a long duration in seconds becomes another one, with the other sign, without an error.
#
# Guess: Arrow's duration in seconds, which Polars lacks and turns into milliseconds, raises where it
#        does not fit, as a timestamp that no calendar has does.
# Seen:  the product wraps around: the longest duration there is becomes minus one second.
#        PyArrow's own cast of the same column raises.
# For us: such cells of a Parquet list are written as their count and unit.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check polars==2.1.0 pyarrow==26.0.1
venv/bin/python - >seen <<'PY'
import polars as pl, pyarrow as pa

print("polars", pl.__version__, "pyarrow", pa.__version__)
for seconds in (90, 2**63 - 1):
    column = pa.array([seconds], pa.duration("s"))
    print(seconds, "s is", pl.from_arrow(column).dt.to_string("iso").item())
    try:
        print("pyarrow:", column.cast(pa.duration("ms"))[0].value)
    except pa.ArrowInvalid as error:
        print("pyarrow:", type(error).__name__)
PY
cat seen
diff - seen <<'EXPECTED'
polars 2.1.0 pyarrow 26.0.1
90 s is PT1M30S
pyarrow: 90000
9223372036854775807 s is -PT1S
pyarrow: ArrowInvalid
EXPECTED
