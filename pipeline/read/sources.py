"""From what the user wrote to the files it stands for.

Rules: the order is the user's, and sorted by path within one argument; a file named twice is read
once. In a directory, names that begin with a dot and suffixes that no format has are left out;
what is named outright, or matched by a glob, is read whatever it is called; `passed_over` names the rest. A folder called `name=value` below a
directory or glob is a column of what is in it, as Hive, Spark and DuckDB write it. Standard input is
copied to a file first, because a run reads its input again when it resumes.
"""

import glob
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from pipeline.errors import CheckpointError, InputError, StorageError, UsageError
from pipeline.ledger.files import Files, sha256_of
from pipeline.read.contract import Source
from pipeline.read.formats import SUFFIXES
from pipeline.read.unchanged import Seen, changed, state_of

__all__ = ("find", "fingerprint", "passed_over")

STDIN = "-"
_GLOB = frozenset("*?[")
_CHUNK = 1 << 20
_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


def find(
    inputs: Sequence[str],
    *,
    stdin_copy: Path | None = None,
    stdin: BinaryIO | None = None,
    files: Files | None = None,
    outside: Path | None = None,
) -> list[Source]:
    """The files that `inputs` (files, directories, globs, `-`) stand for, each once.

    `stdin_copy` is where the bytes of `stdin` are kept, through `files`; what is there already is
    kept and must be what `stdin` brings, unless that is empty. Directories and globs never look into `outside`,
    the output of the run.

    Raises `UsageError` for a blank name; `InputError` for what is missing, empty, unreadable or no list; `StorageError` when
    the copy cannot be written; `CheckpointError` when standard input differs from its copy.
    """
    if not inputs:
        raise InputError("no input: name a file, a directory, a glob, or - for standard input")
    found: dict[Path, Source] = {}
    for text in inputs:
        if text == STDIN:
            if stdin_copy is None or stdin is None or files is None:
                raise UsageError("-: standard input cannot be read here; name a file instead")
            _keep(stdin, stdin_copy, files)
            named = [(stdin_copy, STDIN)]
        else:
            named = [(path, str(path)) for path in _expand(text, outside)]
        for path, name in named:
            real = _real(path, name)
            if real not in found:
                source = _source(path, name)
                found[real] = source if name == STDIN else _placed(source, text)
    return list(found.values())


def passed_over(inputs: Sequence[str], *, outside: Path | None = None) -> list[str]:
    """The files below the directories among `inputs` that no format's suffix makes a list, by name.

    Hidden ones and empty ones, such as `_SUCCESS`, hold nothing that was meant.
    """
    below = [Path(text) for text in inputs if text != STDIN and Path(text).is_dir()]
    names = {
        str(path)
        for directory in below
        for path in _walk(directory, outside, lists=False)
        if path.is_file() and path.stat().st_size
    }
    return sorted(names)


def fingerprint(source: Source) -> str:
    """SHA-256 of the file's bytes, in hexadecimal; streamed. Every later reading is held against it.

    Raises `InputError` if the file cannot be read, or is not what was found any more.
    """
    seen = source.seen
    try:
        with source.path.open("rb") as file:
            states = {state_of(os.fstat(file.fileno()))}
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            states.add(state_of(os.fstat(file.fileno())))
    except OSError as error:
        raise _unreadable(source.name, error) from error
    # What was found out about the file so far was read before it was hashed.
    if states != {seen.state or state for state in states}:
        raise changed(source.name, "run again")
    seen.sha256 = sha256
    return sha256


def _expand(text: str, outside: Path | None) -> list[Path]:
    if not text.strip():
        raise UsageError(
            "an input is blank, as from a variable that is not set; "
            "name a file, a directory, a glob, or -"
        )
    path = Path(text)
    # A file may well be called `list[1].csv`: what exists under that very name is meant.
    if os.path.lexists(path):
        return _lists_below(path, outside) if path.is_dir() else [path]
    if _GLOB.isdisjoint(text):
        raise InputError(f"{text}: no such file; name a file, a directory, a glob, or -")
    # Unlike `Path.glob` it takes an absolute pattern, and leaves hidden names out.
    matches = sorted(map(Path, glob.iglob(_pattern(path), recursive=True)))  # noqa: PTH207
    files = [match for match in matches if match.is_file() and not _within(match, outside)]
    if not files:
        raise InputError(f"{text}: matches no file; quote the glob only if it is meant for us")
    return files


def _placed(source: Source, text: str) -> Source:
    """The source with what its place below the input says of it."""
    return replace(
        source, is_searched=Path(text).is_dir(), folders=_folders(source.path, _base(text))
    )


def _base(text: str) -> Path:
    """The folder that an input is below: a directory itself, of a glob what is no pattern, of a file its own."""
    path = Path(text)
    if os.path.lexists(path):
        return path if path.is_dir() else path.parent
    return next((above for above in path.parents if os.path.lexists(above)), Path())


