"""JSON files of the checkpoint that know whose they are, and whether they are as they were written.

The last member, `seal`, is the SHA-256 of all bytes before it. So a changed digit is found, which
JSON alone would take for another number, and the file stays JSON for whoever looks at it. The
member before it, `belongs_to`, says what the file is, under which name, and of which run: one
that was copied from another shard or another run is sound in itself, and tells of other rows.
"""

import hashlib
import re
from pathlib import Path
from typing import TypeVar

from pipeline.errors import CheckpointError
from pipeline.ledger.files import Files, Written, from_json, read_bytes, to_json

__all__ = ("publish_sealed", "read_sealed")

T = TypeVar("T")

_SEAL = re.compile(rb',\n  "seal": "([0-9a-f]{64})"\n}\n\Z')
_PLACE = re.compile(rb',\n  "belongs_to": "([^"\\\n]*)"\Z')
_ADVICE = "restore it, or add --restart"


def publish_sealed(files: Files, path: Path, value: object, run_id: str) -> Written:
    """Make a sealed JSON file at once, of a value with at least one field. Raises `StorageError`."""
    body = to_json(value).removesuffix(b"\n}\n")
    body += f',\n  "belongs_to": "{_place(path, type(value), run_id)}"'.encode()
    digest = hashlib.sha256(body).hexdigest().encode()
    return files.publish_bytes(path, body + b',\n  "seal": "' + digest + b'"\n}\n')


def read_sealed(path: Path, of: type[T], run_id: str | None, *, advice: str = _ADVICE) -> T:
    """The value of a sealed file of that run; None: of whichever run.

    Raises `CheckpointError` that ends in `advice` where it is damaged or belongs elsewhere, and
    `StorageError`.
    """
    data = read_bytes(path)
    seal = _SEAL.search(data)
    if seal is None or hashlib.sha256(data[: seal.start()]).hexdigest().encode() != seal[1]:
        raise CheckpointError(f"{path}: damaged: it is not as it was written: {advice}")
    place = _PLACE.search(data[: seal.start()])
    if place is None:
        raise CheckpointError(f"{path}: another version of this program has written it: {advice}")
    here, written_as = _place(path, of, run_id or ""), place[1].decode(errors="replace")
    if not (written_as == here or (run_id is None and written_as.startswith(here))):
        raise CheckpointError(
            f"{path}: it does not belong here: this should be the {here}, and it is the {written_as}:"
            f" {advice}"
        )
    return from_json(data, of, path)


def _place(path: Path, of: type, run_id: str) -> str:
    """What a file is, and where: its folder may have another name while it is made."""
    return f"{of.__name__.lower()} {path.name} of run {run_id}"
