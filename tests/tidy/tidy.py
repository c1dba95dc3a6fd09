#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Looks at the tree's house rules and prints a line for each place that breaks one.

Called by ./dev tidy, and by test_tidy.py, which also tries each rule on small bad examples. What is
allowed is in the tables at the top; the layers are ARCHITECTURE.md's.
"""
from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cpp

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
COLUMNS_MAX = 100

# Which layers a layer may include, besides itself.
_COMMAND = {"base", "ops", "config", "secure", "net", "wire", "transport", "tunnel", "screen"}
LAYERS: dict[str, set[str]] = {
    "base": set(),
    "ops": {"base"},
    "config": {"base"},
    "secure": {"base"},
    "net": {"base", "ops"},
    "wire": {"base"},
    "transport": {"base", "ops", "config", "net", "wire"},
    "tunnel": {"base", "ops", "net", "secure", "wire"},
    "screen": {"base", "ops", "config", "net", "tunnel"},
    "admin": {"base", "ops", "config", "net"},
    "router": {"base", "ops", "config", "net", "secure", "wire", "transport", "admin"},
    "share": _COMMAND,
    "connect": _COMMAND,
    "list": _COMMAND,
    "doctor": _COMMAND,
    "cli": {"base", "ops", "config", "router", "share", "connect", "list", "doctor"},
}

# Where a third-party header may be included: a layer, one of its files, or "tests". The tests of a
# layer may include what the layer may. The first pattern that fits decides.
HOMES: list[tuple[str, set[str]]] = [
    (r"asio[./]", {"net"}),
    (r"nlohmann/", {"config/json.h", "config/json.cc"}),
    (r"cxxopts", {"cli"}),
    (r"event2/", {"admin"}),
    (r"openssl/", {"secure", "transport"}),
    (r"(grpc|grpcpp)/|.*\.grpc\.pb\.h$", {"transport", "router"}),
    (r"google/protobuf/|.*\.pb\.h$", {"transport", "router", "tests"}),
    (r"absl/synchronization/", {"transport/grpc_setup.cc"}),
    (r"absl/", {"base"}),
    (r"(doctest|benchmark)/", {"tests"}),
]
# Of the standard library and the system: <vector>, <poll.h>, <sys/socket.h>.
STANDARD = re.compile(r"[a-z_0-9]+(\.h)?|(sys|netinet|arpa|net|linux)/[a-z_0-9]+\.h")

SLEEP_CPP = re.compile(r"\b(?:sleep|usleep|nanosleep|clock_nanosleep|sleep_for|sleep_until)\s*\(")
SLEEP_PYTHON = re.compile(r"\b(?:time|asyncio)\s*\.\s*sleep\b|\bimport\b.*\bsleep\b")

HAS_SPDX = {".cc", ".h", ".py", ".proto", ".build", ".sh", ".yaml", ".service", ".wrap"}
HAS_SPDX_NAMES = {"dev", "run", "Containerfile", "meson_options.txt"}
SIZED = {".cc", ".h", ".py", ""}


@dataclass(frozen=True)
class Violation:
    """One place that breaks a rule."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


Found = Iterator[tuple[int, str]]  # line, what is wrong there


@dataclass
class File:
    """One file of the tree; `path` counts from the tree's root."""

    path: str
    source: str
    layer: str = ""  # its own for src/net/loop.cc and tests/unit/net/loop_test.cc, else ""
    name: str = ""  # "net/loop.cc" in src and in proto, as an include says it
    tree: dict[str, str] = field(default_factory=dict)  # all of it: {path: source}

    @cached_property
    def lines(self) -> list[str]:
        """Its lines, without their ends."""
        return self.source.splitlines()

    @cached_property
    def is_cpp(self) -> bool:
        """Is it C++?"""
        return self.path.endswith((".cc", ".h"))

    @cached_property
    def is_test(self) -> bool:
        """Does it belong to the tests?"""
        return self.path.startswith("tests/")

    @cached_property
    def is_source(self) -> bool:
        """Is it C++ of a layer?"""
        return self.is_cpp and self.path.startswith("src/") and bool(self.layer)


# ---- rules for every file


