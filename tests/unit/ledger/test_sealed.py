"""A sealed file is as it was written, or it is refused."""

from pathlib import Path

import msgspec
import pytest

from pipeline.errors import CheckpointError
from pipeline.ledger.files import Files, read_json
from pipeline.ledger.sealed import publish_sealed, read_sealed


class Thing(msgspec.Struct, frozen=True):
    count: int
    names: list[str] = []


THING = Thing(1_000_000, ["a", "b"])


def test_what_was_sealed_is_read_and_is_still_json(tmp_path: Path) -> None:
    path = tmp_path / "thing.json"
    publish_sealed(Files(), path, THING)
    assert read_sealed(path, Thing) == THING
    assert read_json(path, dict)["count"] == 1_000_000


def test_any_flipped_bit_and_any_cut_is_found(tmp_path: Path) -> None:
    path = tmp_path / "thing.json"
    publish_sealed(Files(), path, THING)
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
            read_sealed(path, Thing)


def test_a_file_without_a_seal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "thing.json"
    Files().publish_json(path, THING)
    with pytest.raises(CheckpointError, match="not as it was written"):
        read_sealed(path, Thing)
