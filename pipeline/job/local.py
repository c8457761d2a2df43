"""Shards looked up and written in this process."""

import asyncio
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

from pipeline.events import Announce, Notice
from pipeline.job.brief import Brief
from pipeline.job.memory import few_collections, give_back
from pipeline.job.shard import write_shard
from pipeline.job.surroundings import Surroundings
from pipeline.lookup import Finish, Tally, lookup
from pipeline.lookup.account import SharedLimiter
from pipeline.lookup.asking import Allowance, Asking
from pipeline.lookup.limiter import Limiter
from pipeline.lookup.quota import Quota
from pipeline.lookup.retry import Retries
from pipeline.loop import loop_factory
from pipeline.model import ShardSpec

__all__ = ("process",)


def process(
    specs: Iterable[ShardSpec],
    brief: Brief,
    around: Surroundings,
    finish: Finish | None = None,
    quota: Quota | None = None,
) -> Tally:
    """lookup → write, for these shards, in this process. Raises what ends the run.

    `quota` is what this process may send of what the limits of the run allow; None is all of it.
    """
    with (
        _limiter(brief, around) as limiter,
        few_collections(),
    ):
        give_back()  # what planning has left
        coroutine = lookup(
            specs,
            replace(_asking(brief, around, limiter), quota=quota),
            brief.service,
            files=brief.checkpoint.files,
            finish=finish or partial(_finish, brief, around.announce),
            announce=around.announce,
        )
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(coroutine)


def _limiter(brief: Brief, around: Surroundings) -> AbstractContextManager[Allowance]:
    if brief.account is None:
        return nullcontext(Limiter(brief.settings.rate, around.clock()))
    return SharedLimiter(
        brief.account,
        brief.settings.rate,
        around.clock(),
        processes=brief.processes,
        clock=around.clock,
        warn=lambda text: around.announce(Notice("warning", text)),
    )


def _asking(brief: Brief, around: Surroundings, limiter: Allowance) -> Asking:
    settings = brief.settings
    return Asking(
        transport=settings.transport,
        endpoint=brief.service.endpoint,
        rate=settings.rate,
        processes=brief.processes,
        concurrency=settings.concurrency,
        attempts=settings.attempts,
        timeout=settings.timeout,
        limiter=limiter,
        retries=Retries(settings.attempts, around.dice),
        clock=around.clock,
        wall=around.wall,
        busy=around.busy,
        lookup=settings.lookup,
        stop=around.stop,
        stop_refused_country=settings.refused_country == "stop",
        hold_unknown=settings.on_unknown == "hold",
        max_lookups=settings.max_lookups,
        budget=settings.budget,
        price=brief.price,
        deadline=brief.deadline,
        until=brief.until,
        total=brief.total,
        already=brief.already,
        trusted=brief.trusted,
    )


def _finish(brief: Brief, announce: Announce, spec: ShardSpec) -> None:
    write_shard(brief, announce, spec)
    give_back()
