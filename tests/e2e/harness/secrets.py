# SPDX-License-Identifier: MIT
"""The secrets that a test's keyrings hold, in whichever form they might be shown."""
from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from pathlib import Path

from harness.program import SHOWS_ONE

HEX = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{64})(?![0-9a-f])")


def secrets_in(folder: Path) -> set[str]:
    """What the keyrings in this folder keep under "key" and "ticket", in hex and in base64url."""
    forms: set[str] = set()
    for path in (*folder.glob("keyring-*"), folder / ".config/mindmeld/keyring"):
        if not path.is_file():
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("key ", "ticket ")):
                for digits in HEX.findall(line):
                    coded = base64.urlsafe_b64encode(bytes.fromhex(digits)).decode().rstrip("=")
                    forms |= {digits, coded[:-1]}  # the last digit has bits of what follows
    return forms


def assert_none_of(secrets: Iterable[str], said: Iterable[str]) -> None:
    """None is in any of the texts, but where a share shows its tickets to people."""
    for text in said:
        shown = [line for line in text.splitlines() if SHOWS_ONE.search(line) is None]
        for secret in secrets:
            found = [line for line in shown if secret in line]
            assert not found, f"this shows a secret of the keyring: {found[0]}"
