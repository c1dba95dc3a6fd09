# SPDX-License-Identifier: MIT
"""Each house rule on small bad examples and on good ones that look bad; and the tree itself."""
from __future__ import annotations

from pathlib import Path

import cpp
import pytest
import tidy

ROOT = Path(__file__).resolve().parents[2]
SPDX = "// SPDX-License-Identifier: MIT\n"
TREE = {
    "src/net/loop.h": SPDX + "#pragma once\nnamespace mm::net {}\n",
    "src/wire/frame.h": SPDX + "#pragma once\nnamespace mm::wire {}\n",
    "src/base/status.h": SPDX + "#pragma once\nnamespace mm::base {}\n",
    "src/share/command.h": SPDX + "#pragma once\nnamespace mm::share {}\n",
}


def found_in(path: str, source: str) -> list[str]:
    """What is wrong with a file of this source in a small tree: "line: text"."""
    found = tidy.violations(TREE | {path: source})
    return [f"{violation.line}: {violation.text}" for violation in found]


def body(lines: int) -> str:
    """That many lines of statements."""
    return "  work();\n" * lines


# ---- the tree


@pytest.mark.parametrize("rule", tidy.RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "RULES", [rule])
    found = tidy.violations(tidy.read_tree(ROOT))
    assert not found, "\n" + "\n".join(map(str, found))


def test_the_layer_table_has_no_circle() -> None:
    done: set[str] = set()
    while len(done) < len(tidy.LAYERS):
        ready = {layer for layer, below in tidy.LAYERS.items() if below <= done} - done
        assert ready, f"a circle among {set(tidy.LAYERS) - done}"
        done |= ready


def test_every_folder_of_src_is_a_layer() -> None:
    folders = {place.name for place in (ROOT / "src").iterdir() if place.is_dir()}
    assert folders <= set(tidy.LAYERS)
    source = SPDX + "namespace mm::web {}\n"
    assert found_in("src/web/a.cc", source) == ["1: src/web is no layer"]


# ---- includes

INCLUDES = [
    ("src/wire/a.cc", '"net/loop.h"', '2: "net/loop.h": wire may not include net'),
    ("src/net/a.cc", '"wire/frame.h"', '2: "wire/frame.h": net may not include wire'),
    ("src/connect/a.cc", '"share/command.h"', '2: "share/command.h": connect may not include share'),
    ("src/wire/a.cc", '"web/page.h"', '2: "web/page.h": there is no src/web/page.h'),
    ("src/wire/a.cc", '"base/nothing.h"', '2: "base/nothing.h": there is no src/base/nothing.h'),
    ("src/net/a.cc", '"loop.h"', '2: "loop.h": there is no src/loop.h'),
    ("src/wire/a.cc", "<asio/post.hpp>", "2: asio/post.hpp belongs in net"),
    ("src/wire/a.cc", "<asio.hpp>", "2: asio.hpp belongs in net"),
    ("src/cli/a.cc", "<nlohmann/json.hpp>", "2: nlohmann/json.hpp belongs in config/json.cc and "),
    ("src/config/a.cc", "<nlohmann/json.hpp>", "2: nlohmann/json.hpp belongs in config/json.cc "),
    ("src/config/a.cc", "<cxxopts.hpp>", "2: cxxopts.hpp belongs in cli"),
    ("src/net/a.cc", "<openssl/ssl.h>", "2: openssl/ssl.h belongs in secure and transport"),
    ("src/share/a.cc", "<grpcpp/channel.h>", "2: grpcpp/channel.h belongs in router and transport"),
    ("src/share/a.cc", '"control.grpc.pb.h"', "2: control.grpc.pb.h belongs in router and transp"),
    ("src/wire/a.cc", '"proxy.pb.h"', "2: proxy.pb.h belongs in router and tests and transport"),
    ("src/net/a.cc", "<absl/status/status.h>", "2: absl/status/status.h belongs in base"),
    ("src/net/a.cc", "<doctest/doctest.h>", "2: doctest/doctest.h belongs in tests"),
    ("src/net/a.cc", "<boost/any.hpp>", "2: boost/any.hpp has no home"),
    ("tests/unit/wire/a_test.cc", "<openssl/ssl.h>", "2: openssl/ssl.h belongs in secure and"),
]


