"""Which mobile networks a region has, and how each is written in an answer.

Sources: MCC and MNC are those of ITU-T E.212 (geographical MCCs of every region, MNCs of its main
operators), the alpha-3 codes ISO 3166-1 and its user-assigned part. They were written down from
general knowledge, not copied from a list, so a merged or renamed operator may still stand here.
TADIG is the alpha-3 code and two letters of the operator: those letters are its own where
`networks.txt` has them, else the first two of its name. `cic`, `cn` and `ppcin` have the shape of
the provider's example, not the content of anybody's carrier database. Shares of ported numbers
are rounded guesses between 3 and 42 %.
"""

from functools import cache
from importlib.resources import files
from typing import NamedTuple

__all__ = ("NO_MARKET", "Market", "Network", "markets")

REST = "99"
"""MNC of the one network of a region whose operators are not listed."""


class Network(NamedTuple):
    """One mobile network, by the fields of an answer."""

    mcc: str
    mnc: str
    name: str
    tadig: str
    known_as: tuple[str, ...]
    """Its name, and those of networks that it took over, in lower case."""

    @property
    def imsi(self) -> str:
        """First five digits of its subscribers' IMSIs."""
        return (self.mcc + self.mnc)[:5]


class Market(NamedTuple):
    """The mobile networks of one region."""

    region: str
    alpha3: str
    ported: float | None
    """Share of ported numbers; None where no portability database exists."""
    networks: tuple[Network, ...]

    def holder(self, carrier: str) -> int:
        """Index of the network that libphonenumber calls `carrier`.

        -1 where that is blank, or none of ours: a reseller, a network that is gone.
        """
        words = carrier.casefold().split()
        for index, network in enumerate(self.networks):
            if any(name in words for name in network.known_as):
                return index
        for index, network in enumerate(self.networks):
            if any(len(name) > 3 and name in carrier.casefold() for name in network.known_as):
                return index
        return -1


NO_MARKET = Market("", "", None, (Network("901", REST, "Unknown", "WWWUN", ()),))
"""Stands in for a region that is not listed."""


def _network(text: str, alpha3: str, mcc: str) -> Network:
    mnc, names, *letters = text.split()
    if "-" in mnc:
        mcc, mnc = mnc.split("-")
    name = names.split("/")[0]
    ours = letters[0] if letters else "".join(filter(str.isalnum, name + "X")).upper()[:2]
    known_as = tuple(names.casefold().split("/"))
    return Network(mcc, mnc, name, alpha3 + ours, known_as)


def _market(line: str) -> Market:
    about, *networks = line.split("|")
    region, alpha3, mcc, ported = about.split()
    return Market(
        region,
        alpha3,
        None if ported == "-" else int(ported) / 100,
        tuple(_network(text, alpha3, mcc) for text in networks or [f"{REST} {alpha3}Mobile"]),
    )


@cache
def markets() -> dict[str, Market]:
    """Every region of libphonenumber, and `001` for the non-geographic codes."""
    text = files("pipeline.simulator").joinpath("networks.txt").read_text("utf-8")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {market.region: market for market in map(_market, lines)}
