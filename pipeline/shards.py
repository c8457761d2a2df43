"""A shard is a pure piece of work: its file and its journal in, one part out.

`ask` works through the shards that are not done, here or in worker processes; `written`
gathers what came of all of them. `process` is the same function wherever it runs: it needs nothing
but a `Brief`, which can be sent to another process.
"""

import asyncio
import ctypes
import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from pipeline.deadlines import moment, timed
from pipeline.errors import CheckpointError
from pipeline.events import Announce, Notice, PartWritten
from pipeline.job import Job, Surroundings
from pipeline.ledger.checkpoint import Checkpoint
from pipeline.ledger.frames import Shard
from pipeline.ledger.own_parquet import read_rows
from pipeline.ledger.planned import Plan
from pipeline.ledger.records import Done, FileRecord, record_of
from pipeline.ledger.replay import Replay, State, replay
from pipeline.lookup import Finish, Tally, lookup
from pipeline.lookup.account import (
    SharedLimiter,
    account_file,
    account_of,
    check_account,
    state_folder,
)
from pipeline.lookup.asking import Allowance, Asking
from pipeline.lookup.found_rate import FoundRate
from pipeline.lookup.limiter import Limiter
from pipeline.lookup.quota import Quota, most_requests
from pipeline.lookup.retry import Retries
from pipeline.lookup.service import service_of
from pipeline.model import STATUSES, ShardSpec
from pipeline.prices import check_budget, price_of
from pipeline.report.words import about
from pipeline.settings import Settings
from pipeline.simulator.embedded import embedded
from pipeline.transports.contract import Service
from pipeline.write import Output, answers, expand, keep, write, write_blank

__all__ = ("Brief", "Written", "ask", "ask_shards", "check_service", "process", "written")

_TRACKED = 100_000
"""Objects made and not dropped between two looks for garbage: some 10 MB."""


@dataclass(frozen=True, kw_only=True)
class Brief:
    """Everything that shards need, wherever they are processed. Can be pickled."""

    settings: Settings
    service: Service
    checkpoint: Checkpoint
    output: Output
    account: Path | None
    """State file of the account's shared rate; None where nobody else asks in its name."""
    total: int
    """Numbers to ask in all, and how many of them are done."""
    already: int
    trusted: bool = False
    """The service answered others, in an earlier run."""
    deadline: float | None = None
    """Seconds since 1970; the same for all workers."""
    until: float | None = None
    """The end of a span that is allowed, by the machine's monotonic clock."""
    processes: int = 1
    """How many share the rate and the limits."""

    def share(self, number: int) -> "Brief":
        """The brief of one of `processes` workers, numbered from 0: its part of the concurrency.

        Of what the rate and the limits allow, each takes as it needs.
        """
        given = self.settings.concurrency
        part = given and given // self.processes + (number < given % self.processes)
        return replace(self, already=0, settings=replace(self.settings, concurrency=part))

    @property
    def most(self) -> int | None:
        """Requests that may leave in this invocation, of all workers together; None is no limit."""
        settings = self.settings
        return most_requests(settings.max_lookups, settings.budget, self.price)

    @property
    def price(self) -> Decimal | None:
        """The most that one lookup may cost."""
        return price_of(self.settings.lookup, self.settings.price)[1]


def check_service(settings: Settings, around: Surroundings) -> None:
    """Raise what is wrong with endpoint, credentials, budget or the account's state at once.

    `UsageError` and `StorageError`, before anything is read or written.
    """
    check_budget(settings.lookup, settings.price, settings.budget)
    if settings.simulate:
        return
    client_id = service_of(settings).credentials.client_id
    state_folder(settings.state_dir, around.environment)
    check_account(account_of(settings.state_dir, around.environment, client_id))
    if settings.told:
        around.announce(Notice("warning", settings.told))
    if settings.transport in {"tcp", "udp"}:
        text = (
            f"{settings.transport} is plain text by the provider's design: numbers and credentials"
            " cross the network unencrypted"
        )
        around.announce(Notice("warning", text))


