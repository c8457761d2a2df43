"""Invented people for the sample lists: names, countries as people write them, notes."""

import unicodedata
from collections.abc import Mapping
from random import Random

__all__ = ("COUNTRIES", "NOTES", "TARIFFS", "UNCLEAR_WORDS", "full_name")

COUNTRIES: Mapping[str, tuple[str, str, str, str]] = {
    "AU": ("AU", "AUS", "Australia", "61"),
    "CA": ("CA", "CAN", "Canada", "ca"),
    "DE": ("DE", "DEU", "Germany", "+49"),
    "DO": ("DO", "DOM", "Dominican Republic", "do"),
    "FR": ("FR", "FRA", "France", "33"),
    "GB": ("GB", "GBR", "United Kingdom", "UK"),
    "JM": ("JM", "JAM", "Jamaica", "jm"),
    "PR": ("PR", "PRI", "Puerto Rico", "pr"),
    "SE": ("SE", "SWE", "Sweden", "+46"),
    "US": ("US", "USA", "United States", "1"),
}
"""What stands in a country column: alpha-2 mostly, then alpha-3, the name, and something else."""

UNCLEAR_WORDS = ("", "", "", "Atlantis", "unknown")
"""What stands there where nobody knew."""

NOTES = (
    "",
    "",
    "",
    "prefers mornings",
    "VIP, do not call before 10",
    'says "never on Sundays"',
    "moved; new address pending",
    "newsletter: yes",
    "two lines\nof remarks",
    "früher Kundin bei der Filiale Süd",
)
TARIFFS = ("S", "M", "L", "prepaid", "business", "M2M")

_FIRST = """
    Ada Alice Amélie Anders Anouk Åsa Beatriz Björn Camille Carlos Chloé Dwight Elif Émile Freya
    Greta Günter Hana Ingrid Isabel Jürgen Kofi Lars Léa Maeve Malik Marisol Nils Noor Olga Priya
    Rafael Ruth Sören Tamsin Tomás Ursula Wei Yusuf Zoë
"""
_LAST = """
    Abara Bauer Bergström Castillo Dubois Ericsson Fournier García Grant Hansen Haßler Ivanova
    Jones Kaya Khan Larsson Lefèvre Marsh Müller Ndiaye Okafor Öberg Peña Quist Reyes Schröder
    Silva Singh Tanaka Thompson Ueda Vance Weiß Winter Xu Yilmaz Zetterlund
"""


def _plain(name: str) -> str:
    spelt = name.replace("ß", "ss")
    return unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode().lower()


def full_name(rng: Random, number: int) -> tuple[str, str]:
    """A name, now and then with a comma, quotes or a line break in it; and an address."""
    first, last = rng.choice(_FIRST.split()), rng.choice(_LAST.split())
    name = rng.choices(
        (
            f"{first} {last}",
            f"{last}, {first}",
            f'{first} "{first[:2]}" {last}',
            f"{first} {last}\nc/o {rng.choice(_LAST.split())}",
            f"{first} {last}-{rng.choice(_LAST.split())}",
        ),
        (80, 10, 3, 1, 6),
    )[0]
    return name, f"{_plain(first)}.{_plain(last)}.{number}@example.com"
