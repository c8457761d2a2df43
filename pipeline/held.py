"""What frames really hold in memory.

Polars' `estimated_size` counts the letters of a column of text and not the view of 16 bytes that each
cell has beside them, and of a frame that was filtered or cut only its own part of buffers that it keeps
whole: a list of names and numbers takes twice as much as it says, a filtered one any times as much.
"""

from collections.abc import Iterable

import polars as pl
import pyarrow as pa

__all__ = ("VIEW", "Held")

VIEW = 16
"""Bytes that a cell of text has beside its letters."""


class Held:
    """Counts the bytes of frames that are held together, each buffer once, whoever shares it.

    The frames have to be held as long as the count is: a buffer is known by its address.
    """

    def __init__(self) -> None:
        self.bytes = 0
        """Of all buffers of the frames added, the parts of them that no frame shows included."""
        self._sizes: dict[int, int] = {}
        """Of each buffer, by its address, as much as a frame has shown of it."""

    def add(self, frame: pl.DataFrame) -> None:
        """Count what a frame holds that those before it do not; nothing is copied."""
        for buffer in _buffers(frame):
            known = self._sizes.get(buffer.address, 0)
            if buffer.size > known:
                self._sizes[buffer.address] = buffer.size
                self.bytes += buffer.size - known

    def __repr__(self) -> str:
        return f"<Held: {self.bytes} bytes in {len(self._sizes)} buffers>"


def _buffers(frame: pl.DataFrame) -> Iterable[pa.Buffer]:
    for column in frame.iter_columns():
        for chunk in pa.chunked_array(column).chunks:
            yield from (buffer for buffer in chunk.buffers() if buffer is not None)
