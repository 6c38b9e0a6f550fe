"""Expressions of sources as conditions and scores of ours."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.applets import items
from src.applets.importers import expressions
from src.applets.importers.reproschema import Imported
from tests.applets.importers import sources
from tests.applets.importers.sources import (
    Json,
    activity,
    codes,
    question,
    radio,
    read_items,
    scores,
)
from tests.applets.items.building import rows

FIRST: dict[str, Json] = {
    "a": radio(0, 1, 2),
    "b": radio(0, 1, 2),
    "multi": question("radio", choices=[sources.choice(n) for n in (1, 2)], multipleChoice=True),
    "slide": question("slider", minValue=0, maxValue=10),
    "count": question("integer", minValue=0, maxValue=10),
    "sex": question("radio", choices=[sources.choice("m"), sources.choice("f")]),
    "note": question("text"),
    "hidden": radio(0, 1),
}


def shown(expression: object) -> tuple[object, Imported]:
    """The condition of an item that shows by this expression, and the report."""
    schema = activity([*FIRST, "z", "late"], visible={"z": expression, "hidden": False})
    listed, imported = read_items(schema, **FIRST, z=radio(0, 1), late=radio(0, 1))
    return listed["z"].get("condition"), imported


def asked(condition: object) -> list[tuple[object, object, object]]:
    assert isinstance(condition, dict)
    return [
        (test["item_name"], test["type"], *test["payload"].values())
        for test in condition["conditions"]
    ]


@pytest.mark.parametrize(
    ("expression", "match", "expected"),
    [
        ("a == 1", "any", [("a", "EQUAL_TO_OPTION", 1)]),
        ("a === 1", "any", [("a", "EQUAL_TO_OPTION", 1)]),
        ("1 == a", "any", [("a", "EQUAL_TO_OPTION", 1)]),
        ("a === '1'", "any", [("a", "EQUAL_TO_OPTION", 1)]),
        ("(a) == (1)", "any", [("a", "EQUAL_TO_OPTION", 1)]),
        ("a != 1", "all", [("a", "NOT_EQUAL_TO_OPTION", 1)]),
        ("!(a == 1)", "all", [("a", "NOT_EQUAL_TO_OPTION", 1)]),
        ("1 < a", "any", [("a", "EQUAL_TO_OPTION", 2)]),
        ("a", "all", [("a", "NOT_EQUAL_TO_OPTION", 0)]),
        ("!a", "any", [("a", "EQUAL_TO_OPTION", 0)]),
        ("a > 0 && a < 2", "any", [("a", "EQUAL_TO_OPTION", 1)]),
        (
            "a > 0 || b > 0",
            "any",
            [
                ("a", "EQUAL_TO_OPTION", 1),
                ("a", "EQUAL_TO_OPTION", 2),
                ("b", "EQUAL_TO_OPTION", 1),
                ("b", "EQUAL_TO_OPTION", 2),
            ],
        ),
        ("a == 1 && b == 2", "all", [("a", "EQUAL_TO_OPTION", 1), ("b", "EQUAL_TO_OPTION", 2)]),
        (
            "!(a == 1 || b == 2)",
            "all",
            [("a", "NOT_EQUAL_TO_OPTION", 1), ("b", "NOT_EQUAL_TO_OPTION", 2)],
        ),
        ("a == 7 || a == 1", "any", [("a", "EQUAL_TO_OPTION", 1)]),
        ("a == 7 || b == 1", "any", [("b", "EQUAL_TO_OPTION", 1)]),
        ("sex == 'f'", "any", [("sex", "EQUAL_TO_OPTION", 1)]),
        ("multi == 2", "any", [("multi", "INCLUDES_OPTION", 2)]),
        ("multi.includes(2)", "any", [("multi", "INCLUDES_OPTION", 2)]),
        ("!multi.includes(2)", "any", [("multi", "NOT_INCLUDES_OPTION", 2)]),
        ("slide > 3", "any", [("slide", "GREATER_THAN", 3)]),
        ("slide >= 3", "any", [("slide", "GREATER_THAN", 2)]),
        ("slide < 3", "any", [("slide", "LESS_THAN", 3)]),
        ("slide <= 2.5", "any", [("slide", "LESS_THAN", 3)]),
        ("count == 3", "any", [("count", "EQUAL", 3)]),
        ("count != -1", "any", [("count", "NOT_EQUAL", -1)]),
        ("slide > 1 && a == 1", "all", [("slide", "GREATER_THAN", 1), ("a", "EQUAL_TO_OPTION", 1)]),
    ],
)
def test_an_expression_becomes_a_condition(
    expression: str, match: str, expected: list[tuple[object, ...]]
) -> None:
    condition, imported = shown(expression)

    assert isinstance(condition, dict)
    assert (condition["match"], asked(condition)) == (match, expected)
    assert "condition_not_carried" not in codes(imported)


@pytest.mark.parametrize(
    "expression",
    [
        "a == 7",
        "a > 2",
        "a > 2 && b > 0",
        "a == 1 && a == 2",
        "a > 2 || b > 2",
        "(a == 1 && b == 1) || slide > 2",
        "a + b > 2",
        "a == b",
        "note == 1",
        "late == 1",
        "hidden == 1",
        "nobody == 1",
        "multi > 1",
        "multi == 9",
        "count == 1.5",
        "count > 99999999999",
        "a ? 1 : 0",
        "a == 1 == 2",
        "a ==",
        "(a == 1",
        "a == 1)",
        "f(a)",
        "1 == 1",
        "a.includes(1)",
        "",
        "'",
        "a == 1; b",
        "(" * 200 + "a",
        "!" * 200 + "a",
        "a > 0 ||" * 3_000 + "a > 0",
        "a" * 30_000,
        {"en": "a == 1", "de": "b"},
        7,
    ],
)
def test_what_cannot_be_said_leaves_the_item_shown_and_is_reported(expression: object) -> None:
    condition, imported = shown(expression)

    assert condition is None
    assert "condition_not_carried" in codes(imported)


def test_a_single_sign_is_read_as_equality_and_reported() -> None:
    condition, imported = shown("a = 1")

    assert asked(condition) == [("a", "EQUAL_TO_OPTION", 1)]
    assert "condition_read" in codes(imported)


@pytest.mark.parametrize("expression", [True, "true", None])
def test_an_item_that_always_shows_has_no_condition(expression: object) -> None:
    condition, imported = shown(expression)

    assert condition is None
    assert "condition_not_carried" not in codes(imported)


_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}
_parts = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "slide"]),
        st.sampled_from(sorted(_SIGNS)),
        st.integers(-1, 3),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(
    parts=_parts,
    every=st.booleans(),
    answers=st.fixed_dictionaries(
        {"a": st.integers(0, 2), "b": st.integers(0, 2), "slide": st.integers(0, 10)}
    ),
)
def test_a_condition_means_what_its_expression_means(
    parts: list[tuple[str, str, int, bool]], every: bool, answers: Mapping[str, int]
) -> None:
    texts = [
        f"!({name} {sign} {wanted})" if denied else f"{name} {sign} {wanted}"
        for name, sign, wanted, denied in parts
    ]
    names = ["a", "b", "slide"]
    schema = activity([*names, "z"], visible={"z": (" && " if every else " || ").join(texts)})
    listed, imported = read_items(schema, **{name: FIRST[name] for name in names}, z=radio(0, 1))
    if "condition" not in listed["z"]:
        assert "condition_not_carried" in codes(imported)
        return

    tree = items.normalise(items.AppletDraft.model_validate(imported.draft))
    form = items.compile_activity(rows(tree["activities"])[0])
    payload = {name: {"value": value} for name, value in answers.items()}
    stored = items.assess(form, payload).values["z"]

    results = [
        _SIGNS[sign](answers[name], wanted) != denied for name, sign, wanted, denied in parts
    ]
    assert isinstance(stored, dict)
    assert (stored["why"] == "skipped") == (all(results) if every else any(results))


def computed(**formulas: str) -> Imported:
    names = [*FIRST, "half", "PSC-1_x"]
    schema = activity(names, compute=formulas)
    half = question("radio", choices=[{"name": "x", "value": 0.5}, {"name": "y", "value": 2}])
    _, imported = read_items(schema, **FIRST, half=half, **{"PSC-1_x": radio(1, 2)})
    return imported


@pytest.mark.parametrize(
    ("formula", "calculation", "listed"),
    [
        ("a + b", "sum", ["a", "b"]),
        (" + a + b", "sum", ["a", "b"]),
        ("a", "sum", ["a"]),
        ("(a + b) / 2", "average", ["a", "b"]),
        ("0.5 * (a + b)", "average", ["a", "b"]),
        ("a / 2 + b / 2", "average", ["a", "b"]),
        ("(a + b) / 4 * 100", "percentage", ["a", "b"]),
        ("a + (2 - b)", "sum", ["a", {"item": "b", "reverse": True}]),
        ("2 - b + a - 0", "sum", [{"item": "b", "reverse": True}, "a"]),
        ("(a + 2 - b) / 2", "average", ["a", {"item": "b", "reverse": True}]),
        ("a + slide + count", "sum", ["a", "slide", "count"]),
        ("a + multi", "sum", ["a", "multi"]),
        ("half + a", "sum", ["half", "a"]),
        ("PSC-1_x + a", "sum", ["PSC_1_x", "a"]),
        ("3 - PSC-1_x", "sum", [{"item": "PSC_1_x", "reverse": True}]),
        ("Number(a) + parseInt(b)", "sum", ["a", "b"]),
        ("Math.max(a)", "sum", ["a"]),
        ("sum(a, b)", "sum", ["a", "b"]),
        ("part + b", "sum", ["a", "b"]),
    ],
)
def test_a_formula_becomes_a_score(formula: str, calculation: str, listed: list[object]) -> None:
    found = scores(computed(total=formula, part="a"))[0]

    assert found == {"name": "total", "calculation": calculation, "items": listed}


@pytest.mark.parametrize(
    "formula",
    [
        "a + 2 * b",
        "a + a",
        "a - b",
        "a + 1",
        "(a + b) / 3",
        "a * b",
        "a / b",
        "a / 0",
        "a + note",
        "a + sex",
        "a + nobody",
        "total + a",
        "loop",
        "Math.max(a, b)",
        "a > 1",
        "a ? 1 : 2",
        "7",
        "",
        "a +",
        "a * 2 * 2 * 2" + " * 2" * 60,
    ],
)
def test_a_formula_that_is_no_score_of_ours_is_reported(formula: str) -> None:
    imported = computed(total=formula, loop="loop2", loop2="loop")

    assert "total" not in [score["name"] for score in scores(imported)]
    assert any(
        entry.code == "score_not_carried" and entry.detail.startswith("total is no score")
        for entry in imported.report.entries
    )


def test_an_upload_has_only_so_much_effort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expressions, "EFFORT", 10)

    imported = computed(total="a + b + multi")

    assert any("too many expressions" in entry.detail for entry in imported.report.entries)


def test_items_that_are_counted_get_their_scores() -> None:
    imported = computed(total="half + slide")
    listed = sources.by_name(imported)

    assert [option["score"] for option in rows(sources.values(listed["half"])["options"])] == [
        0.5,
        2,
    ]
    assert sources.values(listed["slide"])["scores"] == list(range(11))
    assert "score" not in rows(sources.values(listed["a"])["options"])[0]


def test_more_activities_than_an_applet_may_have_are_reported() -> None:
    files: dict[str, object] = {}
    for number in range(201):
        files[f"f{number}/a_schema"] = activity([])

    imported = sources.read(files)

    assert len(rows(imported.draft["activities"])) == 200
    assert codes(imported) == {"activity_left_out"}
