"""Everybody that can be asked about: the answer to (seed, day, number, lookup type), computed.

Nothing is recorded and nothing is drawn from dice, so a file of answers can be checked at any
time by computing them again. What is real: region, type, area code and range holder by the
numbering plan (numbering.py), MCC and MNC (networks.py). What is made up, from the seed and the
number alone: portability, presence, roaming, errors, and their change from day to day.

The rules of this population:

- A subscription lives 1 500 to 4 500 days, then the number is dead (01) for 90 to 345, then it
  belongs to somebody else, perhaps on another network. So some 7 % are dead on any day.
- On day 0 as many are ported as the region's share says; each day 0.03 % more port, some of
  them for a second time, perhaps back to where they came from.
- HLR: 11 % are absent (1B), chosen anew each day; 0.4 % each are 05 and 09 all their life; 3 %
  of those present roam. In North America an HLR tells no presence.
- MNP: knows only regions with a portability database, and there no dead number and not 4 % of
  the living ("nothing found": no network, `np` is `na`). Presence and roaming are always `na`.
- A number that no plan knows is an unknown subscriber (01). Fixed lines have no MCC and MNC.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from pipeline.protocol.codec import encode_answer
from pipeline.simulator.networks import NO_MARKET, Market, Network, markets
from pipeline.simulator.numbering import Facts, Numbering

__all__ = ("CASCADE", "Population")

CASCADE = ("mnp", "hlr")
"""The usual profile: MNP first, HLR if that finds nothing."""

_BYTE = 256
_WORD = 1 << 16
_LONG = 1 << 32

ABSENT = int(0.11 * _LONG)
ROAMING = int(0.03 * _WORD)
NO_RECORD = int(0.04 * _BYTE)
MOBILE_OF_EITHER = int(0.8 * _BYTE)
PORTING_A_DAY = 0.0003
PORTED_TWICE = int(0.1 * _BYTE)
CHRONIC = {0: "05", 1: "09"}
"""Errors for life, by the last byte of the digest: 1 in 256 each."""

TEL, NDC, RN = "<tel>", "<ndc>", "<rn>"


class _State(NamedTuple):
    """All that tells one answer from another of the same region, but `tel`, `ndc` and `rn`."""

    region: str
    lookup: str
    kind: str
    network: int
    """Index in the market; -1 where no network is known."""
    np: str
    error: str
    visited: int
    """Index of the network visited, in the list of all; -1 at home."""


class Population:
    """The world on one day.

    The same seed, day, number and lookup type give the same answer in every process and version
    of Python; another version of libphonenumber may move a number to another region or holder.
    """

    def __init__(self, seed: str = "", day: int = 0, *, alpha3: bool = False) -> None:
        self.day = day
        self._alpha3 = alpha3
        self._seed = blake2b(seed.encode(), digest_size=32).digest()
        self._numbering = Numbering()
        self._markets = markets()
        self._abroad = tuple(
            network
            for market in self._markets.values()
            if len(market.networks) > 2
            for network in market.networks
        )
        self._holders: dict[tuple[str, str], int] = {}
        self._templates: dict[_State, bytes] = {}

    def __repr__(self) -> str:
        return f"<Population on day {self.day}>"

    def facts(self, tel: str) -> Facts:
        """What the numbering plan says of the number."""
        return self._numbering.facts(tel)

    def prepare(self) -> Iterator[None]:
        """Make what the first questions would wait for, a country at each step."""
        for tel in self._numbering.examples:
            self.answer(tel)
            yield

    def answer(self, tel: str, cascade: Sequence[str] = CASCADE) -> tuple[bytes, str, str]:
        """What the service says of E.164 digits: the first lookup type that finds something.

        The last of `cascade` answers in any case. Returns the flat JSON object, the type of the
        lookup that was carried out, and the result code.
        """
        facts = self._numbering.facts(tel)
        if facts.kind:
            state = self._state(tel, facts, cascade)
        else:
            state = _State(facts.region, cascade[-1], "", -1, "na", "01", -1)
        template = self._templates.get(state)
        if template is None:
            template = self._templates[state] = self._template(state, facts.calling_code)
        ndc = tel[len(facts.calling_code) : facts.ndc_end]
        raw = template % {b"tel": tel.encode(), b"ndc": ndc.encode(), b"rn": tel[1:4].encode()}
        return raw, state.lookup, state.error

    def expected(self, tel: str, cascade: Sequence[str] = CASCADE) -> dict[str, str]:
        """The same as fields, for whoever checks a file of answers."""
        return msgspec.json.decode(self.answer(tel, cascade)[0], type=dict[str, str])

    def _digest(self, text: str) -> bytes:
        return blake2b(text.encode(), digest_size=16, key=self._seed).digest()

    def _state(self, tel: str, facts: Facts, cascade: Sequence[str]) -> _State:
        chance = self._digest(tel)
        kind = facts.kind
        if kind == "either":
            kind = "mobile" if chance[15] < MOBILE_OF_EITHER else "fixed"
        alive = 1500 + int.from_bytes(chance[0:2]) % 3000
        period = alive + 90 + chance[2]
        owner, age = divmod(self.day + int.from_bytes(chance[3:6]) % period, period)
        dead = age >= alive
        if owner:
            chance = self._digest(f"{tel}/{owner}")
        market = self._markets.get(facts.region, NO_MARKET)
        lookup = cascade[0]
        if lookup == "mnp" and (market.ported is None or dead or chance[14] < NO_RECORD):
            lookup = cascade[-1]
        if kind == "fixed":
            return self._fixed(facts, market, lookup, dead)
        if lookup == "hlr":
            return self._hlr(tel, facts, market, chance, dead)
        return self._mnp(tel, facts, market, chance, dead)

    @staticmethod
    def _fixed(facts: Facts, market: Market, lookup: str, dead: bool) -> _State:
        known = lookup == "mnp" and market.ported is not None and not dead
        error = "01" if dead and lookup == "hlr" else ""
        return _State(facts.region, lookup, "fixed", -1, "no" if known else "na", error, -1)

    def _network(self, tel: str, facts: Facts, market: Market, chance: bytes) -> tuple[int, bool]:
        """Index of the network today, and whether that is another than the range holder's."""
        holder = self._holder(tel, facts, market)
        others = len(market.networks) - 1
        if market.ported is None or not others:
            return holder, False
        share = market.ported + (1 - market.ported) * min(1.0, self.day * PORTING_A_DAY)
        if int.from_bytes(chance[6:8]) >= share * _WORD:
            return holder, False
        moved = 1 + chance[8] % others
        if chance[9] < PORTED_TWICE + self.day // 64:
            moved += 1 + chance[10] % others
        network = (holder + moved) % len(market.networks)
        return network, network != holder

    def _holder(self, tel: str, facts: Facts, market: Market) -> int:
        named = self._holders.get((facts.region, facts.carrier), -2)
        if named == -2:
            named = self._holders[facts.region, facts.carrier] = market.holder(facts.carrier)
        return named if named >= 0 else _block(tel) % len(market.networks)

    def _mnp(self, tel: str, facts: Facts, market: Market, chance: bytes, dead: bool) -> _State:
        if market.ported is None or dead or chance[14] < NO_RECORD:
            return _State(facts.region, "mnp", "mobile", -1, "na", "", -1)
        network, ported = self._network(tel, facts, market, chance)
        return _State(facts.region, "mnp", "mobile", network, "yes" if ported else "no", "", -1)

    def _hlr(self, tel: str, facts: Facts, market: Market, chance: bytes, dead: bool) -> _State:
        error = "01" if dead else CHRONIC.get(chance[15], "")
        if error in {"01", "05"}:
            return _State(facts.region, "hlr", "mobile", -1, "na", error, -1)
        network, ported = self._network(tel, facts, market, chance)
        np = ("yes" if ported else "no") if facts.carrier else "na"
        visited = -1
        if not error and facts.calling_code != "1":
            today = _mixed(int.from_bytes(chance[10:14]), self.day)
            if today < ABSENT:
                error = "1B"
            elif today % _WORD < ROAMING:
                visited = self._journey(int.from_bytes(chance[11:13]), market)
        return _State(facts.region, "hlr", "mobile", network, np, error, visited)

    def _journey(self, choice: int, market: Market) -> int:
        """A network of another country. No region has more than five, so 12 further is abroad."""
        visited = choice % len(self._abroad)
        home = {network.mcc for network in market.networks}
        return (visited + 12) % len(self._abroad) if self._abroad[visited].mcc in home else visited

    def _template(self, state: _State, calling_code: str) -> bytes:
        """The answer with places for `tel`, `ndc` and `rn`."""
        market = self._markets.get(state.region, NO_MARKET)
        fields = {
            "country": self._country(market),
            "lookup_type": state.lookup,
            "number_type": state.kind,
            "ported": state.np,
            "error_code": state.error,
            "calling_code": calling_code,
            "msisdn": TEL,
            "ndc": NDC,
            "npdi": "yes" if state.lookup == "mnp" and state.np != "na" else "",
        }
        fields |= self._presence(state, calling_code)
        if state.network >= 0:
            fields |= _carried(market.networks[state.network], state, calling_code)
        raw = encode_answer(fields).replace(b"%", b"%%")
        for mark, name in ((TEL, b"%(tel)b"), (NDC, b"%(ndc)b"), (RN, b"%(rn)b")):
            raw = raw.replace(mark.encode(), name)
        return raw

    def _country(self, market: Market) -> str:
        if market.region == "001":
            return ""
        return market.alpha3 if self._alpha3 else market.region

    def _presence(self, state: _State, calling_code: str) -> dict[str, str]:
        """`pres` and roaming: only a live HLR lookup knows, and not of everybody."""
        silent = state.lookup != "hlr" or state.kind != "mobile" or calling_code == "1"
        if silent or state.error in {"05", "09"}:
            return {"present": "na", "roaming": "na"}
        if state.error:
            return {"present": "no", "roaming": "na"}
        if state.visited < 0:
            return {"present": "yes", "roaming": "no"}
        abroad = self._abroad[state.visited]
        return {
            "present": "yes",
            "roaming": "yes",
            "roaming_mcc": abroad.mcc,
            "roaming_mnc": abroad.mnc,
        }


