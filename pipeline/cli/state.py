"""How far a run is, in words and as JSON. It only reads, and needs no lock."""

from pathlib import Path

import msgspec

from pipeline.ledger.lock import holder
from pipeline.ledger.manifest import progress
from pipeline.report.screen import Shown
from pipeline.report.words import count, size

__all__ = ("State", "state_of", "state_table")


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a run."""

    out: str
    run_id: str
    state: str
    """`planning`, `running`, `stopped`, `unresolved`, `complete`."""
    held_by: str
    """Who works on it now; empty for nobody."""
    replaces: bool
    """Another output stands, and is readable, until this run is written."""
    inputs: int
    input_bytes: int
    """How many files are read, and their size."""
    rows: int | None
    rejected: int | None
    duplicates: int | None
    to_ask: int | None
    """While `planning`, rows read and rejected so far. None where it is not known: until the plan
    is made, or nothing is read yet; `to_ask` also of a run that is complete."""
    answered: int
    refused: int
    unresolved: int
    skipped: int
    outcome_unknown: int
    """Sent, and no outcome is on disk: under way now, or in doubt after a crash."""
    shards: int
    shards_done: int


def state_of(out: Path) -> State:
    """Look at an output directory. Raises `CheckpointError` where no run is."""
    known = progress(out)
    plan, counts, states = known.plan, known.counts, known.states
    held = holder(out)
    # What a run that was killed had read is read again, so only of one that is at work it counts.
    so_far = known.so_far if held else None
    if so_far is not None:
        counts = {"rows": so_far.rows, "rejected": so_far.rejected}
    return State(
        out=str(out),
        run_id=known.run_id,
        state=_word(
            known.finished, plan is not None, bool(held), known.shards == known.shards_done
        ),
        held_by=held,
        replaces=known.stands,
        inputs=len(known.inputs),
        input_bytes=sum(file.size for file in known.inputs),
        rows=plan.counts.rows if plan else counts.get("rows"),
        rejected=plan.counts.rejected if plan else counts.get("rejected"),
        duplicates=plan.counts.duplicates if plan else counts.get("duplicates"),
        to_ask=plan.to_ask if plan else None,
        answered=counts.get("answered", 0) + states.get("answered", 0),
        refused=counts.get("refused", 0),
        unresolved=counts.get("unresolved", 0) + states.get("unresolved", 0),
        skipped=counts.get("skipped", 0),
        outcome_unknown=states.get("unknown", 0),
        shards=known.shards,
        shards_done=known.shards_done,
    )


def _word(finished: bool, planned: bool, held: bool, written: bool) -> str:
    if finished:
        return "complete"
    if held:
        return "running" if planned else "planning"
    return "unresolved" if planned and written else "stopped"


_MEANING = {
    "planning": "reading and normalising",
    "running": "asking",
    "stopped": "stopped; run the same command to go on",
    "unresolved": "written, but some rows are unresolved; run the same command to ask them again",
    "complete": "complete",
}


def state_table(state: State) -> Shown:
    """The state as lines of a table."""
    table = Shown()
    table.add_row("run", f"{state.run_id} in {state.out}")
    table.add_row("state", _MEANING[state.state])
    if state.held_by:
        table.add_row("held by", state.held_by)
    if state.replaces:
        table.add_row("output", "of an earlier run, which stands until this one is written")
    table.add_row("inputs", f"{count(state.inputs, 'file')}, {size(state.input_bytes)}")
    for name in (
        "rows",
        "rejected",
        "duplicates",
        "to_ask",
        "answered",
        "refused",
        "unresolved",
        "skipped",
    ):
        value = getattr(state, name)
        if value is not None:
            reading = state.state == "planning" and name in {"rows", "rejected"}
            so_far = " so far" if reading else ""
            table.add_row(name.replace("_", " "), f"{value:,}{so_far}")
    if state.outcome_unknown:
        table.add_row("outcome unknown", f"{state.outcome_unknown:,}")
    table.add_row("shards", f"{state.shards_done} of {state.shards} done")
    return table
