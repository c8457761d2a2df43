"""`--grow`: what it takes for a list to have only grown."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pipeline.ledger.differences import differences
from pipeline.ledger.files import storage_error
from pipeline.ledger.records import Identity, InputFile

__all__ = ("KNOWN", "not_growth")

KNOWN = "known"
"""Folder of the checkpoint with what an earlier, smaller run knew."""

_OPAQUE = (".gz", ".zst", ".parquet")
"""Their bytes do not tell whether rows were only appended."""
_CHUNK = 1 << 20
_LINE_ENDS = (b"\n", b"\r")


def not_growth(stored: Identity, fresh: Identity, paths: Mapping[str, Path]) -> list[str]:
    """What has changed besides lists that grew, in words; nothing if they only did.

    `paths` are the files of the fresh inputs by name. Raises `StorageError` if one cannot be read.
    """
    other = Identity(
        schema_version=fresh.schema_version,
        rules_version=fresh.rules_version,
        inputs=stored.inputs,
        settings=fresh.settings,
        format_version=fresh.format_version,
    )
    now = {file.name: file for file in fresh.inputs}
    found = differences(stored, other)
    found += [f"input {was.name} was removed" for was in stored.inputs if was.name not in now]
    kept = [file.name for file in fresh.inputs if file.name in {w.name for w in stored.inputs}]
    if not found and kept != [file.name for file in stored.inputs]:
        found.append("the inputs come in another order")
    for was in stored.inputs:
        is_now = now.get(was.name)
        if is_now is not None and is_now != was:
            found += _not_appended(was, is_now, paths[was.name])
    return found


def _not_appended(was: InputFile, now: InputFile, path: Path) -> list[str]:
    if now.size <= was.size:
        return [f"input {was.name} changed from {was.size} to {now.size} bytes"]
    if was.name.lower().endswith(_OPAQUE):
        return [f"input {was.name} changed, and is of a format in which rows are not appended"]
    digest, ends, begins = _looked_at(path, was.size)
    if digest != was.sha256:
        return [f"input {was.name} changed in its first {was.size} bytes"]
    # Of UTF-16 a line end has a zero byte before or behind it.
    if not ends.rstrip(b"\0").endswith(_LINE_ENDS) and not begins.lstrip(b"\0").startswith(
        _LINE_ENDS
    ):
        return [f"input {was.name} ended within a line, and its last row went on"]
    return []


def _looked_at(path: Path, size: int) -> tuple[str, bytes, bytes]:
    """SHA-256 of the first `size` bytes, and the two bytes before and after their end."""
    digest, left, last = hashlib.sha256(), size, b""
    try:
        with path.open("rb") as file:
            while left and (chunk := file.read(min(left, _CHUNK))):
                digest.update(chunk)
                left -= len(chunk)
                last = (last + chunk)[-2:]
            return digest.hexdigest(), last, file.read(2)
    except OSError as error:
        raise storage_error("read", path, error) from error
