"""What a column shows as a whole, and what follows from it: counts, shares and a table of thresholds.

Rules: values only, neither cells nor arrays; `bare.py`, `spreadsheet.py`, `zeros.py` and
`region_codes.py` count, and what is decided here holds for every frame of the file. Rows of one
region are judged apart, since one list may hold full numbers of one country and national ones of
another; regions with a few rows go by what all show together.

The question is always the same: do bare digits (no plus sign, no 00) stand for full numbers, or are
they national ones, of which some are by chance a full number abroad? Of random national mobiles
58 % are in China, 30 % in Germany, 17 % in Brazil, so that a share alone does not tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from pipeline.numbering.plans import PLANS

__all__ = ("AUTO", "BARE", "INTERNATIONAL", "LIMITS", "NATIONAL", "Evidence", "Seen", "Thresholds")

BARE = (AUTO, INTERNATIONAL, NATIONAL) = ("auto", "international", "national")
"""How bare digits are read: as the column shows, as full numbers, as national ones."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which shares on what is decided; measured with `python -m tests.parity meant`."""

    full: float = 0.8
    """Of the bare cells at least so many are full numbers: a list with a tenth of junk and some dead ranges."""
    margin: float = 0.03
    """By so much must that share exceed the share that the mobiles of one country explain, ..."""
    margin_at_home: float = 0.1
    """... and by so much what the region's own plan explains: as many may be typing errors."""
    few: int = 12
    """Cells that chance, or a choice of typing errors, can make full numbers one and all."""
    national: float = 0.2
    """At most so many of the region's cells are national, or its own full numbers must stand beside them, ..."""
    own: float = 0.05
    """... at least so many of both."""
    stray: float = 0.02
    """Cells written nationally that are no sign of others: junk."""
    begin_own: float = 0.5
    """So many that begin with the region's own calling code are no chance, though they read nationally too."""


LIMITS = Thresholds()


@dataclass(frozen=True, slots=True)
class Seen:
    """What the cells of one region show, or those without a region: counts of cells."""

    signed: int = 0
    """With a plus sign or 00."""
    trunk: int = 0
    """Written nationally with the trunk prefix, or another zero in front."""
    bare: int = 0
    """Digits that do not begin with 0, without plus or 00: what is in question."""
    full: int = 0
    """Of these, full numbers, ..."""
    own: int = 0
    """... of the region's own calling code, which read nationally are none, ..."""
    begin_own: int = 0
    """... or of its own calling code in any case, ..."""
    long: int = 0
    """... or longer than a national number of the region with a digit too many."""
    national: int = 0
    """Of the bare ones, national numbers of the region, other ones than in full, ..."""
    only_national: int = 0
    """... which in full are none."""
    grouped: int = 0
    """Of the bare ones, grouped as no full number is: `(479) 285-0123`."""
    explained: float = 0.0
    """Without a region: the share of the bare ones that are mobiles of one populous plan."""
    explained_by: str = ""
    """Whose: alpha-2."""
    local: bool = False
    """That such a list of one area code alone is likely, or that the full reading gives landlines: a tie counts."""

    @property
    def is_full(self) -> bool:
        """Whether the shares say that bare digits are full numbers, however few cells there are."""
        if not self.bare or self.full < LIMITS.full * self.bare:
            return False
        written = self.only_national + self.trunk
        if self.own < LIMITS.own * (self.own + written):
            return False
        if not self.own and written > LIMITS.national * (self.bare + self.trunk):
            return False
        exceeds = self.full - self.national > LIMITS.margin_at_home * self.bare
        return exceeds or self.begin_own >= LIMITS.begin_own * self.bare

    @property
    def has_national(self) -> bool:
        """Whether national numbers stand beside them, so that one cell may be either."""
        written = self.only_national + self.trunk
        return written > LIMITS.stray * (self.bare + self.trunk)

    @property
    def is_enough(self) -> bool:
        """Whether these cells are none that chance could have made."""
        return self.own > 0 or self.long > 0 or self.bare >= LIMITS.few

    @property
    def is_full_without_region(self) -> bool:
        """The same of cells without a region, whose national reading is any country's."""
        share = self.full / max(self.bare, 1)
        if not self.bare or share < LIMITS.full:
            return False
        # Where it is as likely that they are national, a tie counts against full numbers.
        if self.local or self.bare < LIMITS.few:
            return self.explained < share - LIMITS.margin
        return self.explained <= share + LIMITS.margin


