"""What the checks of the documents need to know of Markdown: blocks of code, links, anchors.

Rule: text in, values out; no file is read here. A block that stands behind `<!-- not run: WHY -->`
is an example that is read but not run.
"""

import re
from collections import Counter
from typing import NamedTuple

__all__ = ("Block", "Link", "anchors", "blocks", "links")

_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]+) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)[^)]*\)|^ {0,3}\[[^\]]+\]: +(\S+)", re.MULTILINE)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n)+")
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


class Block(NamedTuple):
    """A fenced block of code."""

    line: int
    """Where the code begins, from 1."""
    language: str
    code: str
    not_run: str
    """Why it is not run; blank where it is."""


class Link(NamedTuple):
    """A link, as it is written."""

    line: int
    target: str


def blocks(text: str) -> list[Block]:
    """Every fenced block, in order."""
    return [
        Block(
            text.count("\n", 0, found.start("code")) + 1,
            found["language"],
            found["code"],
            found["why"] or "",
        )
        for found in _BLOCK.finditer(text)
    ]


def links(text: str) -> list[Link]:
    """Every link to something, images and definitions included, that is no code."""
    prose = _without_code(text)
    return [
        Link(prose.count("\n", 0, found.start()) + 1, found[1] or found[2])
        for found in _LINK.finditer(prose)
    ]


def anchors(text: str) -> set[str]:
    """What may follow `#` in a link to this document, as forges make it of headings."""
    seen: Counter[str] = Counter()
    names = set()
    for heading in _HEADING.findall(_BLOCK.sub(_blank, text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        names.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


def _without_code(text: str) -> str:
    """The text with its lines where they were, and no code or comment in them."""
    for code in (_BLOCK, _COMMENT, _INDENTED, _CODE):
        text = code.sub(_blank, text)
    return text


def _blank(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")
