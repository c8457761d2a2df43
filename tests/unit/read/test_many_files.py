"""Many small files: what is held of them is counted by what it takes, not only by what is in it."""

from pathlib import Path

import pytest

from pipeline.read import find, listing, read
from pipeline.settings import Settings


@pytest.mark.parametrize(("columns", "most"), [(61, 17), (300, 4), (1, 50)])
def test_wide_files_of_one_row_are_not_held_until_they_make_a_full_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int, most: int
) -> None:
    monkeypatch.setattr(listing, "BATCH_BYTES", 1 << 20)
    header = ",".join(["phone", *(f"c{at}" for at in range(1, columns))])
    row = ",".join(["+12125550123", *("x" for _ in range(1, columns))])
    for at in range(50):
        (tmp_path / f"{at:02}.csv").write_text(f"{header}\n{row}\n")

    heights = [frame.height for frame in read(find([str(tmp_path)]), Settings())]

    assert sum(heights) == 50
    assert max(heights) <= most