def ask(job: Job, planned: Plan) -> float | None:
    """Ask and write every shard that is not done.

    Gives the requests a second that the service let through, where that was less than the rate.
    """
    all_specs = list(_specs(job, planned))
    done = [job.checkpoint.done(spec.number) for spec in all_specs]
    specs = [
        spec
        for spec, known in zip(all_specs, done, strict=True)
        if known is None or known.unresolved
    ]
    if not specs:
        return None
    trusted = any(known is not None and known.counts["answered"] for known in done)
    return ask_shards(
        specs,
        job.settings,
        job.around,
        job.checkpoint,
        job.output,
        total=planned.to_ask,
        trusted=trusted,
    )


def ask_shards(  # noqa: PLR0913  what a brief is made of
    specs: Sequence[ShardSpec],
    settings: Settings,
    around: Surroundings,
    checkpoint: Checkpoint,
    output: Output,
    *,
    total: int | None = None,
    trusted: bool = False,
    finish: Finish | None = None,
) -> float | None:
    """Ask these shards, of `total` numbers in all, here or in workers.

    `trusted`: the service answered others in an earlier run.

    Each is written when it is through, or given to `finish` in its place. Raises what ends the run.
    """
    asked = sum(spec.ask for spec in specs)
    with ExitStack() as stack:
        given = stack.enter_context(embedded()) if settings.simulate else None
        service = service_of(settings, given)
        deadline, until = _ends(settings, around)
        brief = Brief(
            settings=settings,
            service=service,
            checkpoint=checkpoint,
            output=output,
            account=_account(settings, service, around, stack),
            total=asked if total is None else total,
            already=0 if total is None else total - asked,
            trusted=trusted,
            deadline=deadline,
            until=until,
            processes=min(settings.workers, len(specs), settings.concurrency or settings.workers),
        )
        if brief.processes == 1:
            tally = process(specs, brief, around, finish)
        else:
            # Imported here for start-up time, and because workers import this module.
            from pipeline.workers import process_in_workers  # noqa: PLC0415

            tally = process_in_workers(specs, brief, around)
    for note in tally.notes:
        around.announce(Notice("info", f"{settings.transport}: {note}"))
    if tally.service_rate is not None:
        text = f"the service lets through {about(tally.service_rate)} requests a second"
        around.announce(Notice("info", f"{text}, less than --rate {settings.rate:g}"))
        if not settings.simulate and brief.account is not None:
            FoundRate.of(brief.account).tell(tally.service_rate, around.wall())
    return tally.service_rate


def _ends(settings: Settings, around: Surroundings) -> tuple[float | None, float | None]:
    """`deadline` and `until` of a brief: both are counted from when the command began."""
    if settings.deadline is None:
        return None, None
    clock, wall = around.began or (around.clock(), around.wall())
    span = timed(settings.deadline)
    return (moment(settings.deadline, wall), None) if span is None else (None, clock + span)


def _account(
    settings: Settings, service: Service, around: Surroundings, stack: ExitStack
) -> Path | None:
    """One account, one rate, whatever the transport; an embedded simulator is this run's own."""
    if not settings.simulate:
        return account_of(settings.state_dir, around.environment, service.credentials.client_id)
    if settings.workers == 1:
        return None
    folder = stack.enter_context(TemporaryDirectory(prefix="msisdn-"))
    return account_file(Path(folder), "", service.credentials.client_id)


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
        _few_collections(),
    ):
        _give_back()  # what planning has left
        coroutine = lookup(
            specs,
            replace(_asking(brief, around, limiter), quota=quota),
            brief.service,
            files=brief.checkpoint.files,
            finish=finish or partial(_finish, brief, around.announce),
            announce=around.announce,
        )
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(coroutine)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for garbage in cycles seldom, and not among what was there before.

    A lookup leaves some tuples and no cycle; the usual thresholds took a seventh of the time.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_TRACKED, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


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


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    # Imported here because there is none on Windows.
    import uvloop  # noqa: PLC0415

    return uvloop.new_event_loop


