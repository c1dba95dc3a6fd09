# SPDX-License-Identifier: MIT
"""Reads C++ just well enough for the house rules: code without comments and texts, its includes,
its namespaces, and where its functions begin and end. Called by tidy.py; knows no rule.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

# What may hide a brace: comments, raw strings, strings, characters (but not the ' in 1'000).
_HIDDEN = re.compile(
    r"""
    //(?:[^\n\\]|\\.|\\\n)*
    | /\*.*?\*/
    | \b(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"
    | "(?:[^"\\\n]|\\.|\\\n)*"
    | (?<![0-9a-zA-Z_])(?:u8|[uUL])?'(?:[^'\\\n]|\\.)+'
    """,
    re.DOTALL | re.VERBOSE,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"][^>"\n]+[>"])', re.MULTILINE)
_NAMESPACE = re.compile(r"\bnamespace\b\s*([\w:]*)\s*$")
_TYPE = re.compile(r"^(?:typedef\s+)?(?:class|struct|union|enum)\b")
_ATTRIBUTES = re.compile(r"\[\[.*?\]\]|\balignas\s*\([^()]*\)", re.DOTALL)
_CONSTRUCTOR = re.compile(r"\)\s*(?:noexcept\s*)?:(?!:)")
_MEMBER = re.compile(r"[\w>]\s*$")
_ACCESS = re.compile(r"\b(?:public|private|protected)\s*:(?!:)")
_USING = re.compile(r"\busing\s+(?:\w+::)+(\w+)\s*;")
_NAME = re.compile(r"((?:operator\s*)?[^\s()]+)\s*\(")


@dataclass(frozen=True)
class Function:
    """A function, or a test case; lambdas belong to the function that holds them."""

    name: str
    line: int  # of its first word, counted from 1
    lines: int  # up to and with its closing brace


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found.group())


def without_comments_and_texts(source: str) -> str:
    """The same lines and columns, with spaces where comments and texts were."""
    return _HIDDEN.sub(_blank, source)


def code(source: str) -> str:
    """The same without directives: #include, #define and the like."""
    return _DIRECTIVE.sub(_blank, without_comments_and_texts(source))


def includes(source: str) -> list[tuple[int, str]]:
    """(line, "<vector>" or '"net/loop.h"') of each include."""
    # What a comment hides is blank; but so is "net/loop.h", which is therefore read in the source.
    blanked = without_comments_and_texts(source)
    return [
        (line_of(source, found.start(1)), found.group(1))
        for found in _INCLUDE.finditer(source)
        if "#" in blanked[found.start() : found.end()]
    ]


def line_of(text: str, position: int) -> int:
    """The line that a position is in, counted from 1."""
    return text.count("\n", 0, position) + 1


def namespaces(source: str) -> list[tuple[int, str]]:
    """(line, name) of each namespace that is opened; "" for one without a name."""
    found = []
    for scope in _scopes(source):
        if scope.kind == "namespace":
            name = _NAMESPACE.search(scope.head)
            found.append((scope.line, name.group(1) if name else ""))
    return found


def functions(source: str) -> list[Function]:
    """Every function definition, in order."""
    found = []
    for scope in _scopes(source):
        if scope.kind == "function":
            name = _NAME.search(scope.head)
            lines = scope.last_line - scope.line + 1
            found.append(Function(name.group(1) if name else "?", scope.line, lines))
    return found


@cache
def unnamed(source: str) -> list[tuple[int, str]]:
    """(line, name) of each function in a namespace without a name, in order."""
    scopes = list(_scopes(source))
    outer = [scope for scope in scopes if scope.kind in ("namespace", "scope")]
    found = []
    for function in functions(source):
        around = [scope for scope in outer if scope.line <= function.line <= scope.last_line]
        is_free = all(scope.kind == "namespace" for scope in around)
        if is_free and around and not _NAMESPACE.search(around[-1].head).group(1):
            found.append((function.line, function.name))
    return found


@cache
def used(source: str) -> list[str]:
    """The names that using-declarations bring in: b of using a::b."""
    return _USING.findall(code(source))


@dataclass(frozen=True)
class _Scope:
    kind: str
    head: str  # what stands before its brace
    line: int
    last_line: int


def _scopes(source: str) -> Iterator[_Scope]:
    """Every brace outside functions, with what it opens. The inside of a function is skipped."""
    text = _ACCESS.sub(lambda found: _blank(found)[1:] + ";", code(source))
    head_start = 0
    position = 0
    while position < len(text):
        if text[position] in ";}":
            head_start = position + 1
        elif text[position] == "{":
            head = text[head_start:position]
            kind = _kind(head)
            end = _matching_brace(text, position)
            first = head_start + len(head) - len(head.lstrip())
            yield _Scope(kind, head, line_of(text, first), line_of(text, end))
            if kind in ("function", "value"):
                position = end
            if kind != "value":
                head_start = position + 1
        position += 1


def _matching_brace(text: str, opening: int) -> int:
    """The position of the brace that closes the one at `opening`, or of the text's end."""
    depth = 0
    for position in range(opening, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position
    return len(text) - 1


def _without_templates(head: str) -> str:
    """Drops attributes, and each `template <…>` in front."""
    head = _ATTRIBUTES.sub(" ", head).strip()
    while head.startswith("template"):
        depth = 0
        for position, character in enumerate(head):
            depth += {"<": 1, ">": -1}.get(character, 0)
            if character == ">" and depth == 0:
                head = head[position + 1 :].strip()
                break
        else:
            return head
    return head


def _kind(head: str) -> str:
    """What the brace after `head` opens: a namespace, a (type's) scope, a function or a value."""
    if _NAMESPACE.search(head):
        return "namespace"
    head = _without_templates(head)
    if _TYPE.match(head) or head == "extern":  # extern "C"
        return "scope"
    if "(" not in head or head.endswith("=") or head.count("(") != head.count(")"):
        return "value"
    if _CONSTRUCTOR.search(head) and _MEMBER.search(head):
        return "value"
    return "function"
