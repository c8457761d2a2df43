"""The contract between the stages: which columns exist, of which type, and what they mean.

Rule: no Polars here. `protocol` reads this file, and so does `msisdn --help`. Types are Polars'
names as text. Columns of a closed list of words are text in the files: a later version may add a
word, and no reader of older and newer files together may stop at that.

Inside the pipeline an input's own column `name` travels as `in:name`, so that nothing it is
called can collide with ours. `own_names` gives the names they are written under.
"""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = (
    "CLEANED",
    "COLUMN",
    "DUPLICATES",
    "ENRICHED",
    "EVERY",
    "LOOKUP_TYPES",
    "MOBILE_TYPES",
    "OWN",
    "PLAN_TYPES",
    "REJECTED",
    "REJECT_REASONS",
    "RULES",
    "SCHEMA_VERSION",
    "SOURCES",
    "STATUSES",
    "Column",
    "ShardSpec",
    "own_names",
)

SCHEMA_VERSION = 2
"""Raised whenever an output column changes its name, type or meaning."""

OWN = "in:"
"""Prefix of the input's own columns while they travel through the stages."""

STATUSES = ("answered", "refused", "unresolved", "skipped")
LOOKUP_TYPES = ("mnp", "hlr")
SOURCES = ("rest", "tcp", "udp", "history")

