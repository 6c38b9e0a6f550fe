"""The reader of PostgreSQL's dumps."""

from sqlcheck.tree import conjuncts, parse, text_of, walk


def test_nodes_lists_and_atoms() -> None:
    dump = '{A :n 1 :t true :none <> :list ({B :x -2} {B :x 3}) :bits (b 1 2) :word a\\ b :q "c d"}'

    node = parse(dump)

    assert node == {
        "_": "A",
        "n": 1,
        "t": True,
        "none": None,
        "list": [{"_": "B", "x": -2}, {"_": "B", "x": 3}],
        "bits": [1, 2],
        "word": "a b",
        "q": "c d",
    }


def test_a_datum_is_bytes_behind_its_length() -> None:
    node = parse("{CONST :constlen -1 :constisnull false :constvalue 6 [ 24 0 0 0 104 -61 ]}")

    assert node["constvalue"] == bytes([24, 0, 0, 0, 104, 195])


def test_text_constants_are_decoded() -> None:
    assert text_of({"_": "CONST", "constlen": -1, "constvalue": b"\x18\0\0\0hi"}) == "hi"
    assert text_of({"_": "CONST", "constlen": -2, "constvalue": b"hi\0"}) == "hi"
    assert text_of({"_": "CONST", "constlen": 4, "constvalue": b"\1\0\0\0"}) is None


def test_walking_stops_at_queries_if_wanted() -> None:
    tree = parse("{A :left {QUERY :inner {B :x 1}} :right ({B :x 2})}")

    assert [node["_"] for node in walk(tree)] == ["A", "QUERY", "B", "B"]
    assert [node["_"] for node in walk(tree, into_queries=False)] == ["A", "B"]


def test_conditions_come_apart_at_and() -> None:
    tree = parse(
        "{BOOLEXPR :boolop and :args ({X :n 1} {BOOLEXPR :boolop and :args ({X :n 2} {X :n 3})})}"
    )

    assert [part["n"] for part in conjuncts(tree)] == [1, 2, 3]
    assert conjuncts(None) == []
