"""libphonenumber's numbering plans, compiled to tables that whole columns of numbers walk through.

    patterns.py    pattern → tree
    automaton.py   trees → states: which patterns match the whole of a text
    prefixes.py    trunk and international prefixes → states: what they do to the digits
    plans.py       which plans there are, and their metadata
    verdicts.py    the plans behind a calling code → states: whose number, and of which type
    tables.py      states → arrays, and the walk

Source of all facts: the metadata of the installed `phonenumbers`. Below the stages and the
simulator, which both ask it.
"""

__all__ = ()
