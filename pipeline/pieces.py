"""Frames of any height → frames of one height: the unit of shards and of part files."""

from collections.abc import Iterable, Iterator

import polars as pl

__all__ = ("Pieces", "recut")


class Pieces:
    """The same rows in pieces of `rows` rows: `add` frames in order, then take the `rest`."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._held: list[pl.DataFrame] = []
        self.height = 0
        """Rows held, fewer than a piece has."""

    def add(self, frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The pieces that are complete with these rows. To be used up before the next frame."""
        begin = 0
        while frame.height - begin >= (missing := self._rows - self.height):
            self._held.append(frame.slice(begin, missing))
            begin += missing
            yield from self.rest()
        if begin < frame.height:
            self._held.append(frame.slice(begin))
            self.height += frame.height - begin

    def rest(self) -> Iterator[pl.DataFrame]:
        """What is held, if anything is."""
        if self._held:
            held, self._held, self.height = self._held, [], 0
            yield pl.concat(held)


def recut(frames: Iterable[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of `rows` rows, the last one of what is left."""
    pieces = Pieces(rows)
    for frame in frames:
        yield from pieces.add(frame)
    yield from pieces.rest()
