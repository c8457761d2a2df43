"""What the service counted: requests, answers, and what it billed, per number.

Billed is a lookup that was carried out: every answer about a subscriber, an error such as 01
included, and also when the answer is then lost, late, cut off or spoilt on its way. Not billed:
F0, F1, F2, F3, `failed`, 401, 403, 404, 429, 5xx, and requests that never arrived.
Rule: the time is an argument, in seconds of any steady clock.
"""

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ("Meter",)


class Meter:
    """Counts of one simulator. Numbers are kept as integers: E.164 digits never begin with 0."""

    def __init__(self) -> None:
        self.reset()

    def __repr__(self) -> str:
        return f"<Meter: {len(self._times)} requests, {self.billed_lookups} billed>"

    def reset(self) -> None:
        """Forget everything."""
        self._billed: dict[int, int] = {}
        self._times = array("d")
        self._requests: Counter[str] = Counter()
        self._answers: Counter[str] = Counter()
        self._lookups: Counter[str] = Counter()
        self.billed_lookups = 0

    def requests(self, transport: str, now: float, count: int = 1) -> None:
        """`count` requests arrived together."""
        self._requests[transport] += count
        if transport != "token":
            self._times.extend([now] * count)

    def requests_between(self, transport: str, since: float, last: float, count: int) -> None:
        """`count` requests arrived evenly after `since`, the last one at `last`."""
        self._requests[transport] += count
        step = (last - since) / count
        self._times.extend(since + step * place for place in range(1, count + 1))

    def answered(self, code: str) -> None:
        """An answer, by its result code, or by what was said in place of it, such as `429`."""
        self._answers[code or "ok"] += 1

    def bill(self, tel: str, lookup: str) -> None:
        """A lookup was carried out."""
        number = int(tel)
        self._billed[number] = self._billed.get(number, 0) + 1
        self._lookups[lookup] += 1
        self.billed_lookups += 1

    def billed(self, tel: str) -> int:
        """How often a number was billed."""
        return self._billed.get(int(tel), 0)

    def summary(self, numbers: str = "") -> dict[str, Any]:
        """Everything as JSON-like values.

        With `numbers` there is a count for each number: `all`, or else those billed more than
        once. `worst_second` is the largest count of requests in any window [t, t + 1).
        """
        times = (
            np.sort(np.frombuffer(self._times, dtype=np.float64)) if self._times else np.empty(0)
        )
        again = sum(1 for count in self._billed.values() if count > 1)
        result: dict[str, Any] = {
            "requests": {name: self._requests[name] for name in ("rest", "tcp", "udp", "token")},
            "answers": dict(sorted(self._answers.items())),
            "billed": self.billed_lookups,
            "billed_by_lookup": dict(sorted(self._lookups.items())),
            "billed_numbers": len(self._billed),
            "billed_more_than_once": again,
            "worst_second": worst_window(times),
            "seconds": float(times[-1] - times[0]) if len(times) else 0.0,
        }
        if numbers:
            least = 1 if numbers == "all" else 2
            result["numbers"] = {
                str(number): count for number, count in self._billed.items() if count >= least
            }
        return result


def worst_window(times: Sequence[float] | np.ndarray[Any, np.dtype[np.float64]]) -> int:
    """Most requests in any window [t, t + 1); `times` are in seconds and never go back."""
    if not len(times):
        return 0
    ordered = np.asarray(times)
    ends = np.searchsorted(ordered, ordered + 1.0, side="left")
    return int((ends - np.arange(len(ordered))).max())
