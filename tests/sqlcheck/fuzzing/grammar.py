"""Random queries over three small tables and two views."""

from collections.abc import Callable, Sequence
from random import Random

Columns = Sequence[tuple[str, str]]
"""Expressions, each a "number" or a "text"."""

TABLES = {
    "a": {"id": "number", "n": "number", "m": "number", "s": "text", "r": "text"},
    "b": {
        "id": "number",
        "a_id": "number",
        "n": "number",
        "m": "number",
        "s": "text",
        "r": "text",
    },
    "c": {
        "id": "number",
        "b_id": "number",
        "n": "number",
        "m": "number",
        "s": "text",
        "r": "text",
    },
    "v": {
        "id": "number",
        "n": "number",
        "k": "number",
        "m": "number",
        "s": "text",
        "r": "text",
    },
    "w": {"id": "number", "n": "number", "m": "number", "s": "text", "r": "text"},
}
NULLABLE = frozenset(["m", "r", "b_id"])
_JOINS = ("JOIN", "LEFT JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN")
_FRAMES = (
    "",
    "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
    "ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING",
    "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
    "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES",
    "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW",
    "GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE GROUP",
)

Make = Callable[[], str]


class Grammar:
    """Makes queries; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  chance, not secrecy
        self.aliases = 0

    def pick(self, *makers: Make) -> str:
        """One of several ways, at random."""
        return self.random.choice(makers)()

    def alias(self) -> str:
        self.aliases += 1
        return f"q{self.aliases}"

    def column(self, columns: Columns, kind: str) -> str:
        found = [name for name, each in columns if each == kind]
        fallback = "1" if kind == "number" else "'x'"
        return self.random.choice(found) if found else fallback

    # ---- expressions ----

    def number(self, columns: Columns, depth: int = 2) -> str:
        if depth <= 0 or self.random.random() < 0.45:
            return self.column(columns, "number")

        def one() -> str:
            return self.number(columns, depth - 1)

        def here() -> str:
            return self.column(columns, "number")

        def if_null() -> str:
            name = here()
            return f"CASE WHEN {name} IS NULL THEN {one()} ELSE {name} END"

        def if_neither_null() -> str:
            name, other = here(), here()
            return f"CASE WHEN {name} IS NULL OR {other} IS NULL THEN 0 ELSE {name} + {other} END"

        def if_not_null() -> str:
            name = here()
            return f"CASE WHEN {name} IS NOT NULL THEN {name} ELSE {one()} END"

        def if_holds() -> str:
            return f"CASE WHEN {self.truth(columns, depth - 1)} THEN {one()} ELSE {one()} END"

        table = self.random.choice("abc")
        return self.pick(
            lambda: str(self.random.randint(0, 3)),
            lambda: f"({one()} + {one()})",
            lambda: f"coalesce({one()}, {one()})",
            lambda: f"CASE WHEN {self.truth(columns, depth - 1)} THEN {one()} END",
            lambda: f"CASE {here()} WHEN {here()} THEN {one()} ELSE {one()} END",
            if_holds,
            if_null,
            if_neither_null,
            if_not_null,
            lambda: f"nullif({one()}, {one()})",
            lambda: f"greatest({one()}, {one()})",
            lambda: f"abs({one()})",
            lambda: f"length({self.text(columns, depth - 1)})",
            lambda: f"(SELECT count(*)::int FROM {table} z WHERE z.n = {here()})",
            lambda: f"(SELECT max(z.n) FROM {table} z WHERE z.m = {here()})",
            lambda: f"(SELECT z.n FROM a z WHERE z.id = {here()})",
            lambda: f"(SELECT coalesce(sum(z.n), 0)::int FROM b z WHERE z.n = {here()})",
            lambda: f"(SELECT count(*)::int FROM {table} z HAVING count(*) > {here()})",
            lambda: f"({here()})::text::int",
            lambda: f"({self.truth(columns, depth - 1)})::int",
            lambda: f"(ARRAY[{here()}, {here()}])[{self.random.randint(1, 2)}]",
            lambda: f"num_nulls({here()}, {here()})",
        )

    def text(self, columns: Columns, depth: int = 2) -> str:
        if depth <= 0 or self.random.random() < 0.45:
            return self.column(columns, "text")

        def one() -> str:
            return self.text(columns, depth - 1)

        def here() -> str:
            return self.column(columns, "text")

        return self.pick(
            lambda: "'y'",
            lambda: f"upper({one()})",
            lambda: f"({one()} || {one()})",
            lambda: f"coalesce({one()}, {one()})",
            lambda: f"concat({one()}, {self.number(columns, 0)})",
            lambda: f"({self.number(columns, depth - 1)})::text",
            lambda: f"nullif({one()}, 'x')",
            lambda: f"concat_ws({here()}, 'a', {here()})",
            lambda: f"(jsonb_build_object('k', {self.number(columns, 0)}) ->> 'k')",
            lambda: f"split_part({here()}, 'x', 1)",
            lambda: f"least({one()}, {one()})",
            lambda: f"array_to_string(ARRAY[{here()}] || {here()}, ',')",
            lambda: f"(ARRAY[{here()}] || {here()})::text",
            lambda: f"format('%s', {here()})",
            lambda: f"substring({here()} from 'x')",
            lambda: f"(SELECT string_agg(z.s, '') FROM a z WHERE z.id = {self.number(columns, 0)})",
        )

    def truth(self, columns: Columns, depth: int = 2) -> str:
        def here() -> str:
            return self.column(columns, "number")

        def some() -> str:
            return self.number(columns, depth - 1)

        def deeper() -> str:
            return self.truth(columns, depth - 1)

        sign = self.random.choice(["=", "<", ">=", "<>"])
        if depth <= 0 or self.random.random() < 0.25:
            return f"{here()} {sign} {here()}"
        table = self.random.choice("abc")
        word = self.column(columns, "text")
        return self.pick(
            lambda: f"{some()} {sign} {some()}",
            lambda: f"{self.text(columns, depth - 1)} = {self.text(columns, depth - 1)}",
            lambda: f"{here()} IS NULL",
            lambda: f"{some()} IS NOT NULL",
            lambda: f"{word} IS NOT NULL",
            lambda: f"({deeper()} AND {deeper()})",
            lambda: f"({deeper()} OR {deeper()})",
            lambda: f"NOT ({deeper()})",
            lambda: f"NOT ({here()} IS NULL OR {here()} IS NULL)",
            lambda: f"{here()} IN (0, 1, {here()})",
            lambda: f"{here()} NOT IN (0, {here()})",
            lambda: f"{here()} = ANY(ARRAY[]::int[])",
            lambda: f"NOT ({here()} = ANY(ARRAY[{here()}, 2]))",
            lambda: f"({here()} = ANY(ARRAY[]::int[])) = false",
            lambda: f"{here()} <> ALL(ARRAY[{here()}, {here()}])",
            lambda: f"EXISTS (SELECT FROM {table} z WHERE z.n = {here()})",
            lambda: f"EXISTS (SELECT FROM {table} z LEFT JOIN a y ON y.n = {here()} WHERE z.m > 0)",
            lambda: f"EXISTS (SELECT count(*) FROM {table} z WHERE z.n = {here()})",
            lambda: f"EXISTS (SELECT z.m FROM {table} z WHERE z.n = {here()} GROUP BY z.m)",
            lambda: f"NOT EXISTS (SELECT FROM {table} z WHERE z.n = {here()})",
            lambda: f"{here()} IN (SELECT z.m FROM {table} z WHERE z.id < {here()})",
            lambda: f"{here()} NOT IN (SELECT z.m FROM {table} z)",
            lambda: f"{here()} <> ALL(SELECT z.m FROM {table} z)",
            lambda: f"{here()} IS DISTINCT FROM {here()}",
            lambda: f"{here()} IS NOT DISTINCT FROM {self.random.choice(['1', here()])}",
            lambda: f"({deeper()}) IS {self.random.choice(['', 'NOT '])}TRUE",
            lambda: f"({deeper()}) IS {self.random.choice(['', 'NOT '])}FALSE",
            lambda: f"({deeper()}) IS {self.random.choice(['', 'NOT '])}UNKNOWN",
            lambda: f"coalesce({deeper()}, {self.random.choice(['true', 'false'])})",
            lambda: f"({here()}, {here()}) < ({here()}, {here()})",
            lambda: f"({here()}, {here()}) = ({here()}, {here()})",
            lambda: f"starts_with({word}, 'x')",
            lambda: f"{word} IS JSON",
            lambda: f"{here()} BETWEEN {here()} AND 3",
        )

    # ---- the FROM list ----

    def leaf(self, depth: int) -> tuple[str, list[tuple[str, str]]]:
        alias = self.alias()
        if depth > 0 and self.random.random() < 0.25:
            query, out = self.select(depth - 1)
            return f"({query}) {alias}", [(f"{alias}.{name}", kind) for name, kind in out]
        if self.random.random() < 0.18:
            return self.odd_leaf(alias)
        table = self.random.choice("aabbccvw")
        return f"{table} {alias}", [
            (f"{alias}.{name}", each) for name, each in TABLES[table].items()
        ]

    def odd_leaf(self, alias: str) -> tuple[str, list[tuple[str, str]]]:
        without = self.random.choice(["EXCEPT", "INTERSECT"])
        key, join = self.random.choice("nm"), self.random.choice(["FULL", "LEFT", "RIGHT"])
        number, text = self.random.choice(["2", "NULL"]), self.random.choice(["'q'", "NULL"])
        json = """'[{"i": 1}, {"t": "x"}]'"""
        using = f"(SELECT {key} AS i, x.s AS t, y.s AS u FROM a x {join} JOIN b y USING ({key}))"
        natural = (
            f"SELECT {key} AS i, s AS t FROM b x NATURAL {join} JOIN (SELECT n, m, s FROM c) y"
        )
        recursive = (
            "(WITH RECURSIVE up AS (SELECT id, n AS i, s AS t FROM b UNION"
            f" SELECT c.id, up.i, c.{self.random.choice('sr')} FROM c JOIN up ON up.id = c.b_id)"
            " SELECT i, t FROM up)"
        )
        pair = [("i", "number"), ("t", "text")]
        source, out = self.random.choice(
            [
                (using, [*pair, ("u", "text")]),
                (f"({natural})", pair),
                (recursive, pair),
                (f"(SELECT * FROM (VALUES (1, 'p'), ({number}, {text})) y (i, t))", pair),
                ("(SELECT generate_series(0, 2) AS i)", [("i", "number")]),
                (
                    "(SELECT generate_series(0, 2) AS i, generate_series(0, 1) AS j)",
                    [("j", "number")],
                ),
                (f"(SELECT t FROM unnest(ARRAY['x', {text}]) t)", [("t", "text")]),
                ("(SELECT DISTINCT ON (n) n AS i, r AS t FROM c ORDER BY n, m)", pair),
                (f"(SELECT i, t FROM jsonb_to_recordset({json}) y (i int, t text))", pair),
                (
                    f"(SELECT n AS i, r AS t FROM b {without} SELECT m, s FROM c)",
                    pair,
                ),
            ]
        )
        return f"{source} {alias}", [(f"{alias}.{name}", kind) for name, kind in out]

    def source(self, depth: int, size: int = 0) -> tuple[str, list[tuple[str, str]]]:
        size = size or self.random.choice([1, 2, 2, 3, 3, 4])
        if size == 1:
            return self.leaf(depth)
        at = self.random.randint(1, size - 1)
        left, left_columns = self.source(depth, at)
        right, right_columns = self.source(depth, size - at)
        left = f"({left})" if at > 1 else left
        right = f"({right})" if size - at > 1 else right
        if self.random.random() < 0.12:
            return self.lateral(left, left_columns)
        join = self.random.choice(_JOINS)
        columns = [*left_columns, *right_columns]
        if join == "CROSS JOIN":
            return f"{left} CROSS JOIN {right}", columns
        on = f"{self.column(left_columns, 'number')} = {self.column(right_columns, 'number')}"
        if join != "FULL JOIN" and self.random.random() < 0.35:
            on += f" AND {self.truth(columns, 1)}"
        return f"{left} {join} {right} ON {on}", columns

    def lateral(
        self, left: str, columns: list[tuple[str, str]]
    ) -> tuple[str, list[tuple[str, str]]]:
        alias, table = self.alias(), self.random.choice("abc")
        inner = [*columns, *((f"z.{name}", kind) for name, kind in TABLES[table].items())]
        key = self.column(columns, "number")
        tail = self.random.choice([f" WHERE z.n = {key}", f" WHERE z.id = {key} LIMIT 1", ""])
        query = (
            f"SELECT {self.number(inner, 1)} AS c0, {self.text(inner, 1)} AS c1, z.m AS c2"
            f" FROM {table} z{tail}"
        )
        form = self.random.choice(
            [
                "CROSS JOIN LATERAL ({}) {}",
                "LEFT JOIN LATERAL ({}) {} ON true",
                f"LEFT JOIN LATERAL ({{}}) {{}} ON {alias}.c2 = {key}",
            ]
        )
        out = [(f"{alias}.c0", "number"), (f"{alias}.c1", "text"), (f"{alias}.c2", "number")]
        return f"{left} {form.format(query, alias)}", [*columns, *out]

    # ---- queries ----

    def aggregate(self, columns: Columns) -> tuple[str, str]:
        number, text = self.number(columns, 1), self.text(columns, 0)
        where = f"FILTER (WHERE {self.truth(columns, 1)})"
        return self.random.choice(
            [
                ("count(*)::int", "number"),
                (f"max({number})", "number"),
                (f"sum({number})::int", "number"),
                (f"min({text})", "text"),
                (f"count({number}) {where}", "number"),
                (f"max({number}) {where}", "number"),
                (f"string_agg({text}, ',')", "text"),
                (f"percentile_disc(0.5) WITHIN GROUP (ORDER BY {number})", "number"),
                (f"mode() WITHIN GROUP (ORDER BY {text})", "text"),
                (f"stddev_samp({number})::int", "number"),
                (f"var_pop({number})::int", "number"),
                (f"any_value({text})", "text"),
                (f"(jsonb_agg({number}) -> 0)::text", "text"),
                (f"coalesce(max({number}), 0)", "number"),
                (f"array_length(array_agg({number}), 1)", "number"),
                (f"(array_agg({number}) {where})::text", "text"),
                (f"bool_and({self.truth(columns, 0)})::int", "number"),
                (f"(SELECT count(u) FROM unnest(array_agg({number})) u)::int", "number"),
                (f"JSON_ARRAYAGG({number} ABSENT ON NULL)::text", "text"),
            ]
        )

    def select(self, depth: int = 1) -> tuple[str, list[tuple[str, str]]]:
        source, columns = self.source(depth)
        where = f" WHERE {self.truth(columns, 2)}" if self.random.random() < 0.6 else ""
        form = self.random.choice(
            ["plain"] * 6 + ["group", "group", "sets", "total", "distinct", "window"]
        )
        tail, word = "", ""
        if form in ("group", "sets"):
            items, tail = self.grouped(columns, form)
        elif form == "total":
            items = [self.aggregate(columns) for _ in range(3)]
        elif form == "window":
            items = self.windowed(columns)
        else:
            word = "DISTINCT " if form == "distinct" else ""
            items = [
                (self.number(columns), "number")
                if self.random.random() < 0.6
                else (self.text(columns), "text")
                for _ in range(self.random.randint(2, 5))
            ]
        listed = ", ".join(f"{item} AS c{at}" for at, (item, _) in enumerate(items))
        out = [(f"c{at}", kind) for at, (_, kind) in enumerate(items)]
        return f"SELECT {word}{listed} FROM {source}{where}{tail}", out

    def grouped(self, columns: Columns, form: str) -> tuple[list[tuple[str, str]], str]:
        keys = [(self.column(columns, "number"), "number"), (self.column(columns, "text"), "text")]
        keys = keys[: self.random.choice([1, 2, 2])]
        names = [name for name, _ in keys]
        by = ", ".join(names)
        if form == "sets":
            by = self.random.choice(
                [
                    f"ROLLUP ({by})",
                    f"GROUPING SETS (({by}), ({names[0]}))",
                    f"{names[0]}, CUBE ({by})",
                ]
            )
        tail = f" GROUP BY {by}"
        if self.random.random() < 0.3:
            tail += self.random.choice([" HAVING count(*) > 1", f" HAVING {names[0]} > 0"])
        return [*keys, *(self.aggregate(columns) for _ in range(2))], tail

    def windowed(self, columns: Columns) -> list[tuple[str, str]]:
        order = f"ORDER BY {self.column(columns, 'number')}"
        over = f"OVER ({order})"
        framed = f"OVER ({order} {self.random.choice(_FRAMES)})"
        return [
            (f"(row_number() {over})::int", "number"),
            (f"lag({self.number(columns, 0)}) {over}", "number"),
            (f"lag({self.number(columns, 0)}, 1, {self.number(columns, 0)}) {over}", "number"),
            (f"(sum({self.number(columns, 0)}) {framed})::int", "number"),
            (f"first_value({self.text(columns, 0)}) {framed}", "text"),
            (f"(count(*) {framed})::int", "number"),
        ]

    def query(self) -> str:
        """A SELECT, now and then around another one."""
        query, out = self.select()
        chance = self.random.random()
        if chance < 0.08:
            other, others = self.select(0)
            picked = ", ".join(
                self.column(others, kind)
                if any(each == kind for _, each in others)
                else "NULL::int"
                if kind == "number"
                else "'z'"
                for _, kind in out
            )
            word = self.random.choice(["UNION ALL", "UNION", "EXCEPT", "INTERSECT"])
            return f"({query}) {word} SELECT {picked} FROM ({other}) u"
        if chance < 0.2:
            alias = self.alias()
            columns = [(f"{alias}.{name}", kind) for name, kind in out]
            number, text = self.number(columns, 1), self.text(columns, 1)
            key = self.column(columns, "number")
            join = f" LEFT JOIN b zz ON zz.n = {key}" if self.random.random() < 0.5 else ""
            return (
                f"WITH {alias} AS ({query})"
                f" SELECT {number} AS x, {text} AS y, {key} AS z FROM {alias}{join}"
            )
        return query

    def write(self) -> str:
        """An INSERT, UPDATE or DELETE with RETURNING."""
        table = self.random.choice("abc")
        own = [(f"{table}.{name}", kind) for name, kind in TABLES[table].items()]
        source, others = self.source(0, self.random.choice([1, 2]))
        columns = [*own, *others]
        updates = self.random.random() < 0.5
        if updates:
            where = f"{table}.n = {self.column(others, 'number')} AND {self.truth(columns, 1)}"
            change = (
                f"UPDATE {table} SET m = {self.number(columns, 1)}, r = {self.text(columns, 1)}"
                f" FROM {source} WHERE {where}"
            )
        else:
            change = f"INSERT INTO {table} (id, n, s, m, r{', a_id' if table == 'b' else ''})"
            number, text = self.number(TABLES_OF_A, 2), self.text(TABLES_OF_A, 2)
            change += (
                f" SELECT 100 + row_number() OVER (), 1, 's', i, t{', 0' if table == 'b' else ''}"
                f" FROM (SELECT {number} AS i, {text} AS t"
                f" FROM a WHERE {self.truth(TABLES_OF_A, 1)}) x"
            )
        returned = [f"{table}.m", f"{table}.r", f"old.{self.random.choice('mnr')}", "new.m"]
        if updates:
            returned.append(self.number(others, 1))
        listed = ", ".join(f"{item} AS c{at}" for at, item in enumerate(returned))
        return f"{change} RETURNING {listed}"

    def few(self) -> str:
        """A query that may well return one row at most."""
        source, columns = self.source(1, self.random.choice([1, 2, 2, 3]))
        numbers = [name for name, kind in columns if kind == "number"]
        parts = [
            f"{name} = {self.random.choice(['0', '1', '2', '3', *numbers])}"
            for name in numbers
            if name.endswith(".id") and self.random.random() < 0.75
        ]
        if self.random.random() < 0.3:
            parts.append(self.truth(columns, 1))
        where = f" WHERE {' AND '.join(parts)}" if parts else ""
        key, text = self.column(columns, "number"), self.column(columns, "text")
        at = self.random.randint(0, 3)
        grouped = f"SELECT {key} AS x, count(*) AS n FROM {source}{where} GROUP BY {key}"
        plain = f"SELECT {key} AS x, {text} AS y FROM {source}{where}"
        return self.random.choice(
            [
                plain,
                plain,
                plain,
                plain,
                grouped,
                f"SELECT count(*) AS n FROM {source}{where}",
                f"SELECT {key} AS x FROM {source}{where} LIMIT 1",
                f"SELECT z.x FROM (SELECT {key} AS x FROM {source}) z WHERE z.x = {at}",
                f"WITH z AS ({grouped}) SELECT z.x, z.n FROM z WHERE z.x = {at}",
                f"SELECT DISTINCT {key} AS x FROM {source}{where}",
                f"SELECT DISTINCT ON ({key}) {key} AS x, {text} AS y FROM {source}{where}",
                f"({plain}) INTERSECT SELECT n, s FROM b",
                f"({plain}) EXCEPT SELECT n, s FROM b",
                f"({plain}) UNION SELECT n, s FROM b WHERE id = {at}",
            ]
        )


TABLES_OF_A = [(name, kind) for name, kind in TABLES["a"].items()]
