#!/usr/bin/env bash
# uvloop 0.23.0: a timer rings before its time has come, by up to more than a millisecond.
#
# Guess: `call_later(0.0054, …)` rings after 5.4 ms or a little later, as asyncio's own loop does.
# Seen:  delays are rounded to whole milliseconds, down as well as up: of fifty such waits the shortest
#        takes some 4.2 to 5.2 ms, and one of 0.4 ms rings in the next turn. asyncio's own loop never rings early.
# For us: whoever waits for an instant looks at the clock when the timer rings; nothing leaves before it is due.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check uvloop==0.23.0
cat >app.py <<'PY'
import asyncio
import sys
import time

import uvloop

def shortest(loop, delay):
    async def wait():
        rung = loop.create_future()
        began = time.perf_counter()
        loop.call_later(delay, rung.set_result, None)
        await rung
        return time.perf_counter() - began

    async def waits():
        return min([await wait() for _ in range(50)])

    try:
        return loop.run_until_complete(waits())
    finally:
        loop.close()

print("uvloop", uvloop.__version__)
for name, make in (("asyncio", asyncio.SelectorEventLoop), ("uvloop", uvloop.new_event_loop)):
    for delay in (0.0054, 0.0004):
        took = shortest(make(), delay)
        print(f"{name}, {delay * 1000:.1f} ms: shortest {took * 1000:.2f}", file=sys.stderr)
        early = "early" if took < delay - 0.00015 else "not early"
        print(f"{name}, {delay * 1000:.1f} ms: {early}")
PY
venv/bin/python app.py >seen
cat seen
diff - seen <<'EXPECTED'
uvloop 0.23.0
asyncio, 5.4 ms: not early
asyncio, 0.4 ms: not early
uvloop, 5.4 ms: early
uvloop, 0.4 ms: early
EXPECTED
