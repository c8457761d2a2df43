"""Stage 6: rows and answers → Parquet that appears complete, in input order, the same bytes always.

    answers(shard, replay)      the shard's rows with what the service said of each
    write(frame, kind, number)  one part: the input's own columns, and ours as `model.py` has them
    Parts(kind)                 the same for rows that come in pieces: parts of equal size
    expand(…)                   `--rows all`: every valid row with its number's answer

Rule: rows are conserved. Whatever goes in comes out once, in the order in which it came.
"""

from pipeline.write.every_row import expand
from pipeline.write.joined import answers
from pipeline.write.parts import Output, Parts, keep, write, write_blank

__all__ = ("Output", "Parts", "answers", "expand", "keep", "write", "write_blank")