def _block(tel: str) -> int:
    """A number that all numbers of the same range of 10 000 share."""
    return _mixed(int(tel[:-4] or 0), 0)


def _mixed(value: int, day: int) -> int:
    """32 well-stirred bits (MurmurHash3's finaliser): a digest of its own would cost 1 µs."""
    value = (value ^ day * 0x9E3779B1) & 0xFFFFFFFF
    value = (value ^ value >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    value = (value ^ value >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return value ^ value >> 16


def _carried(network: Network, state: _State, calling_code: str) -> dict[str, str]:
    """What the network of a number puts into its answer."""
    routing = ""
    if state.lookup == "mnp" and calling_code == "1":
        # A location routing number: the area of the number, an exchange of the new carrier.
        routing = f"{RN}{230 + 7 * state.network}0000"
    elif state.lookup == "mnp" and state.np == "yes":
        routing = f"8{network.mcc[1:]}{network.mnc}"
    return {
        "mcc": network.mcc,
        "mnc": network.mnc,
        "imsi": network.imsi,
        "tadig": network.tadig,
        "carrier": f"{network.name}-{network.tadig[3:]}-{network.mcc}{network.mnc}",
        "ppcin": network.name,
        "cic": f"{calling_code}{527 + 7 * state.network}",
        "routing_number": routing,
    }