def _finish(brief: Brief, announce: Announce, spec: ShardSpec) -> None:
    _write_shard(brief, announce, spec)
    _give_back()


def _give_back() -> None:
    """Give memory that is free back to the system.

    glibc keeps what is freed between what is in use: after a part 100 to 190 MB, as chance has it.
    This takes 10 ms.
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)


def _write_shard(brief: Brief, announce: Announce, spec: ShardSpec) -> None:
    """Shard file and journal → one part, and the record that it is done."""
    journal = record_of(Path(spec.journal), "journal", relative_to=brief.checkpoint.out)
    known = replay(Path(spec.journal), Shard(spec.sha256, spec.rows))
    frame = answers(read_rows(Path(spec.path), sha256=spec.sha256), known)
    if brief.settings.rows == "all":
        part = keep(frame, brief.checkpoint.unique(spec.number), "unique", brief.output)
    else:
        part = write(frame, "enriched", spec.number, brief.output)
    counted = dict(frame["status"].cast(pl.String).value_counts().rows())
    counts = {status: counted.get(status, 0) for status in STATUSES}
    unknown = {"asked_again": known.asked_again, "held": _held(frame, known)}
    brief.checkpoint.record_done(
        Done(shard=spec.number, part=part, counts=counts, outcome_unknown=unknown, journal=journal)
    )
    announce(PartWritten(part.path, frame.height))


def _held(frame: pl.DataFrame, known: Replay) -> int:
    """Rows that are unresolved because their outcome is unknown (`--on-unknown hold`)."""
    unknown = pl.Series(known.state_of == State.UNKNOWN)
    return frame.filter(unknown, pl.col("status") == "unresolved").height


def _specs(job: Job, planned: Plan) -> Iterator[ShardSpec]:
    checkpoint = job.checkpoint
    for shard in planned.shards:
        yield ShardSpec(
            number=shard.number,
            path=str(checkpoint.shard(shard.number)),
            sha256=shard.sha256,
            rows=shard.rows,
            ask=shard.ask,
            journal=str(checkpoint.journal(shard.number)),
        )


@dataclass(frozen=True, slots=True)
class Written:
    """What came of all shards."""

    parts: list[FileRecord]
    unresolved: int
    """Numbers that the next run asks again."""
    outcome_unknown: dict[str, int]
    """Of the whole run, however often it was interrupted: `asked_again`, `held`."""


def written(job: Job, planned: Plan) -> Written:
    """The enriched parts of the whole run. Raises `CheckpointError` if a shard has none."""
    records = _records(job, planned)
    unknown = {
        name: sum(done.outcome_unknown.get(name, 0) for done in records)
        for name in ("asked_again", "held")
    }
    unresolved = sum(done.unresolved for done in records)
    return Written(_parts(job, planned, records), unresolved, unknown)


def _records(job: Job, planned: Plan) -> list[Done]:
    records: list[Done] = []
    for shard in planned.shards:
        done = job.checkpoint.done(shard.number)
        if done is None:
            raise CheckpointError(
                f"{job.checkpoint.done_file(shard.number)}: the shard has no part; run the same"
                " command again"
            )
        records.append(done)
    return records


def _parts(job: Job, planned: Plan, records: Sequence[Done]) -> list[FileRecord]:
    if not planned.shards:
        return [write_blank("enriched", job.output)]
    if job.settings.rows != "all":
        return [done.part for done in records]
    unique = [done.part for done in records]
    scratch, rows = job.checkpoint.expand_folder, job.settings.shard_rows
    return expand(unique, planned.repeats, scratch, rows, job.output)