PLAN_TYPES = (
    "fixed_line",
    "mobile",
    "fixed_line_or_mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)
"""libphonenumber's `PhoneNumberType`, in its order, in lower case; `UNKNOWN` is never valid."""
MOBILE_TYPES = ("mobile", "fixed_line_or_mobile")
"""What may be a mobile: some plans, such as North America's, do not tell."""

RULES: dict[str, str] = {
    "international": "written with a plus sign and calling code",
    "idd_prefix": "written with an international dialling prefix, such as 00 or 011",
    "national": "written nationally, read with the region given",
    "bare_international": "digits of the full international number, without plus sign or prefix",
    "repair:apostrophe": "a leading apostrophe, a spreadsheet's mark for text, was removed",
    "repair:encoding": "characters that were decoded wrongly, such as `Â` before a space, were removed",
    "repair:escaped": "HTML entities or percent signs, such as `&nbsp;` or `%2B`, were written out",
    "repair:excel_formula": 'a spreadsheet\'s `="…"` around the number was removed',
    "repair:float_tail": "`.0`, left by a column that was read as decimal numbers, was removed",
    "repair:label": "a word that only says what the number is, such as `Tel.`, was removed",
    "repair:leading_zero": "the zero that a spreadsheet took from the whole column was put back",
    "repair:mx_521": "Mexico's former mobile prefix (1 after 52, or 01, 044, 045) was removed",
    "repair:plus_zero": "zeros before the calling code were removed",
    "repair:scientific": "scientific notation with every digit present was written out",
    "repair:trunk_zero": "the trunk prefix, as in +44 (0)20 or +44020, was removed",
}
"""How a cell was read: the `rule` column."""

REJECT_REASONS: dict[str, str] = {
    "empty": "nothing in the cell, or a word that means nothing (null, n/a, -)",
    "not_a_number": "words or letters, not a telephone number",
    "too_short": "fewer digits than any number of that calling code",
    "too_long": "more digits than any number of that calling code",
    "unknown_calling_code": "international, but no country has that calling code",
    "no_region": "written nationally, and no region is known for the row (--region, --region-column)",
    "invalid": "no number of this form exists in the numbering plan",
    "ambiguous": "reads as two different numbers; write it with + or 00",
    "multiple_numbers": "more than one number in the cell; give each a row of its own",
    "extension": "a number with an extension, which no mobile has",
    "spreadsheet_damage": "a spreadsheet rounded the number; export the column again as text",
    "bad_row": "the line is ragged, or its number cannot be decoded",
}
"""The closed list of the `reject_reason` column."""


class Column(NamedTuple):
    """One column of ours in an output file."""

    name: str
    type: str
    description: str
    wire: str = ""
    """The field of the service's answer that it comes from; empty where it comes from us."""
    categories: tuple[str, ...] = ()


ROW = (
    Column("row_id", "Int64", "Row number over all inputs, from 0"),
    Column("occurrences", "Int64", "How many input rows have this number"),
    Column("source_file", "String", "Input file"),
    Column("line_number", "Int64", "Line in that file (row in a Parquet file), from 1"),
    Column("column", "String", "Column that the number is from; A+B where it is cut in two"),
)
"""Where a row stands; of a number, its first row."""
COLUMN = ROW[4]
NORMALISED = (
    Column("msisdn", "String", "E.164 digits without a plus sign"),
    Column("msisdn_input", "String", "The cell as it was"),
    Column("region", "String", "Region by numbering plan, ISO 3166 alpha-2"),
    Column("plan_type", "String", "Type of number by numbering plan: " + ", ".join(PLAN_TYPES)),
    Column("rule", "String", "How the cell was read: " + ", ".join(RULES)),
)
ANSWER = (
    Column("status", "String", "What became of the lookup", categories=STATUSES),
    Column("lookup_type", "String", "Lookup that was performed", "lookup", LOOKUP_TYPES),
    Column("calling_code", "String", "International dialling code", "dc"),
    Column("country", "String", "Country of the number, ISO 3166 alpha-2", "cc"),
    Column("ndc", "String", "National destination code", "ndc"),
    Column("mcc", "String", "Mobile country code of the current network", "mcc"),
    Column("mnc", "String", "Mobile network code of the current network, 01 is not 001", "mnc"),
    Column("imsi", "String", "Part of the IMSI, may be masked", "imsi"),
    Column("tadig", "String", "TADIG code of the network", "tadig"),
    Column("cic", "String", "Carrier identification code", "cic"),
    Column("carrier", "String", "Carrier's short name", "cn"),
    Column("routing_number", "String", "Routing number; the LRN in the USA and Canada", "rn"),
    Column("ppcin", "String", "Presentation of country initials and network name", "ppcin"),
    Column("npdi", "String", "Set when a portability database was consulted", "npdi"),
    Column("number_type", "String", "Type of number by the service: mobile, fixed", "nt"),
    Column("ported", "Boolean", "Ported to another network; null when not known", "np"),
    Column("present", "Boolean", "Reachable at the time; null when not known", "pres"),
    Column("roaming", "Boolean", "Abroad at the time; null when not known", "roaming"),
    Column("roaming_mcc", "String", "Mobile country code of the network visited", "rmcc"),
    Column("roaming_mnc", "String", "Mobile network code of the network visited", "rmnc"),
    Column("error_code", "String", "The service's error code, verbatim", "e"),
    Column("error", "String", "What the error code means"),
    Column("answered_at", "Datetime(ms, UTC)", "When the answer came"),
    Column("attempts", "Int32", "Requests sent for this number in this run"),
    Column("source", "String", "Where the answer came from", categories=SOURCES),
)

CLEANED = ROW + NORMALISED
"""Columns of `cleaned/`, after the input's own."""

ENRICHED = CLEANED + ANSWER
"""Columns of `enriched/`, after the input's own."""

REJECTED = (
    ROW[0],
    *ROW[2:4],
    Column("msisdn_input", "String", "The cell as it was; the line where the row is bad"),
    Column("reject_reason", "String", "Why: " + ", ".join(REJECT_REASONS)),
    Column("reject_detail", "String", "What was wrong, in words"),
)
"""Columns of `rejected/`, after the input's own."""

DUPLICATES = (
    ROW[0],
    Column("first_row_id", "Int64", "The row that stands for this number"),
    NORMALISED[0],
)
"""Columns of `duplicates/`, before the input's own."""


EVERY = tuple({column.name: column for column in (*ENRICHED, *REJECTED, *DUPLICATES)}.values())
"""Columns of ours in any output."""


def own_names(columns: Iterable[str], ours: Iterable[Column]) -> dict[str, str]:
    """Names under which the input's own columns are written beside `ours`.

    An own column called like one of ours becomes `<name>_input`, again and again until it is
    free; one called like another own column becomes `<name>_2`, `<name>_3` … Case does not tell names
    apart, since it does not in SQL. `columns` are bare names, without the prefix `in:`, each once;
    so are the keys of the result.
    """
    columns = list(columns)
    reserved = {column.name.lower() for column in ours}
    taken = reserved | {name.lower() for name in columns}
    names: dict[str, str] = {}
    seen: set[str] = set()
    for name in columns:
        written, count = name, 1
        if name.lower() in reserved:
            while written.lower() in taken:
                written += "_input"
        elif name.lower() in seen:
            while written.lower() in taken:
                count += 1
                written = f"{name}_{count}"
        seen.add(name.lower())
        taken.add(written.lower())
        names[name] = written
    return names


class ShardSpec(NamedTuple):
    """One shard: a pure piece of work, all that a process needs to know of it."""

    number: int
    path: str
    """The shard file: unique rows in input order, with `ask` Boolean."""
    sha256: str
    """Of the shard file; the journal carries it."""
    rows: int
    ask: int
    """Rows that are looked up."""
    journal: str
    """File of intents and raw answers."""
