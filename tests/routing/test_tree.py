"""The tree of addresses: as many steps as segments, and no address given to another route."""

import sys

import pytest

from src.routing.tree import Address, Tree

GET, POST = frozenset({"GET"}), frozenset({"POST"})


def tree_of(*templates: str) -> Tree[str]:
    tree: Tree[str] = Tree()
    for template in templates:
        tree.add(Address.of(template, GET), template)
    return tree


def steps(tree: Tree[str], path: str) -> int:
    """How many calls finding the path takes."""
    called = 0

    def count(*_: object) -> None:
        nonlocal called
        called += 1

    sys.setprofile(count)
    try:
        tree.find("GET", path)
    finally:
        sys.setprofile(None)
    return called


@pytest.mark.parametrize("path", ["/v1/teams", "/v1/teams/7/members", "/v1/nothing", "/", ""])
def test_three_hundred_routes_cost_no_more_than_three(path: str) -> None:
    few = ("/v1/teams", "/v1/teams/{team_id}", "/v1/teams/{team_id}/members")
    many = [f"/v1/thing{number}/{{id}}/part{number}" for number in range(300)]

    assert steps(tree_of(*many, *few), path) == steps(tree_of(*few), path)


@pytest.mark.parametrize(
    ("path", "template", "values"),
    [
        ("/a", "/a", []),
        ("/a/b", "/a/b", []),
        ("/a/c", "/a/{one}", ["c"]),
        ("/a/c/d/e", "/a/{one}/d/{two}", ["c", "e"]),
        ("/a/é\n", "/a/{one}", ["é\n"]),
    ],
)
def test_an_address_is_found_with_its_values(path: str, template: str, values: list[str]) -> None:
    tree = tree_of("/a", "/a/b", "/a/{one}", "/a/{one}/d/{two}")

    assert tree.find("GET", path) == (template, values)


@pytest.mark.parametrize("path", ["", "/", "a", "/a/", "//a", "/a//d/e", "/a/c/d/", "/a/b/c", "/A"])
def test_what_is_no_address_of_the_tree_is_not_found(path: str) -> None:
    assert tree_of("/a", "/a/b", "/a/{one}", "/a/{one}/d/{two}").find("GET", path) is None


def test_another_method_is_not_found() -> None:
    assert tree_of("/a").find("POST", "/a") is None


def test_a_name_that_leads_to_nothing_is_not_taken_for_a_parameter() -> None:
    tree = tree_of("/a/{one}")
    tree.add(Address.of("/a/b", GET), None)

    assert tree.find("GET", "/a/b") is None


@pytest.mark.parametrize(
    ("earlier", "later", "is_hiding"),
    [
        (Address.of("/a/{one}", GET), Address.of("/a/b", GET), True),
        (Address.of("/a/b", GET), Address.of("/a/{one}", GET), False),
        (Address.of("/a/{one}", GET), Address.of("/a/{other}", GET), True),
        (Address.of("/a/{one}", GET), Address.of("/a/b", POST), False),
        (Address.of("/a/{one}"), Address.of("/a/b", POST), True),
        (Address.of("/a/{one}", GET), Address.of("/a/b/c", GET), False),
        (Address.of("/{one}/b", GET), Address.of("/a/{two}", GET), True),
        (Address.of("/a/{two}", GET), Address.of("/{one}/b", GET), False),
        (Address.below("/a/{rest:path}"), Address.of("/a/b", GET), True),
        (Address.below("/a/{rest:path}"), Address.of("/{one}/b", GET), True),
        (Address.below("/a/{rest:path}", POST), Address.of("/a/b", GET), False),
        (Address.below("/a/{rest:path}"), Address.of("/b/c", GET), False),
        (Address.of("/a/{one}.json", GET), Address.of("/a/b", GET), True),
    ],
)
def test_the_order_of_declaration_decides(
    earlier: Address, later: Address, is_hiding: bool
) -> None:
    assert earlier.is_hiding(later) is is_hiding
