"""Normalisation as a Polars expression: `import pipeline.expressions` adds `.msisdn` to all.

    import polars as pl
    import pipeline.expressions

    lists = pl.scan_csv("lists/*.csv", infer_schema=False)
    lists.with_columns(pl.col("phone").msisdn.normalise(region="GB").alias("read")).unnest("read")
    lists.filter(pl.col("phone").msisdn.is_mobile(region="GB"))
    lists.select(pl.col("phone").msisdn.e164(region_of=pl.col("country")))

All work a batch at a time, on the streaming engine too, and see no cell but their own: what a whole
column shows is known to `pipeline.normalise` on a `DataFrame` only. So digits without a plus sign or 00
are refused where they are a full number of another country than the row's region, or of any where it
has none; `bare="international"` says that they are full numbers.
"""

import polars as pl
import polars.selectors as cs

from pipeline.model import NORMALISED, REJECTED
from pipeline.normalise import normalise
from pipeline.normalise.evidence import AUTO, Evidence
from pipeline.normalise.regions import default_region

__all__ = ("MsisdnExpressions",)

_CELL, _REGION = "cell", "region_word"
_FIELDS = tuple(
    column.name
    for column in (*NORMALISED, *REJECTED)
    if column in NORMALISED or column.name.startswith("reject_")
)
_STRUCT = pl.Struct(dict.fromkeys(_FIELDS, pl.String()))
_MOBILE = ("mobile", "fixed_line_or_mobile")


@pl.api.register_expr_namespace("msisdn")
class MsisdnExpressions:
    """What `pipeline.normalise` finds out about the cells of an expression.

    The expression holds numbers as text, or as whole numbers or 64-bit floats. `region` is where
    national numbers belong (alpha-2, alpha-3, English name or calling code); `region_of`, a column
    name or an expression, says it row by row; a blank there falls back to `region`. Results are
    called like the expression. Raises `UsageError` for an unknown region, or, when the query runs,
    for cells that cannot hold numbers.
    """

    def __init__(self, cells: pl.Expr) -> None:
        self._cells = cells

    def normalise(
        self, region: str | None = None, region_of: pl.Expr | str | None = None, bare: str = AUTO
    ) -> pl.Expr:
        """A struct of `msisdn msisdn_input region plan_type rule reject_reason reject_detail`.

        `msisdn` is null exactly where `reject_reason` is not.
        """
        default_region(region)  # a wrong one is told here, not when the query runs
        given = [self._cells.alias(_CELL)]
        if region_of is not None:
            # As a selector the name is a name: `pl.col` would read `^…$` and `*` as patterns.
            word = cs.by_name(region_of).as_expr() if isinstance(region_of, str) else region_of
            given.append(word.alias(_REGION))
        by_row = _REGION if region_of is not None else None
        alone = Evidence(bare=bare)

        def read(batch: pl.Series) -> pl.Series:
            found = normalise(batch.struct.unnest(), _CELL, region, by_row, evidence=alone)
            return found.select(_FIELDS).to_struct(batch.name)

        rows: pl.Expr = pl.struct(given).map_batches(
            read, return_dtype=_STRUCT, is_elementwise=True
        )
        return rows.alias(self._cells.meta.output_name())

    def e164(
        self, region: str | None = None, region_of: pl.Expr | str | None = None, bare: str = AUTO
    ) -> pl.Expr:
        """The number with its plus sign, such as `+442079460018`; null where there is none."""
        return self._field("msisdn", region, region_of, bare).str.replace("^", "+")

    def is_mobile(
        self, region: str | None = None, region_of: pl.Expr | str | None = None, bare: str = AUTO
    ) -> pl.Expr:
        """Whether the number is a mobile by its plan, or may be one (as all are in the USA)."""
        return (
            self._field("plan_type", region, region_of, bare).is_in(_MOBILE).fill_null(value=False)
        )

    def is_valid(
        self, region: str | None = None, region_of: pl.Expr | str | None = None, bare: str = AUTO
    ) -> pl.Expr:
        """Whether the cell holds one number that its numbering plan has."""
        return self._field("msisdn", region, region_of, bare).is_not_null()

    def _field(
        self, name: str, region: str | None, region_of: pl.Expr | str | None, bare: str
    ) -> pl.Expr:
        found = self.normalise(region, region_of, bare).struct.field(name)
        return found.alias(self._cells.meta.output_name())
