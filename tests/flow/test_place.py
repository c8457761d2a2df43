"""Where an output lies."""

import pytest

from tests.flow.conftest import Command, write_list


@pytest.mark.parametrize("out", ["s3://bucket/out", "gs://bucket/out", "file:///tmp/out"])
def test_an_object_store_is_no_place_for_an_output(msisdn: Command, out: str) -> None:
    listed = write_list(msisdn.folder / "list.csv", 3)
    ended = msisdn("clean", listed, "-o", out)
    assert ended.returncode == 2
    assert "object stores lack" in ended.stderr
    assert sorted(path.name for path in msisdn.folder.iterdir()) == ["list.csv"]
