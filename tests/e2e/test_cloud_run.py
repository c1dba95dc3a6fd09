# SPDX-License-Identifier: MIT
"""On a platform as Cloud Run is one, nobody notices a new instance, nor the hour of a stream."""
from __future__ import annotations

import hashlib
import re
import socket
from collections import Counter
from threading import Event

import pytest
from harness.certificates import Certificates
from harness.cloud_run import SERVICE, CloudRun, arguments
from harness.fixtures import as_shipped
from harness.streams import END_OF_STREAM, Payload, Received, drain, finish, finish_all, ping_all
from harness.target import echo
from harness.world import REPOSITORY, World

pytestmark = [pytest.mark.needs_binary, as_shipped]

IDLE = 120  # connections: more than the front end takes on one of its own
ALL = IDLE + 1
ENDLESS = Payload(1 << 50)
PACE_S = 0.02  # a MiB: much, and yet not all that the machine can, for other tests run beside
REDEPLOYS = 2

SETTINGS = {  # a flag of the one line, and its name in the service
    "timeout": "timeoutSeconds",
    "concurrency": "containerConcurrency",
    "min-instances": "minScale",
    "max-instances": "maxScale",
    "execution-environment": "execution-environment",
    "cpu": "cpu",
    "memory": "memory",
}


class Load:
    """A connection whose two ends send to each other, at once, until they are told to stop."""

    def __init__(self, world: World, one: socket.socket, other: socket.socket) -> None:
        self._stop = Event()
        self._directions = [
            (world.background(self._send, sender), world.background(drain, receiver))
            for sender, receiver in ((one, other), (other, one))
        ]

    def end(self) -> list[tuple[Received, Received]]:
        """What was sent and what was received, for each direction."""
        self._stop.set()
        return [(sent.result(), received.result()) for sent, received in self._directions]

    def _send(self, connection: socket.socket) -> Received:
        digest = hashlib.sha256()
        size = 0
        for block in ENDLESS.blocks():
            if self._stop.wait(PACE_S):
                break
            connection.sendall(block)
            digest.update(block)
            size += len(block)
        finish(connection)
        return Received(size, digest.hexdigest(), END_OF_STREAM)


@pytest.mark.timeout_s(120)
def test_redeploys_and_cuts_under_load_lose_no_byte_and_no_connection(
    world: World, certificates: Certificates
) -> None:
    target = world.target()
    platform = CloudRun(world, certificates, target)
    client, server = world.dial(platform.address), target.accept()
    target.serve(echo)
    idle = [world.dial(platform.address) for _ in range(IDLE)]
    ping_all(idle)
    load = Load(world, client, server)
    for _ in range(REDEPLOYS):
        platform.replace_router()
        assert platform.routers[-2].program.wait_exit(15) == 0
        platform.expect_all_to_come(ALL, Counter())
    before = platform.bridges_at_newest()
    platform.cut_all()
    platform.expect_all_to_come(ALL, before)

    ping_all(idle)
    platform.expect_quiet()
    for sent, received in load.end():
        assert received == sent
        assert sent.size > 0
    finish_all(idle)


def test_the_one_line_deploys_what_the_service_says() -> None:
    pages = [REPOSITORY / "README.md", SERVICE.parent / "README.md"]
    (line,) = {re.search("gcloud run deploy .*", page.read_text("utf-8"))[0] for page in pages}
    assert line.endswith(f" --args={','.join(arguments())}")
    said = SERVICE.read_text("utf-8").replace('"', "")
    for flag, key in SETTINGS.items():
        value = re.search(rf"--{flag}=(\S+)", line)
        assert value is not None and re.search(rf"{key}: {value.group(1)}\b", said), flag
    assert " --cpu-throttling " in line and "cpu-throttling: true" in said
    assert " --use-http2 " in line and "name: h2c" in said
