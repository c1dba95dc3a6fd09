# SPDX-License-Identifier: MIT
"""What a router that was started with --admin tells of itself."""
from __future__ import annotations

import http.client
import json
from typing import Any

from harness.world import Router


def admin_of(router: Router) -> str:
    """Where it shows itself."""
    return str(router.program.wait_event("admin")["address"])


def get(address: str, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    """The status and the body."""
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def status(address: str) -> dict[str, Any]:
    """What /api/status says."""
    code, text = get(address, "/api/status")
    assert code == 200, text
    return dict(json.loads(text))


def samples(address: str) -> dict[str, float]:
    """What /metrics says, by name and labels."""
    lines = [line for line in get(address, "/metrics")[1].splitlines() if line[0] != "#"]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}
