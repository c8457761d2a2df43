"""The checkpoint of a run that is not finished, as it is found, and what is wrong with it.

Only files that this program would have made count: others beside them (`shard-00000.json.bak`, an
editor's copy, a folder) are nobody's business.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import CheckpointError, StorageError
from pipeline.ledger.files import sha256_of
from pipeline.ledger.frames import Shard
from pipeline.ledger.layout import CHECKPOINT, NEXT
from pipeline.ledger.nofollow import is_file, is_there
from pipeline.ledger.ownership import begun_of
from pipeline.ledger.planned import Plan
from pipeline.ledger.records import Done, Exchange, FileRecord, Identity
from pipeline.ledger.replay import replay
from pipeline.ledger.run import read_identity
from pipeline.ledger.sealed import read_sealed
from pipeline.ledger.soundness import file_problems, listing_problems, row_problems

__all__ = ("Unfinished", "problems_of")

_NAMED = re.compile(r"shard-(\d{5,})(\.parquet|\.journal|\.json)")


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What lies in `.checkpoint`."""

    root: Path
    identity: Identity
    old: list[FileRecord]
    """What stands in the output directory until this run is written."""
    arriving: list[FileRecord]
    """What is taking its place just now."""
    plan: Plan | None
    shards: Mapping[int, Shard | None]
    """By number; without a plan it is not known yet what they should be."""
    begun: set[int]
    """Of those that have a journal the numbers, whether the plan has them or not."""
    done: dict[int, Done]

    @classmethod
    def of(cls, out: Path) -> "Unfinished":
        """Raises `CheckpointError` where there is no run, or a record is damaged or another's."""
        root = out / (NEXT if is_file(out / NEXT / "run.json") else CHECKPOINT)
        if not is_there(root / "run.json"):
            raise CheckpointError(
                f"{out}: no run is here: neither _SUCCESS nor .checkpoint/run.json"
            )
        identity = read_identity(root / "run.json")
        plan, run_id = root / "plan.json", identity.run_id
        planned = read_sealed(plan, Plan, run_id) if is_there(plan) else None
        begun = _numbers(root / "journal", ".journal")
        shards: dict[int, Shard | None] = dict.fromkeys(_numbers(root / "shards", ".parquet"))
        if planned:
            shards = {shard.number: Shard(shard.sha256, shard.rows) for shard in planned.shards}
        done, exchange = root / "done", root / "exchange.json"
        return cls(
            root,
            identity,
            begun_of(root).old,
            read_sealed(exchange, Exchange, run_id).new if is_there(exchange) else [],
            planned,
            shards,
            begun,
            {
                number: read_sealed(done / f"shard-{number:05}.json", Done, run_id)
                for number in sorted(_numbers(done, ".json"))
            },
        )

    def journal(self, number: int) -> Path:
        """The journal of a shard."""
        return self.root / "journal" / f"shard-{number:05}.journal"

    def shard(self, number: int) -> Path:
        """The numbers of a shard."""
        return self.root / "shards" / f"shard-{number:05}.parquet"

    def base_of(self, file: FileRecord) -> Path:
        """The directory in which a file is known by its path."""
        out, beside = self.root.parent, self.root / "output"
        if not self.old or file.path.startswith(f"{CHECKPOINT}/"):
            return out
        if self.arriving and not is_there(beside / file.path.partition("/")[0]):
            return out
        return beside

    @property
    def asked(self) -> list[int]:
        """Shards that are begun and not done."""
        return sorted((self.begun & self.shards.keys()) - self.done.keys())


def _numbers(folder: Path, suffix: str) -> set[int]:
    """Of which shards a folder has a file under the very name that it gets."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return set()
    found = [match for name in names if (match := _NAMED.fullmatch(name))]
    return {int(name[1]) for name in found if name[2] == suffix and f"{int(name[1]):05}" == name[1]}


def problems_of(tree: Unfinished, deep: bool) -> list[str]:
    """What is wrong, in words; nothing if all that is there is sound."""
    plan = tree.plan
    parts = [done.part for _, done in sorted(tree.done.items())]
    listed = [*plan.files, *plan.repeats, *parts] if plan else parts
    found = listing_problems(tree.root, listed)
    noted = {file.path for file in listed}
    for file in (*listed, *(each for each in tree.arriving if each.path not in noted)):
        found += file_problems(tree.base_of(file), file, deep)
    found += _unplanned(tree)
    for number in sorted(tree.done.keys() & tree.shards.keys()):
        found += _count_problems(tree, number)
    for number in sorted(tree.shards.keys() - tree.begun):
        found += _shard_problems(tree, number, deep)
    for number in sorted(tree.begun | tree.done.keys()):
        if plan is None or number in tree.shards:
            found += _journal_problems(tree, number, deep)
    if plan and deep and not found:
        placed = [(tree.base_of(file) / file.path) for file in listed]
        found += row_problems(placed, plan.counts.rows)
    return found


def _unplanned(tree: Unfinished) -> list[str]:
    """Files under a name of ours for a shard that is not in the plan."""
    if tree.plan is None:
        return []
    journals = [tree.journal(number) for number in sorted(tree.begun - tree.shards.keys())]
    records = [
        tree.root / "done" / f"shard-{number:05}.json"
        for number in sorted(tree.done.keys() - tree.shards.keys())
    ]
    return [f"{path}: the plan has no such shard" for path in (*journals, *records)]


def _count_problems(tree: Unfinished, number: int) -> list[str]:
    done, shard = tree.done[number], tree.shards[number]
    path = tree.base_of(done.part) / done.part.path
    if sum(done.counts.values()) != done.part.rows:
        return [f"{path}: its rows by status do not add up"]
    if shard is not None and shard.rows != done.part.rows:
        return [f"{path}: {done.part.rows} rows, but its shard has {shard.rows}"]
    return []


def _shard_problems(tree: Unfinished, number: int, deep: bool) -> list[str]:
    path, shard = tree.shard(number), tree.shards[number]
    if not path.is_file():
        return [f"{path}: missing"]
    if deep and shard is not None and sha256_of(path) != shard.sha256:
        return [f"{path}: its content changed since it was written"]
    return []


def _journal_problems(tree: Unfinished, number: int, deep: bool) -> list[str]:
    path, shard = tree.journal(number), tree.shard(number)
    if not path.is_file():
        return [f"{path}: missing"]
    try:
        known = replay(path, tree.shards.get(number))
    except (CheckpointError, StorageError) as error:
        return [str(error)]
    if number in tree.done and (changed := _since_done(path, tree.done[number], deep)):
        return changed
    if not shard.is_file():
        return [f"{shard}: missing"]
    if deep and sha256_of(shard) != known.shard.sha256:
        return [f"{shard}: it is not the shard that the journal was written for"]
    return []


def _since_done(journal: Path, done: Done, deep: bool) -> list[str]:
    """What a journal no longer holds that its part was made of. It may have grown."""
    kept = done.kept_journal
    if kept is None:
        return []
    size = journal.stat().st_size
    if size < kept.size:
        return [f"{journal}: {size} bytes, but {kept.size} were written when its part was made"]
    if deep and sha256_of(journal, kept.size) != kept.sha256:
        return [f"{journal}: its content changed since its part was made"]
    return []
