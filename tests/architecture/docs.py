"""The tables in the documents are made from the tables in the code, and links lead somewhere.

    python -m tests.architecture.docs            says which documents are stale or have broken links, and fails
    python -m tests.architecture.docs --write    makes the tables again

In a document, a table stands between `<!-- table: NAME -->` and `<!-- end -->`. A link into the
repository leads to a file, and what follows `#` to a heading in it. Pages in `docs/` lead to each
other only, since the site is made of them alone; other files they name without a link.
"""

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pipeline import model
from pipeline.cli import COMMANDS
from pipeline.errors import EXIT_CODES
from pipeline.protocol.codes import CODES, Verdict
from pipeline.settings import OPTIONS, Option
from pipeline.simulator.faults import FAULTS, KINDS
from sample_data.generate import EXPECTED, LISTS
from sample_data.ranges import INVALID, RANGES, Range
from tests.architecture.markdown import anchors, links
from tests.parity.differences import DIFFERENCES
from tests.unit.normalise.dangerous import DANGEROUS

__all__ = ("DOCUMENTS", "ROOT", "TABLES", "broken_links", "made_again", "main")

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (
    "README.md",
    "docs/README.md",
    "docs/cli.md",
    "docs/output.md",
    "docs/operations.md",
    "docs/security.md",
    "docs/transports.md",
    "docs/simulator.md",
    "docs/python.md",
    "docs/design.md",
    "pipeline/normalise/DIFFERENCES.md",
    "sample_data/README.md",
)
"""Those with tables, or with examples."""

Rows = Iterable[Sequence[str]]
_PLACE = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_THEN = {
    Verdict.ANSWERED: "an answer: final",
    Verdict.REFUSED: "`refused`: final",
    Verdict.TRANSIENT: "asked again, then `unresolved`",
}


def _commands() -> Rows:
    yield "command", "what it does"
    for name, text in COMMANDS.items():
        yield f"`msisdn {name}`", text


def _default(option: Option) -> str:
    value = option.default
    if value is None or value is False or value == ():
        return ""
    if isinstance(value, tuple):
        return f"`{','.join(value)}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _options() -> Rows:
    yield "flag", "variable", "meaning", "default", "commands"
    for option in OPTIONS.values():
        flag = "" if option.secret else _flag(option)
        yield flag, f"`{option.env}`", option.help, _default(option), " ".join(option.commands)


def _flag(option: Option) -> str:
    """A flag and what may follow it, without a bar in code, which not every renderer shows alike."""
    flags = ", ".join(option.flags)
    values = option.choices or tuple(filter(None, option.metavar.split("|")))
    if len(values) < 2:
        return f"`{' '.join((flags, *values))}`"
    *others, last = (f"`{value}`" for value in values)
    return f"`{flags}` {', '.join(others)} or {last}"


def _exit_codes() -> Rows:
    yield "code", "meaning"
    for code, text in EXIT_CODES.items():
        yield str(code), text


def _columns(columns: Sequence[model.Column]) -> Rows:
    yield "column", "type", "what it is", "field"
    for column in columns:
        about = column.description.split(": ")[0]
        if column.categories:
            about += ": " + ", ".join(f"`{one}`" for one in column.categories)
        yield f"`{column.name}`", column.type, about, f"`{column.wire}`" if column.wire else ""


def _named(head: tuple[str, str], table: dict[str, str]) -> Rows:
    yield head
    for name, text in table.items():
        yield f"`{name}`", text


def _codes() -> Rows:
    yield "`error_code`", "meaning", "then"
    for code in CODES.values():
        yield f"`{code.code}`" if code.code else "null", code.meaning, _THEN[code.verdict]


def _faults() -> Rows:
    yield "`--fault`", "what goes wrong", "transports"
    for fault in FAULTS.values():
        yield f"`{fault.name}={KINDS[fault.kind].metavar}`", fault.help, " ".join(fault.transports)


def _written(known: Range) -> str:
    prefixes = known.prefixes if len(known.prefixes) < 9 else (*known.prefixes[:6], "…")
    ends = f" {known.first}–{known.last}" if known.last else ""
    return ", ".join(prefixes) + ends


def _ranges() -> Rows:
    yield "region", "national numbers", "how many", "libphonenumber's type", "kept for fiction by"
    for known in RANGES:
        kind = "none: not valid" if known.plan_type == INVALID else f"`{known.plan_type}`"
        yield known.region, _written(known), str(len(known.numbers())), kind, known.source


def _shown(cell: str, region: str | None) -> str:
    """A cell as a document can show it."""
    text = re.sub(r"[^ -~]", lambda found: _visible(found[0]), cell)
    # Two backticks and a space stand around text with a backtick in it.
    code = f"`` {text} ``" if "`" in text else f"`{text}`" if text else ""
    return f"{code} in {region}" if region else code


