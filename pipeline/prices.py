"""Money: what a lookup may cost, and how many of them an amount pays for. Exact, in decimals."""

from collections.abc import Mapping
from decimal import Decimal

from pipeline.errors import UsageError

__all__ = ("affordable", "check_budget", "price_of")

_ASKED = {"mnp": ("mnp",), "hlr": ("hlr",), "profile": ("mnp", "hlr")}
"""The types of lookup that may be billed, by what is asked for."""

Prices = Mapping[str, Decimal]


def price_of(lookup: str, prices: Prices | None) -> tuple[Decimal | None, Decimal | None]:
    """Least and most that one lookup may cost; None where a price is missing for it."""
    if _missing(lookup, prices):
        return None, None
    known = [(prices or {})[name] for name in _ASKED[lookup]]
    return min(known), max(known)


def affordable(lookup: str, prices: Prices | None, budget: Decimal | None) -> int | None:
    """Requests that a budget pays for, each at the dearest price; None without a budget."""
    _, dearest = price_of(lookup, prices)
    return None if budget is None or dearest is None else int(budget // dearest)


def check_budget(lookup: str, prices: Prices | None, budget: Decimal | None) -> None:
    """Raise `UsageError` for a budget that nobody can keep to: what may be asked has no price."""
    missing = _missing(lookup, prices)
    if budget is None or not missing:
        return
    wanted = ",".join(f"{name}=…" for name in missing)
    raise UsageError(
        f"--budget needs the price of every lookup that --lookup {lookup} may ask for: add {wanted}"
        " to --price"
    )


def _missing(lookup: str, prices: Prices | None) -> list[str]:
    return [name for name in _ASKED[lookup] if name not in (prices or {})]