@pytest.mark.parametrize(("path", "included", "text"), INCLUDES)
def test_an_include_that_the_tables_do_not_allow(path: str, included: str, text: str) -> None:
    layer = path.split("/")[1]
    source = f"{SPDX}#include {included}\nnamespace mm::{layer} {{}}\n"
    found = found_in(path, source)
    assert len(found) == 1
    assert found[0].startswith(text)


@pytest.mark.parametrize(
    ("path", "included"),
    [
        ("src/net/a.cc", '"base/status.h"'),
        ("src/net/a.cc", '"net/loop.h"'),
        ("src/net/a.cc", "<asio/post.hpp>"),
        ("src/net/a.cc", "<sys/socket.h>"),
        ("src/net/a.cc", "<unordered_map>"),
        ("src/config/json.cc", "<nlohmann/json.hpp>"),
        ("src/router/a.cc", '"control.grpc.pb.h"'),
        ("tests/unit/wire/a_test.cc", '"proxy.pb.h"'),
        ("tests/unit/transport/a_test.cc", "<openssl/ssl.h>"),
        ("tests/unit/wire/a_test.cc", "<doctest/doctest.h>"),
        ("src/wire/a.cc", '"base/status.h"  // not "net/loop.h"\n// #include "net/loop.h"'),
    ],
)
def test_an_include_that_the_tables_allow(path: str, included: str) -> None:
    layer = path.split("/")[1]
    assert found_in(path, f"{SPDX}#include {included}\nnamespace mm::{layer} {{}}\n") == []


def test_the_own_header_comes_first() -> None:
    source = f'{SPDX}#include <vector>\n#include "net/loop.h"\nnamespace mm::net {{}}\n'
    assert found_in("src/net/loop.cc", source) == ['2: "net/loop.h" must be included first']


# ---- sizes

LONG_FUNCTIONS = {
    "function": "void f() {\n%s}\n",
    "member": "Status Loop::f(int a) const noexcept {\n%s}\n",
    "constructor": "Loop::Loop(int a) : a_{a}, b_(a) {\n%s}\n",
    "constructor that ends in a brace": "Loop::Loop(int a) : b_(a), a_{a} {\n%s}\n",
    "template": "template <class T, class U>\nT f(U u) {\n%s}\n",
    "trailing return": "auto f() -> std::vector<int> {\n%s}\n",
    "in a class": "class A final : public B {\n public:\n  A() : a_{1} {\n%s  }\n  int a_{2};\n};\n",
    "after a default": "class A {\n  int a_ = 0;\n  B b_{{1, 2}};\n  void f() {\n%s  }\n};\n",
    "lambda within": "void f() {\n  g([this] {\n%s  });\n}\n",
    "lambda as a default": "void f(std::function<void()> g = [] {}) {\n%s}\n",
    "test case": 'TEST_CASE("a: brace { in a text") {\n%s}\n',
    "braces in comments": "void f() {  // }\n  /* } */ char c = '}'; auto s = R\"(})\";\n%s}\n",
    "digits apart": "void f() {\n  int a = 1'000;\n%s  int b = 1'000;\n}\n",
    "operator": "bool operator()(int a) {\n%s}\n",
}


@pytest.mark.parametrize("source", LONG_FUNCTIONS.values(), ids=LONG_FUNCTIONS.keys())
def test_a_long_function_is_found(source: str) -> None:
    frame = source.count("\n")
    (found,) = [found for found in cpp.functions(source % body(60)) if found.lines > 60]
    (short,) = [found for found in cpp.functions(source % body(5)) if found.lines > 5]
    assert found.lines - short.lines == 55
    assert short.lines - 5 <= frame


@pytest.mark.parametrize(
    "source",
    [
        "const Row kTable[] = {\n%s};\n",
        "class A {\n%s};\n",
        "enum class A : int {\n%s};\n",
        "namespace mm::net {\n%s}  // namespace mm::net\n",
        "namespace {\n%s}\n",
        'extern "C" {\n%s}\n',
        "template <class F = void()>\nstruct A : B<F> {\n%s};\n",
        "#define F(a) { \\\n  a\n%s",
    ],
)
def test_what_is_long_but_no_function(source: str) -> None:
    lines = "  int a;\n" if "class" in source or "namespace" in source else "  {1},\n"
    assert [f for f in cpp.functions(source % (lines * 80)) if f.lines > 60] == []


