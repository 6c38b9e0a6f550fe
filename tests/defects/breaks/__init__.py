"""Breaks: how each rule is lost by the smallest change, and which test must notice."""

from tests.defects.breaks import (
    of_defects_1_to_13,
    of_defects_14_to_25,
    of_defects_26_to_37,
    of_imports,
    of_second_factors,
    of_sessions,
    of_ways_in,
    of_what_nobody_learns,
)

BREAKS = [
    *of_defects_1_to_13.BREAKS,
    *of_defects_14_to_25.BREAKS,
    *of_defects_26_to_37.BREAKS,
    *of_what_nobody_learns.BREAKS,
    *of_sessions.BREAKS,
    *of_second_factors.BREAKS,
    *of_ways_in.BREAKS,
    *of_imports.BREAKS,
]
"""All of them. A rule that begins with a number is that defect of the list."""