@dataclass(frozen=True)
class Evidence:
    """What the first frame of a file shows, for all its frames. Made by `normalise.shown_by`.

    What follows from it is worked out once: there may be hundreds of regions, and of frames.
    """

    bare: str = AUTO
    """The setting."""
    seen: Mapping[int, Seen] = field(default_factory=dict)
    """By plan code, 0 for rows without a region."""
    zeros_lost: bool = False
    """The column has lost its leading zeros."""
    zeros_at_end: int = 0
    """Cells of at most six other digits that end in so many zeros were rounded; 0: none was."""
    exact_digits: int = 0
    """Scientific notation of numbers of up to so many digits leaves out nothing but zeros; 0: it may round."""
    region_codes: str = ""
    """Of what kind numbers in the region column are (`region_codes`)."""

    @cached_property
    def full(self) -> list[bool]:
        """By plan code, whether bare digits are read as full numbers first."""
        if self.bare != AUTO:
            return [self.bare == INTERNATIONAL] * len(PLANS)
        together = self.together
        default = together.is_full and together.is_enough
        found = [default] * len(PLANS)
        for code, seen in self.seen.items():
            found[code] = seen.is_full and (seen.is_enough or default)
        none = self.seen.get(0)
        found[0] = none is not None and none.is_full_without_region
        return found

    @cached_property
    def mixed(self) -> list[bool]:
        """By plan code, whether bare digits that read nationally as well as in full may be either."""
        if self.bare != AUTO:
            return [False] * len(PLANS)
        found = [self.together.has_national] * len(PLANS)
        for code, seen in self.seen.items():
            found[code] = seen.has_national
        return found

    @cached_property
    def together(self) -> Seen:
        """What all rows show that have a region."""
        parts = [seen for code, seen in self.seen.items() if code]
        # What explains them is no count, and of rows without a region.
        counted = [one.name for one in fields(Seen) if one.type is int]
        return Seen(**{name: sum(getattr(seen, name) for seen in parts) for name in counted})

    def told(self) -> dict[str, Any]:
        """What was decided and from what counts, for `summary.json`; empty where nothing was in question."""
        found: dict[str, Any] = {}
        if parts := self._parts():
            found["bare"] = parts
        known = {
            name: getattr(self, name)
            for name in ("zeros_lost", "zeros_at_end", "exact_digits", "region_codes")
        }
        return found | {name: value for name, value in known.items() if value}

    def _parts(self) -> dict[str, Any]:
        """By region, those that are decided otherwise than all together; `*` is all together, `-` no region."""
        decided = self.full
        together = self.together
        default = self.bare == INTERNATIONAL or (
            self.bare == AUTO and together.is_full and together.is_enough
        )
        parts = {}
        if together.bare:
            parts["*"] = _said(together, full=default, setting=self.bare)
        for code, seen in sorted(self.seen.items()):
            if seen.bare and (not code or decided[code] != default):
                parts[PLANS[code].region or "-"] = _said(
                    seen, full=decided[code], setting=self.bare
                )
        return parts


def _said(seen: Seen, *, full: bool, setting: str) -> dict[str, Any]:
    counts = {one.name: getattr(seen, one.name) for one in fields(seen)}
    read_as = INTERNATIONAL if full else NATIONAL
    asked = {} if setting == AUTO else {"setting": setting}
    return {"read_as": read_as, **asked, **{name: value for name, value in counts.items() if value}}