def test_long_functions_of_python_and_bash_are_found() -> None:
    python = "# SPDX-License-Identifier: MIT\ndef f():\n" + "    work()\n" * 60
    assert found_in("tests/a.py", python) == ["2: f has 61 lines, over 60"]
    bash = "#!/bin/bash\n# SPDX-License-Identifier: MIT\nf() {\n" + "  work\n" * 60 + "}\n"
    assert found_in("dev", bash) == ["3: f has 62 lines, over 60"]


def test_a_long_file_and_a_long_line_are_found() -> None:
    lines = "int a;\n" * 400
    assert found_in("tests/a.cc", SPDX + lines) == ["401: the file has 401 lines, over 400"]
    assert found_in("tests/a.cc", SPDX + "/" * 101) == ["2: the line has 101 columns, over 100"]
    assert found_in("tests/a.cc", SPDX + "// https://" + "a" * 100) == []


# ---- the rest


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tests/a.cc", "void f() { sleep(1); }"),
        ("tests/a.cc", "void f() { std::this_thread::sleep_for(1s); }"),
        ("tests/a.cc", "void f() { usleep (1); }"),
        ("tests/a.py", "import time\ntime.sleep(1)"),
        ("tests/a.py", "import asyncio\nasync def f():\n    await asyncio.sleep(1)"),
        ("tests/a.py", "from time import monotonic, sleep"),
    ],
)
def test_a_sleep_in_a_test_is_found(path: str, source: str) -> None:
    comment = "//" if path.endswith(".cc") else "#"
    found = found_in(path, f"{comment} SPDX-License-Identifier: MIT\n{source}\n")
    assert len(found) == 1
    assert "does not sleep" in found[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tests/a.cc", 'void f() { say("sleep(1)"); }  // no sleep(1)'),
        ("tests/a.py", 'say("time.sleep(1)")  # no time.sleep(1)'),
        ("src/net/a.cc", "namespace mm::net { void f() { sleep(1); } }"),
    ],
)
def test_what_looks_like_a_sleep_in_a_test(path: str, source: str) -> None:
    comment = "//" if path.endswith(".cc") else "#"
    assert found_in(path, f"{comment} SPDX-License-Identifier: MIT\n{source}\n") == []


def test_a_file_without_a_licence_is_found() -> None:
    assert found_in("tests/a.py", "pass\n") == ["1: this line must be: SPDX-License-Identifier: MIT"]
    assert found_in("tests/a.py", "#!/usr/bin/python3\n# SPDX-License-Identifier: MIT\n") == []


def test_what_is_left_for_now_is_found() -> None:
    source = SPDX + "// TODO" + "(now): finish\n"
    assert found_in("tests/a.cc", source) == ["2: do it now"]


def test_a_header_has_pragma_once_and_opens_no_namespace() -> None:
    source = SPDX + "// #pragma once\nusing namespace std;\n"
    assert found_in("tests/a.h", source) == [
        "1: a header has #pragma once",
        "3: using namespace in a header",
    ]


@pytest.mark.parametrize("folder", ["src/net", "tests/unit/net"])
def test_a_name_that_another_file_of_the_layer_or_of_its_tests_has(folder: str) -> None:
    ours = SPDX + "namespace mm::net {\nnamespace {\nint one() { return 1; }\n}\n%s\n}\n"
    other = f"{folder}/other.cc"
    for more, is_found in [
        ("namespace { void one(int) {} }", True),
        ("namespace { using base::one; }", True),
        ("void A::one() {}\nvoid one(int, int) {}", False),  # which its header declares
        ("namespace { struct A { void one() {} }; }", False),
    ]:
        tree = {f"{folder}/a.cc": ours % "", other: SPDX + f"namespace mm::net {{\n{more}\n}}\n"}
        found = [str(violation) for violation in tidy.violations(tree)]
        expected = f"{folder}/a.cc:4: one() is a name in {other}, too"
        assert (expected in found) == is_found, more
    assert found_in(f"{folder}/a.cc", ours % "void two() { one(); }") == []


def test_the_namespace_is_the_folder() -> None:
    assert found_in("src/net/a.cc", SPDX + "namespace mm::wire {}\n") == [
        "2: namespace mm::wire in the folder of mm::net",
        "1: there is no namespace mm::net",
    ]
    assert found_in("src/net/a.h", SPDX + "#pragma once\n#define A(b) (b)\n") == []
    forward = "namespace asio {\nclass io_context;\n}\nnamespace mm::net {\nnamespace {}\n}\n"
    assert found_in("src/net/a.cc", SPDX + forward) == []
