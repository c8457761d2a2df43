"""All numbers of a job that are still to be looked up: which, on whose account, until when."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.deadlines import moment, timed
from pipeline.events import Notice
from pipeline.job.brief import Brief
from pipeline.job.executors import executor_of
from pipeline.job.opened import Job
from pipeline.job.surroundings import Surroundings
from pipeline.ledger.checkpoint import Checkpoint
from pipeline.ledger.planned import Plan
from pipeline.lookup import Finish
from pipeline.lookup.account import account_file, account_of, check_account, state_folder
from pipeline.lookup.found_rate import FoundRate
from pipeline.lookup.service import service_of
from pipeline.model import ShardSpec
from pipeline.prices import check_budget
from pipeline.report.words import about
from pipeline.settings import Settings
from pipeline.simulator.embedded import embedded
from pipeline.transports.contract import Service
from pipeline.write import Output

__all__ = ("ask", "ask_shards", "check_service")


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
        tally = executor_of(brief, finish)(specs, brief, around)
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
