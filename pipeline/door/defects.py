"""What nobody foresaw, as an error with a place and without data."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.errors import DefectError
from pipeline.shown import fit

if TYPE_CHECKING:
    from traceback import FrameSummary

__all__ = ("defect_of", "place_of")

_PACKAGE: Final = Path(__file__).parents[1]


def defect_of(error: BaseException) -> DefectError:
    """What nobody foresaw, as an error that ends the run. It names the place, not the values."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, DefectError):
        return error
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    import traceback  # noqa: PLC0415

    details = fit("".join(traceback.format_exception(error)), lines=True)
    more = "Progress is kept, the same command goes on; -v shows more, with numbers masked"
    return DefectError(f"a defect of the program: {name}{place_of(error)}. {more}", details)


def place_of(error: BaseException) -> str:
    """The innermost line of this program, and the one of a library that it had called."""
    import traceback  # noqa: PLC0415  where nothing goes wrong, the start is quicker without

    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _PACKAGE in Path(frame.filename).parents]
    where = [_line(ours[-1])] if ours else []
    if frames and (not ours or frames[-1] is not ours[-1]):
        where.append(_line(frames[-1]))
    return f" at {', in '.join(where)}" if where else ""


def _line(frame: "FrameSummary") -> str:
    path = Path(frame.filename)
    return f"{path.parent.name}/{path.name}:{frame.lineno}"
