"""A sealed file is as it was written, or it is refused."""

import hashlib
from pathlib import Path

import msgspec
import pytest

from pipeline.errors import CheckpointError
from pipeline.ledger.files import Files, read_json
from pipeline.ledger.sealed import publish_sealed, read_sealed


class Thing(msgspec.Struct, frozen=True):
    count: int
    names: list[str] = []


class Another(Thing, frozen=True):
    """Of the same fields."""


RUN = "0123456789abcdef"
THING = Thing(1_000_000, ["a", "b"])


def test_what_was_sealed_is_read_and_is_still_json(tmp_path: Path) -> None:
    path = tmp_path / "thing.json"
    publish_sealed(Files(), path, THING, RUN)
    assert read_sealed(path, Thing, RUN) == THING
    assert read_json(path, dict)["count"] == 1_000_000


def test_any_flipped_bit_and_any_cut_is_found(tmp_path: Path) -> None:
    path = tmp_path / "thing.json"
    publish_sealed(Files(), path, THING, RUN)
    content = path.read_bytes()
    damaged = [content[:end] for end in range(len(content))]
    for at in range(len(content)):
        for bit in range(8):
            changed = bytearray(content)
            changed[at] ^= 1 << bit
            damaged.append(bytes(changed))
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(CheckpointError, match=str(path)):
            read_sealed(path, Thing, RUN)


def test_a_file_without_a_seal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "thing.json"
    Files().publish_json(path, THING)
    with pytest.raises(CheckpointError, match="not as it was written"):
        read_sealed(path, Thing, RUN)


def test_a_file_from_elsewhere_is_refused_in_words(tmp_path: Path) -> None:
    path, other = tmp_path / "thing.json", tmp_path / "other.json"
    publish_sealed(Files(), path, THING, RUN)
    other.write_bytes(path.read_bytes())
    for wanted, of, run_id in ((other, Thing, RUN), (path, Thing, "f" * 16), (path, Another, RUN)):
        with pytest.raises(CheckpointError, match=f"{wanted}: it does not belong here") as refused:
            read_sealed(wanted, of, run_id)
        assert f"it is the thing thing.json of run {RUN}" in str(refused.value)


def test_a_file_that_does_not_say_where_it_belongs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "thing.json"
    body = b'{\n  "count": 1'
    seal = hashlib.sha256(body).hexdigest()
    path.write_bytes(body + f',\n  "seal": "{seal}"\n}}\n'.encode())
    with pytest.raises(CheckpointError, match="another version"):
        read_sealed(path, Thing, RUN)