def _folders(path: Path, base: Path) -> tuple[tuple[str, str | None], ...]:
    """The columns that the folders between `base` and the file give; of two of a name the lower one's."""
    found: dict[str, str | None] = {}
    for folder in path.relative_to(base).parts[:-1]:
        name, sign, value = folder.partition("=")
        if name.strip() and sign:
            plain = unquote(value)
            found[unquote(name).replace("\0", "").strip()] = (
                None if plain in ("", _HIVE_NULL) else plain
            )
    return tuple(found.items())


def _pattern(path: Path) -> str:
    """The path as a glob; a folder that exists under its very name is meant, as a file is."""
    folder = next((above for above in path.parents if os.path.lexists(above)), Path())
    return os.path.join(glob.escape(str(folder)), path.relative_to(folder))  # noqa: PTH118  not normalised


def _lists_below(directory: Path, outside: Path | None) -> list[Path]:
    files = sorted(_walk(directory, outside))
    if not files:
        known = " ".join(SUFFIXES)
        raise InputError(
            f"{directory}: no list in this directory; files are known by their suffix "
            f"({known}, also with .gz or .zst); name others outright"
        )
    return files


def _walk(directory: Path, outside: Path | None, *, lists: bool = True) -> Iterator[Path]:
    """The files below a directory that are called like lists, or the others."""

    def refuse(error: OSError) -> None:
        raise _unreadable(str(error.filename), error) from error

    for folder, folders, names in os.walk(directory, onerror=refuse):
        here = Path(folder)
        folders[:] = [
            name for name in folders if name[0] != "." and not _within(here / name, outside)
        ]
        yield from (here / name for name in names if name[0] != "." and _is_list(name) is lists)


def _is_list(name: str) -> bool:
    lowered = name.lower()
    for packed in (".gz", ".zst"):
        lowered = lowered.removesuffix(packed)
    return lowered.endswith(SUFFIXES)


def _within(path: Path, outside: Path | None) -> bool:
    return outside is not None and path.resolve().is_relative_to(outside.resolve())


def _real(path: Path, name: str) -> Path:
    try:
        return path.resolve(strict=True)
    except FileNotFoundError as error:
        if path.exists():  # /dev/fd/63, which leads to a pipe and not to another path
            return path
        raise InputError(f"{name}: is a link to a file that does not exist") from error
    except (OSError, RuntimeError) as error:  # RuntimeError: a link to itself, before Python 3.13
        raise InputError(f"{name}: cannot be read: {error}") from error


def _source(path: Path, name: str) -> Source:
    if any("\ud800" <= letter <= "\udfff" for letter in name):  # as Python writes such bytes
        raise InputError(
            f"{name}: the bytes of its name are not UTF-8: rename it, or pipe it in and write - for"
            " its name"
        )
    try:
        state = path.stat()
        # Asked first: opening a named pipe that nobody writes to would wait for ever.
        if stat.S_ISREG(state.st_mode):
            path.open("rb").close()
    except OSError as error:
        raise _unreadable(name, error) from error
    if not stat.S_ISREG(state.st_mode):
        raise InputError(f"{name}: not a regular file; pipe it in, and write - for its name")
    if state.st_size == 0:
        raise InputError(f"{name}: is empty; give a list with at least one number")
    return Source(path=path, name=name, size=state.st_size, seen=Seen(state_of(state)))


def _unreadable(name: str, error: OSError) -> InputError:
    return InputError(f"{name}: cannot be read: {error.strerror or error}")


def _keep(stdin: BinaryIO, copy: Path, files: Files) -> None:
    """Copy standard input to `copy`, which appears complete or not at all."""
    if copy.exists():
        _check_same(stdin, copy)
        return
    brought = hashlib.sha256()

    # Begun before anything has come: that there is no room for it need not wait for the list.
    def fill(sink: BinaryIO) -> None:
        size = 0
        for chunk in _chunks(stdin):
            size += sink.write(chunk)
            brought.update(chunk)
        if not size:
            raise InputError("-: standard input was empty")

    def check(arrived: Path) -> None:
        if sha256_of(arrived) != brought.hexdigest():
            raise StorageError(f"{copy}: it read back different from what came: check the disk")

    files.make_directory(copy.parent)
    files.publish(copy, fill, check)


def _check_same(stdin: BinaryIO, copy: Path) -> None:
    """Refuse what is neither nothing nor what was kept. It takes no second copy on the disk."""
    size, brought = 0, hashlib.sha256()
    for chunk in _chunks(stdin):
        size += len(chunk)
        brought.update(chunk)
    if size and brought.hexdigest() != sha256_of(copy):
        raise CheckpointError(
            "-: standard input is not what this run began with; send the same again, "
            "or nothing to use what was kept, or discard it with --restart"
        )


def _chunks(stdin: BinaryIO) -> Iterator[bytes]:
    """What standard input brings. Raises `InputError` if it cannot be read."""
    try:
        while chunk := stdin.read(_CHUNK):
            yield chunk
    except OSError as error:
        raise _unreadable(STDIN, error) from error
