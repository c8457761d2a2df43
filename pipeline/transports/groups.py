"""A task group that lives as long as a transport, rather than one block of code."""

import asyncio
from types import TracebackType

__all__ = ("leave",)


async def leave(
    group: asyncio.TaskGroup,
    kind: type[BaseException] | None,
    error: BaseException | None,
    trace: TracebackType | None,
) -> None:
    """End a group whose tasks are cancelled by now.

    A defect in a task is raised here, as a group of exceptions. An error of whoever used the
    transport is none of the group's business: it goes its own way, and is not wrapped.
    """
    if kind is not None and issubclass(kind, asyncio.CancelledError):
        await group.__aexit__(kind, error, trace)
    else:
        await group.__aexit__(None, None, None)
