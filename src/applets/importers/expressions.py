"""The small part of JavaScript that questionnaires use, as a tree.

A tree node is a tuple whose first part is its kind:

    ("number", 2.0)  ("string", "a")  ("name", "q1")  ("negative", x)  ("not", x)
    ("+", [x, ...])  ("-", x, y)  ("*", x, y)  ("/", x, y)
    ("==", x, y)  ("!=", x, y)  (">", x, y)  (">=", x, y)  ("<", x, y)  ("<=", x, y)
    ("and", [x, ...])  ("or", [x, ...])  ("call", "Math.max", [x, ...])

Everything else is `Unreadable`. Names may be anything that the questionnaire calls its variables,
also what is no name in JavaScript (`PSC-17_1`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Tree: TypeAlias = tuple[object, ...]

LENGTH = 10_000
EFFORT = 50_000_000
_DEPTH = 40

_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"(?:\d{1,15}(?:\.\d{0,6})?|\.\d{1,6})(?![\w.])", re.ASCII)
_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*", re.ASCII)
_STRING = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_SIGN = re.compile(r"===|!==|==|!=|>=|<=|&&|\|\||[-+*/()<>!=,]")
_COMPARED = {
    "===": "==",
    "==": "==",
    "=": "==",
    "!==": "!=",
    "!=": "!=",
    ">": ">",
    ">=": ">=",
    "<": "<",
    "<=": "<=",
}


class Unreadable(ValueError):
    """The expression is outside the part of JavaScript that is read."""


class Effort:
    """What an upload may spend on its expressions, so that a hostile one ends soon."""

    def __init__(self) -> None:
        self._left = EFFORT

    def spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise Unreadable("the upload has too many expressions")


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str


def is_unusual(name: str) -> bool:
    """Tell whether JavaScript would not take this for a name."""
    return _NAME.fullmatch(name) is None


def parse(text: str, unusual: Sequence[str], effort: Effort) -> Tree:
    """Return the tree of an expression, knowing the variables of an unusual name."""
    if len(text) > LENGTH:
        raise Unreadable("it is too long")
    effort.spend(len(text) + 100 * len(unusual))
    parser = _Parser(_tokens(text, unusual))
    tree = parser.choice(0)
    if parser.peek().kind != "end":
        raise Unreadable(f"{parser.peek().text[:20]!r} is not understood")
    return tree


def _tokens(text: str, unusual: Sequence[str]) -> list[Token]:
    present = sorted((name for name in unusual if name in text), key=len, reverse=True)[:500]
    known = re.compile(
        "|".join(rf"(?<![\w$]){re.escape(name)}(?![\w$])" for name in present) or r"(?!)", re.ASCII
    )
    found: list[Token] = []
    position = _end_of_space(text, 0)
    while position < len(text):
        token, position = _token(text, position, known)
        found.append(token)
        position = _end_of_space(text, position)
    return found


def _end_of_space(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return position if space is None else space.end()


def _token(text: str, position: int, known: re.Pattern[str]) -> tuple[Token, int]:
    for kind, pattern in (
        ("name", known),
        ("number", _NUMBER),
        ("name", _NAME),
        ("string", _STRING),
        ("sign", _SIGN),
    ):
        match = pattern.match(text, position)
        if match is not None:
            value = match.group()[1:-1] if kind == "string" else match.group()
            return Token(kind, value), match.end()
    raise Unreadable(f"{text[position : position + 20]!r} is not understood")


class _Parser:
    """Recursive descent; chains of one operator stay flat, so that long sums do not nest."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else Token("end", "")

    def _take(self, *signs: str) -> str | None:
        token = self.peek()
        if token.kind == "sign" and token.text in signs:
            self._at += 1
            return token.text
        return None

    def choice(self, depth: int) -> Tree:
        if depth > _DEPTH:
            raise Unreadable("it is nested too deeply")
        parts = [self._both(depth)]
        while self._take("||"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else ("or", parts)

    def _both(self, depth: int) -> Tree:
        parts = [self._comparison(depth)]
        while self._take("&&"):
            parts.append(self._comparison(depth))
        return parts[0] if len(parts) == 1 else ("and", parts)

    def _comparison(self, depth: int) -> Tree:
        left = self._sum(depth)
        sign = self._take(*_COMPARED)
        if sign is None:
            return left
        tree = (_COMPARED[sign], left, self._sum(depth))
        if self._take(*_COMPARED):
            raise Unreadable("two comparisons follow each other")
        return tree

    def _sum(self, depth: int) -> Tree:
        self._take("+")
        terms = [self._product(depth)]
        while (sign := self._take("+", "-")) is not None:
            self._take("+")
            term = self._product(depth)
            terms.append(("negative", term) if sign == "-" else term)
        return terms[0] if len(terms) == 1 else ("+", terms)

    def _product(self, depth: int) -> Tree:
        tree = self._single(depth)
        factors = 0
        while (sign := self._take("*", "/")) is not None:
            factors += 1
            if factors > _DEPTH:
                raise Unreadable("it has too many factors")
            tree = (sign, tree, self._single(depth))
        return tree

    def _single(self, depth: int) -> Tree:
        if depth > _DEPTH:
            raise Unreadable("it is nested too deeply")
        if self._take("!"):
            return ("not", self._single(depth + 1))
        if self._take("-"):
            return ("negative", self._single(depth + 1))
        if self._take("("):
            tree = self.choice(depth + 1)
            self._close()
            return tree
        token = self.peek()
        self._at += 1
        if token.kind == "number":
            return ("number", float(token.text))
        if token.kind == "string":
            return ("string", token.text)
        if token.kind == "name":
            return self._named(token.text, depth)
        raise Unreadable(
            "it ends too early" if token.kind == "end" else f"{token.text!r} is misplaced"
        )

    def _named(self, name: str, depth: int) -> Tree:
        if name in {"true", "false"}:
            return ("number", float(name == "true"))
        if self._take("(") is None:
            return ("name", name)
        arguments: list[Tree] = []
        if self._take(")") is None:
            arguments.append(self.choice(depth + 1))
            while self._take(","):
                arguments.append(self.choice(depth + 1))
            self._close()
        return ("call", name, arguments)

    def _close(self) -> None:
        if self._take(")") is None:
            raise Unreadable("a bracket is not closed")
