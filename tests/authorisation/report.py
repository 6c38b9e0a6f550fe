"""A line at the end of a run: how many cases the matrix has tried, on how many routes."""

import pytest

CASES = "authorisation cases"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = [
        int(str(value))
        for report in terminalreporter.stats.get("passed", [])
        for name, value in getattr(report, "user_properties", ())
        if name == CASES
    ]
    if counts:
        tried = f"{sum(counts):,} cases on {len(counts)} operations"
        terminalreporter.write_line(f"authorisation: {tried}, all as the table says")
