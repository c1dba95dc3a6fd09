#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes page.cc of page.html: the page as a text, and the policy that lets a browser run its one
script and its one style and nothing else. Called by src/meson.build: make_page.py HTML CC."""
from __future__ import annotations

import base64
import hashlib
import re
import sys
from pathlib import Path


def source_of(page: str, tag: str) -> str:
    """The hash of a tag's content, as a policy names it."""
    content = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    assert len(content) == 1, f"not one <{tag}>"
    digest = hashlib.sha256(content[0].encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def main() -> None:
    """Writes the source file."""
    page = Path(sys.argv[1]).read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src {source_of(page, 'style')}; "
        f"script-src {source_of(page, 'script')}; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    parts = [page[i : i + 8000] for i in range(0, len(page), 8000)]  # compilers have a limit
    text = "\n".join(f'R"page({part})page"' for part in parts)
    Path(sys.argv[2]).write_text(
        '#include "admin/page.h"\n\nnamespace mm::admin {\n'
        f"constexpr std::string_view kPage = {text};\n"
        f'constexpr std::string_view kPagePolicy = "{policy}";\n}}\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
