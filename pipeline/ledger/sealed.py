"""JSON files of the checkpoint that know whether they are as they were written.

The last member, `seal`, is the SHA-256 of all bytes before it. So a changed digit is found, which
JSON alone would take for another number, and the file stays JSON for whoever looks at it.
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


def publish_sealed(files: Files, path: Path, value: object) -> Written:
    """Make a sealed JSON file of a value with at least one field at once. Raises `StorageError`."""
    body = to_json(value).removesuffix(b"\n}\n")
    digest = hashlib.sha256(body).hexdigest().encode()
    return files.publish_bytes(path, body + b',\n  "seal": "' + digest + b'"\n}\n')


def read_sealed(path: Path, of: type[T]) -> T:
    """The value of a sealed file. Raises `CheckpointError` where it is damaged, `StorageError`."""
    data = read_bytes(path)
    value = from_json(data, of, path)
    seal = _SEAL.search(data)
    if seal is None or hashlib.sha256(data[: seal.start()]).hexdigest().encode() != seal[1]:
        raise CheckpointError(
            f"{path}: damaged: it is not as it was written: restore it, or add --restart"
        )
    return value
