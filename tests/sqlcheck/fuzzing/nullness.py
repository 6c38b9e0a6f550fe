"""Is a column that is said never to be NULL ever NULL? And how often is the warning idle?"""

import sys
from dataclasses import dataclass, field

from sqlcheck.embedded import server
from sqlcheck.nullness import outputs
from sqlcheck.scopes import Analysis
from sqlcheck.session import Analysed, analyse, open_session
from tests.sqlcheck.fuzzing.data import Data
from tests.sqlcheck.fuzzing.grammar import Grammar


@dataclass
class Tally:
    queries: int = 0
    seen: int = 0
    """Columns in which NULL was seen,"""
    unseen: int = 0
    """columns in which it never was,"""
    proved: int = 0
    """those of them that were said never to be NULL,"""
    wrong: list[tuple[str, str]] = field(default_factory=list)
    """and columns that were said never to be NULL, and were."""


def run(url: str, seed: int, count: int, sets: int = 24) -> Tally:
    """Make and run queries until `count` of them returned enough rows to say something."""
    grammar, data, tally = Grammar(seed), Data(url, seed, sets), Tally()
    with open_session(f"{url}&options=-csearch_path%3Dd0") as session:
        while tally.queries < count:
            query = grammar.write() if grammar.random.random() < 0.1 else grammar.query()
            analysed = analyse(session, query)
            if isinstance(analysed, Analysed):
                reasons = outputs(Analysis(session.catalog, {}), analysed.tree)
                names = [column.name for column in analysed.columns]
                _compare(tally, data, query, dict(zip(names, reasons, strict=True)))
    data.conn.close()
    return tally


def _compare(tally: Tally, data: Data, query: str, reasons: dict[str, str | None]) -> None:
    seen = dict.fromkeys(reasons, False)
    rows = 0
    for result in data.run(query):
        rows += len(result)
        for row in result:
            for name, value in zip(reasons, row, strict=True):
                seen[name] |= value is None
    if rows < 20:
        return
    tally.queries += 1
    for name, reason in reasons.items():
        tally.seen += seen[name]
        tally.unseen += not seen[name]
        tally.proved += reason is None and not seen[name]
        if seen[name] and reason is None:
            tally.wrong.append((name, query))


def main(seed: int, count: int) -> int:
    """Print what was found; the exit status."""
    with server() as url:
        tally = run(url, seed, count)
    for name, query in tally.wrong[:10]:
        sys.stdout.write(f"WRONG {name}: {query}\n")
    sys.stdout.write(
        f"{tally.queries} queries: NULL seen in {tally.seen} columns, {len(tally.wrong)} of them"
        f" said to have none; never seen in {tally.unseen}, proved for {tally.proved}"
        f" ({tally.proved / max(1, tally.unseen):.0%})\n"
    )
    return min(1, len(tally.wrong))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000))
