# SPDX-License-Identifier: MIT
"""Terminal: a program that believes that somebody sits before it."""
from __future__ import annotations

import os
import pty
import signal
import subprocess
import termios
from collections.abc import Mapping, Sequence

OWN_PAGE, PAGE_BEFORE = "\x1b[?1049h", "\x1b[?1049l"  # what a program has for itself, and gives back


class Terminal:
    """Runs `command` in a terminal of its own; the test's deadline bounds every wait."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self._terminal, its_end = pty.openpty()
        self._is_open = True
        self._shown = b""
        self._program = subprocess.Popen(
            command, stdin=its_end, stdout=its_end, stderr=its_end, env=environment
        )
        os.close(its_end)

    def type(self, text: str) -> None:
        """As on a keyboard."""
        os.write(self._terminal, text.encode())

    def read_until(self, word: str) -> str:
        """Reads what is shown until `word` is in it; what came after that word comes next time."""
        while word.encode() not in self._shown:
            part = os.read(self._terminal, 4096)
            assert part, f"the terminal ended: {self._shown!r}"
            self._shown += part
        read, found, self._shown = self._shown.partition(word.encode())
        return (read + found).decode(errors="replace")

    def resize(self, columns: int, rows: int) -> None:
        """As who drags a window's corner."""
        termios.tcsetwinsize(self._terminal, (rows, columns))

    def send_signal(self, number: signal.Signals) -> None:
        """As `kill` does."""
        self._program.send_signal(number)

    def wait_stopped(self) -> None:
        """Until it is, as by Ctrl-Z."""
        os.waitid(os.P_PID, self._program.pid, os.WSTOPPED | os.WNOWAIT)

    def hang_up(self) -> None:
        """The window is closed."""
        if self._is_open:
            os.close(self._terminal)
        self._is_open = False

    def wait_exit(self, timeout_s: float) -> int:
        """The program's exit code."""
        return self._program.wait(timeout_s)

    def close(self) -> None:
        """Ends the program, if it still runs."""
        self._program.kill()
        self._program.wait()
        self.hang_up()