def _visible(sign: str) -> str:
    seen = sign.isprintable() and not sign.isspace() and unicodedata.category(sign) != "Mn"
    return sign if seen else f" U+{ord(sign):04X} "


def _differences() -> Rows:
    yield "", "libphonenumber", "`msisdn`", "`rule` or reason", "for example"
    for row in DIFFERENCES:
        example = _shown(row.example.text, row.example.region)
        yield row.title, row.theirs, row.ours, f"`{row.shown}`", example


def _dangerous() -> Rows:
    yield "cell", "`msisdn`", "`rule` or reason", "libphonenumber alone"
    for row in DANGEROUS:
        number = f"`{row.msisdn}`" if row.msisdn else ""
        yield _shown(row.cell, row.region), number, f"`{row.read}`", row.alone


def _expected() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / "sample_data" / EXPECTED).read_text("utf-8"))
    lists: dict[str, Any] = content["lists"]
    return lists


def _sample_counts() -> Rows:
    lists = _expected()
    yield "", *(f"`{name}`" for name in LISTS)
    for name in ("rows", "unique", "duplicates", "rejected", "to_ask", "skipped"):
        yield name, *(str(lists[listed][name]) for listed in LISTS)


def _sample_part(part: str) -> Rows:
    lists = _expected()
    yield part.replace("_", " "), *(f"`{name}`" for name in LISTS)
    for name in sorted({name for listed in lists.values() for name in listed[part]}):
        yield f"`{name}`", *(str(lists[listed][part].get(name, 0)) for listed in LISTS)


TABLES: dict[str, Callable[[], Rows]] = {
    "commands": _commands,
    "options": _options,
    "exit-codes": _exit_codes,
    "enriched": lambda: _columns(model.ENRICHED),
    "rejected": lambda: _columns(model.REJECTED),
    "duplicates": lambda: _columns(model.DUPLICATES),
    "reject-reasons": lambda: _named(("`reject_reason`", "meaning"), model.REJECT_REASONS),
    "rules": lambda: _named(("`rule`", "meaning"), model.RULES),
    "codes": _codes,
    "faults": _faults,
    "differences": _differences,
    "dangerous": _dangerous,
    "ranges": _ranges,
    "sample-counts": _sample_counts,
    "sample-reasons": lambda: _sample_part("reject_reasons"),
    "sample-types": lambda: _sample_part("plan_types"),
    "sample-regions": lambda: _sample_part("regions"),
}
"""Every table by the name that stands in the documents."""


def _markdown(rows: Rows) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * (lines[0].replace("\\|", "").count("|") - 1))
    return "".join(line + "\n" for line in lines)


def made_again(text: str) -> str:
    """The document with every table made again; an unknown name raises `KeyError`."""
    return _PLACE.sub(lambda found: found[1] + _markdown(TABLES[found[2]]()) + found[3], text)


def broken_links(root: Path) -> list[str]:
    """Each link of a document below `root` that leads nowhere, with its place."""
    return [
        f"{path.relative_to(root)}:{link.line}: {link.target}: {wrong}"
        for path in sorted(_documents(root))
        for link in links(path.read_text("utf-8"))
        if (wrong := _broken(root, path, link.target))
    ]


def _documents(root: Path) -> Iterable[Path]:
    yield from root.glob("*.md")
    for folder in ("docs", "findings", "pipeline", "sample_data", "tests"):
        yield from (root / folder).rglob("*.md")


def _broken(root: Path, document: Path, target: str) -> str:
    """What is wrong with a link; blank if nothing is, or if it leads out of the repository."""
    if re.match(r"[a-z]+:", target):
        return ""
    name, _, anchor = target.partition("#")
    path = (document.parent / unquote(name)).resolve() if name else document
    if not path.exists():
        return "there is no such file"
    if document.parent == root / "docs" and path.parent != root / "docs":
        return "a page of the site cannot lead out of docs/"
    if anchor and (path.suffix != ".md" or anchor not in anchors(path.read_text("utf-8"))):
        return "there is no such heading"
    return ""


def main(arguments: Sequence[str]) -> int:
    """Check, or with `--write` rewrite; gives the exit code."""
    stale = 0
    for broken in broken_links(ROOT):
        stale = 1
        sys.stderr.write(f"{broken}\n")
    for name in DOCUMENTS:
        path = ROOT / name
        text = path.read_text("utf-8")
        current = made_again(text)
        if current == text:
            continue
        if "--write" in arguments:
            path.write_text(current, "utf-8")
            sys.stdout.write(f"{name}: tables made again\n")
        else:
            stale = 1
            sys.stderr.write(f"{name}: its tables are stale; run make docs\n")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
