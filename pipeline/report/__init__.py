"""Stage 7: what came of it, for programs (`summary.json`) and for people (the closing table).

Rule: the summary is counted from the part files themselves, so it says what is there, not what was
meant to be there.
"""

from pipeline.report.diagnosis import diagnosis
from pipeline.report.summary import Summary, report, stored_report
from pipeline.report.table import plan_table, summary_table

__all__ = ("Summary", "diagnosis", "plan_table", "report", "stored_report", "summary_table")
