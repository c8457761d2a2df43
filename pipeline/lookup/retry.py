"""Whether and when a failed attempt is made again. The only file that imports tenacity.

tenacity decides, on what failed only: one retrying object around every single lookup costs ten
times the rest of the work, so a lookup that succeeds never meets it. Its state machine is stepped
by hand (`iter` on a call state), which needs no task, no future and no sleep for a waiting row.

Rule: only `_Failed` is retried, an allow-list of one: tenacity's negative predicates swallow
cancellation.
"""

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
)
from tenacity import DoSleep as _DoSleep

from pipeline.protocol.messages import Fault
from pipeline.transports.contract import Unreachable

__all__ = ("RETRY_AFTER_CAP", "Retries", "reached")

_T = TypeVar("_T")

RETRY_AFTER_CAP = 120.0
"""Seconds; a service that asks for more is asked again after this long all the same."""


class _Failed(Exception):
    """Carries a fault through tenacity."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


class Retries:
    """The policy for single lookups: exponential with full jitter, the service's wish first."""

    def __init__(
        self, attempts: int, dice: random.Random, *, first: float = 0.5, cap: float = 30.0
    ) -> None:
        self._dice = dice
        self._window = wait_exponential(multiplier=first, max=cap)
        self._policy = Retrying(
            stop=stop_after_attempt(attempts),
            wait=self._wait,
            retry=retry_if_exception_type(_Failed),
            reraise=True,
        )

    def _wait(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, _Failed) and failure.fault.retry_after is not None:
            return min(failure.fault.retry_after, RETRY_AFTER_CAP)
        return self._dice.uniform(0.0, self._window(state))

    def pause(self, fault: Fault, times: int) -> float:
        """Seconds until a number is asked again that was refused so many times for lack of room."""
        wanted = min(fault.retry_after or 0.0, RETRY_AFTER_CAP)
        longest = self._window(self._state(times)) if times > 1 else 0.0
        return max(wanted, self._dice.uniform(0.0, longest))

    def _state(self, attempt: int) -> RetryCallState:
        """tenacity's own, after attempt number `attempt` (from 1)."""
        state = RetryCallState(self._policy, fn=None, args=(), kwargs={})
        state.attempt_number = attempt
        return state

    def delay(self, fault: Fault, attempt: int) -> float | None:
        """Seconds until the next attempt after number `attempt` (from 1); None to give up."""
        self._policy.begin()  # it keeps its counts a thread, and wants them begun
        state = self._state(attempt)
        failure = _Failed(fault)
        state.set_exception((type(failure), failure, None))
        try:
            step = self._policy.iter(state)
        except _Failed:
            return None
        return float(step) if isinstance(step, _DoSleep) else 0.0


async def reached(
    action: Callable[[], Awaitable[_T]],
    *,
    attempts: int,
    first: float,
    patience: float,
    told: Callable[[Unreachable], None],
) -> _T:
    """Await `action` again while it raises `Unreachable`; the last one is passed on.

    What passes is waited for up to `patience` seconds, and `told` once; the rest is tried `attempts`
    times.
    """
    wait = wait_exponential(multiplier=first, max=10.0)

    def failed(state: RetryCallState) -> Unreachable:
        assert state.outcome is not None  # noqa: S101  tenacity asks after a failure only
        error = state.outcome.exception()
        assert isinstance(error, Unreachable)  # noqa: S101  nothing else is retried
        return error

    def is_enough(state: RetryCallState) -> bool:
        if not failed(state).passing:
            return state.attempt_number >= attempts
        return (state.seconds_since_start or 0.0) >= patience

    def pause(state: RetryCallState) -> float:
        error = failed(state)
        if error.passing and state.attempt_number == attempts:
            told(error)
        wanted = error.retry_after
        return wait(state) if wanted is None else min(wanted, patience)

    policy = AsyncRetrying(
        stop=is_enough, wait=pause, retry=retry_if_exception_type(Unreachable), reraise=True
    )
    return await policy(action)