def licence(file: File) -> Found:
    """The first line, or the one after #!, names the licence."""
    path = Path(file.path)
    if path.suffix not in HAS_SPDX and path.name not in HAS_SPDX_NAMES:
        return
    first = 1 if file.source.startswith("#!") else 0
    if "SPDX-License-Identifier: MIT" not in "".join(file.lines[first : first + 1]):
        yield first + 1, "this line must be: SPDX-License-Identifier: MIT"


def unfinished(file: File) -> Found:
    """Nothing is left for now."""
    for number, line in enumerate(file.lines, 1):
        if "TODO" + "(now)" in line:
            yield number, "do it now"


def file_size(file: File) -> Found:
    """A file is one screenful of one thing."""
    if Path(file.path).suffix in SIZED and len(file.lines) > FILE_LINES_MAX:
        yield FILE_LINES_MAX + 1, f"the file has {len(file.lines)} lines, over {FILE_LINES_MAX}"


def function_size(file: File) -> Found:
    """A function fits a screen."""
    for name, line, lines in _functions(file):
        if lines > FUNCTION_LINES_MAX:
            yield line, f"{name} has {lines} lines, over {FUNCTION_LINES_MAX}"


def sleep(file: File) -> Found:
    """A test waits for what it needs, not for a while."""
    if not file.is_test:
        return
    code, pattern = file.source, SLEEP_PYTHON
    if file.is_cpp:
        code, pattern = cpp.without_comments_and_texts(code), SLEEP_CPP
    elif file.path.endswith(".py"):
        code = _python_code(code)
    else:
        return
    for found in pattern.finditer(code):
        yield cpp.line_of(code, found.start()), "a test does not sleep: wait for an event or a line"


# ---- rules for C++


def columns(file: File) -> Found:
    """A line fits a window; an address that does not is not broken."""
    for number, line in enumerate(file.lines, 1):
        if file.is_cpp and len(line) > COLUMNS_MAX and "://" not in line:
            yield number, f"the line has {len(line)} columns, over {COLUMNS_MAX}"


def layers(file: File) -> Found:
    """A layer includes only the layers below it."""
    if not file.is_source:
        return
    if file.layer not in LAYERS:
        yield 1, f"src/{file.layer} is no layer"
        return
    for line, name in _own_includes(file):
        layer = name.split("/")[0]
        is_there = f"src/{name}" in file.tree
        if is_there and layer not in LAYERS[file.layer] | {file.layer}:
            yield line, f'"{name}": {file.layer} may not include {layer}'


def include_paths(file: File) -> Found:
    """An include of ours is its path from src/, and the file is there."""
    if not file.is_source:
        return
    for line, name in _own_includes(file):
        if not name.endswith(".pb.h") and f"src/{name}" not in file.tree:
            yield line, f'"{name}": there is no src/{name}'


def homes(file: File) -> Found:
    """A third-party header has a home, and no other layer includes it."""
    if not file.is_cpp:
        return
    for line, quoted in cpp.includes(file.source):
        name = quoted[1:-1]
        if quoted.startswith('"') and not name.endswith(".pb.h"):
            continue
        home = next((home for pattern, home in HOMES if re.match(pattern, name)), None)
        if home is None:
            if not STANDARD.fullmatch(name):
                yield line, f"{name} has no home: tests/tidy/tidy.py lists the packages"
        elif not home & {file.layer, file.name, "tests" if file.is_test else file.layer}:
            yield line, f"{name} belongs in {' and '.join(sorted(home))}"


def namespace(file: File) -> Found:
    """The namespace is the folder."""
    if not file.is_source:
        return
    names = cpp.namespaces(file.source)
    # Others may be opened to declare a name of theirs: namespace asio { class io_context; }
    for line, name in names:
        if name.startswith("mm::") and name != f"mm::{file.layer}":
            yield line, f"namespace {name} in the folder of mm::{file.layer}"
    is_empty = not cpp.code(file.source).strip()  # nothing but macros
    if not is_empty and f"mm::{file.layer}" not in [name for _, name in names]:
        yield 1, f"there is no namespace mm::{file.layer}"


