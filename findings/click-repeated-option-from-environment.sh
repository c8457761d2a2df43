#!/usr/bin/env bash
# click 8.5.1: a repeatable option's environment variable is cut at every blank.
#
# Guess: `APP_COLUMN="Home Phone"` is one value, as `--column "Home Phone"` is.
# Seen:  it is two, `Home` and `Phone`; quotes inside the variable stay part of the words. Only a type
#        with a separator of its own (a path's `:`) cuts elsewhere.
# For us: an option that may be given more than once needs its own way to read its variable.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check click==8.5.1
cat >app.py <<'PY'
from importlib.metadata import version

import click

@click.command(context_settings={"auto_envvar_prefix": "APP"})
@click.option("--column", multiple=True)
@click.option("--region")
def main(column, region):
    print(column, region)

if __name__ == "__main__":
    print("click", version("click"), end=" ")
    main()
PY
{
    venv/bin/python app.py --column "Home Phone" --region "United Kingdom"
    APP_COLUMN="Home Phone" APP_REGION="United Kingdom" venv/bin/python app.py
    APP_COLUMN='"Home Phone"' venv/bin/python app.py
} >seen
cat seen
diff - seen <<'EXPECTED'
click 8.5.1 ('Home Phone',) United Kingdom
click 8.5.1 ('Home', 'Phone') United Kingdom
click 8.5.1 ('"Home', 'Phone"') None
EXPECTED
