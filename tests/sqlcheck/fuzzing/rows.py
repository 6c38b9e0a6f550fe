"""Is a query that is said to return at most one row ever seen to return two?"""

import sys
from dataclasses import dataclass, field

from sqlcheck.embedded import server
from sqlcheck.rows import at_most_one
from sqlcheck.scopes import Analysis
from sqlcheck.session import Analysed, analyse, open_session
from tests.sqlcheck.fuzzing.data import Data
from tests.sqlcheck.fuzzing.grammar import Grammar


@dataclass
class Tally:
    queries: int = 0
    single: int = 0
    """Queries that never returned two rows,"""
    proved: int = 0
    """those of them that were said to,"""
    wrong: list[str] = field(default_factory=list)
    """and queries that were said to, and did not."""


def run(url: str, seed: int, count: int, sets: int = 24) -> Tally:
    """Make and run queries."""
    grammar, data, tally = Grammar(seed), Data(url, seed, sets), Tally()
    with open_session(f"{url}&options=-csearch_path%3Dd0") as session:
        while tally.queries < count:
            query = grammar.few()
            analysed = analyse(session, query)
            if not isinstance(analysed, Analysed):
                continue
            said = at_most_one(Analysis(session.catalog, {}), analysed.tree)
            most = max((len(result) for result in data.run(query)), default=0)
            tally.queries += 1
            tally.single += most < 2
            tally.proved += said and most < 2
            if said and most > 1:
                tally.wrong.append(query)
    data.conn.close()
    return tally


def main(seed: int, count: int) -> int:
    """Print what was found; the exit status."""
    with server() as url:
        tally = run(url, seed, count)
    for query in tally.wrong[:10]:
        sys.stdout.write(f"WRONG {query}\n")
    sys.stdout.write(
        f"{tally.queries} queries: {tally.single} never returned two rows, proved for"
        f" {tally.proved} ({tally.proved / max(1, tally.single):.0%}); {len(tally.wrong)} wrong\n"
    )
    return min(1, len(tally.wrong))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000))