def header(file: File) -> Found:
    """A header is read once, and opens no namespace to those who include it."""
    if not file.path.endswith(".h"):
        return
    code = cpp.without_comments_and_texts(file.source)
    if not re.search(r"^#pragma once$", code, re.MULTILINE):
        yield 1, "a header has #pragma once"
    for found in re.finditer(r"\busing\s+namespace\b", code):
        yield cpp.line_of(code, found.start()), "using namespace in a header"


def own_header_first(file: File) -> Found:
    """foo.cc includes foo.h first: that proves that foo.h needs nothing before it."""
    own = re.sub(r"\.cc$", ".h", file.name)
    if not file.is_source or not file.name.endswith(".cc") or f"src/{own}" not in file.tree:
        return
    included = cpp.includes(file.source)
    if not included or included[0][1] != f'"{own}"':
        yield included[0][0] if included else 1, f'"{own}" must be included first'


def unique_names(file: File) -> Found:
    """What is compiled at once, a layer or its tests: no file may hide, or overload, another's name."""
    if not file.layer or not file.path.endswith(".cc"):
        return
    folder = Path(file.path).parent
    for path, source in file.tree.items():
        if path == file.path or Path(path).parent != folder or not path.endswith(".cc"):
            continue
        others = {name for _, name in cpp.unnamed(source)} | set(cpp.used(source))
        for line, name in cpp.unnamed(file.source):
            if name in others:
                yield line, f"{name}() is a name in {path}, too"


RULES: list[Callable[[File], Found]] = [
    licence, unfinished, file_size, function_size, sleep, columns, layers, include_paths, homes,
    namespace, header, own_header_first, unique_names,
]  # fmt: skip


# ---- what the rules share


def _own_includes(file: File) -> list[tuple[int, str]]:
    return [(line, name[1:-1]) for line, name in cpp.includes(file.source) if name[0] == '"']


def _functions(file: File) -> Iterator[tuple[str, int, int]]:
    """Name, line and number of lines of each function, in C++, Python and bash."""
    if file.is_cpp:
        for found in cpp.functions(file.source):
            yield found.name, found.line, found.lines
    elif file.path.endswith(".py"):
        for node in ast.walk(ast.parse(file.source)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name, node.lineno, (node.end_lineno or 0) - node.lineno + 1
    elif file.source.startswith("#!/bin/bash"):
        for match in re.finditer(r"^(\w+)\(\) \{\n.*?^\}", file.source, re.MULTILINE | re.DOTALL):
            line = cpp.line_of(file.source, match.start())
            yield match.group(1), line, match.group().count("\n") + 1


def _python_code(source: str) -> str:
    """The lines of a Python file without comments and texts."""
    lines: dict[int, list[str]] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER):
            lines.setdefault(token.start[0], []).append(token.string)
    return "\n".join(" ".join(lines.get(n, [])) for n in range(1, source.count("\n") + 2))


def _file(path: str, source: str, tree: dict[str, str]) -> File:
    parts = Path(path).parts
    layer = name = ""
    if len(parts) > 2 and parts[0] == "src":
        layer, name = parts[1], "/".join(parts[1:])
    elif len(parts) > 3 and parts[:2] == ("tests", "unit"):
        layer = parts[2]
    return File(path, source, layer, name, tree)


def violations(tree: dict[str, str]) -> list[Violation]:
    """Every violation in a tree of {path: source}."""
    found = []
    for path, source in sorted(tree.items()):
        file = _file(path, source, tree)
        for rule in RULES:
            found += [Violation(path, line, text) for line, text in rule(file)]
    return found


def read_tree(root: Path) -> dict[str, str]:
    """The files of the repository that have rules."""
    tree = {}
    for top in ["src", "tests", "proto", "container", "subprojects", ".ci", "dev", "meson.build"]:
        place = root / top
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            inside = path.relative_to(root)
            not_ours = (".pytest", "__pycache__", "corpus")  # corpus: a fuzzer's, of any bytes
            is_ours = not any(part.startswith(not_ours) for part in inside.parts)
            if path.is_file() and is_ours and path.suffix != ".pyc":
                tree[str(inside)] = path.read_text(encoding="utf-8")
    return tree


def main() -> int:
    """Prints what is wrong with this repository."""
    found = violations(read_tree(Path(__file__).resolve().parents[2]))
    for violation in found:
        print(violation)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
