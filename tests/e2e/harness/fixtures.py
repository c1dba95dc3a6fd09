# SPDX-License-Identifier: MIT
"""The fixtures of the end-to-end tests and of the soak; each conftest.py imports them."""
from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import pytest

from harness.certificates import Certificates, make_certificates
from harness.world import BINARY, IS_DIRECT, Chain, World, is_static

TEST_TIMEOUT_S = 60


@dataclass(frozen=True)
class Ends:
    """The two applications of one forwarded connection; the test is both of them."""

    active: socket.socket  # the one that does what the test is about
    passive: socket.socket
    chain: Chain


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A router's certificate and the authority that signed it."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def world(
    request: pytest.FixtureRequest, tmp_path: Path, certificates: Certificates
) -> Iterator[World]:
    """What the test starts; every process must end with the expected code and no crash."""
    world = World(tmp_path, certificates)
    try:
        yield world
    finally:
        try:
            world.close()
        finally:  # shown where the test failed
            request.node.add_report_section("teardown", "programs", world.describe())


@pytest.fixture
def transport(request: pytest.FixtureRequest) -> str:
    """How the ends reach the router: "plain", or what the marks below ask for: "tls", or "clear",
    which is plain, and does not encrypt end to end either."""
    chosen = getattr(request, "param", "plain")
    if IS_DIRECT and chosen != "plain":
        pytest.skip("a direct chain has no router")
    return chosen


# UBSan opens a pipe to look at an object's type, and takes a failure of that for a fault of ours.
runs_out_of_descriptors = pytest.mark.skipif(
    Path(BINARY).is_file() and b"__ubsan_" in Path(BINARY).read_bytes(),
    reason="UBSan itself needs descriptors",
)

as_shipped = pytest.mark.skipif(
    Path(BINARY).is_file() and b"__sanitizer_" in Path(BINARY).read_bytes(),
    reason="a sanitizer's program is larger, and not static",
)


def can_trace() -> bool:
    """May a process of this machine be traced, as strace does?"""
    return subprocess.run(["strace", "-o", "/dev/null", "true"], check=False).returncode == 0


traces_processes = pytest.mark.skipif(not can_trace(), reason="no process may be traced here")

both_transports = pytest.mark.parametrize("transport", ["plain", "tls"], indirect=True)
both_protections = pytest.mark.parametrize("transport", ["plain", "clear"], indirect=True)
every_way = pytest.mark.parametrize("transport", ["plain", "tls", "clear"], indirect=True)


@pytest.fixture(params=["connect", "share"])
def ends(request: pytest.FixtureRequest, world: World, transport: str) -> Ends:
    """A connection whose active side is the application at connect, then the one at share."""
    if transport == "clear":
        world.without_encryption()
    target = world.target(receive_buffer_bytes=1 << 16)
    chain = world.chain(target.address, tls=transport == "tls")
    at_connect = world.dial(chain.address, receive_buffer_bytes=1 << 16)
    at_share = target.accept()
    if request.param == "connect":
        return Ends(at_connect, at_share, chain)
    return Ends(at_share, at_connect, chain)


@pytest.fixture(autouse=True)
def deadline(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test takes longer than a minute, or than its mark `timeout_s(…)` says."""
    mark = request.node.get_closest_marker("timeout_s")
    seconds = mark.args[0] if mark else TEST_TIMEOUT_S

    def on_alarm(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"the test took longer than {seconds} s")  # no OSError, which some expect

    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def configure(config: pytest.Config) -> None:
    """Registers the marks, and has signals do what they do for a person at a terminal."""
    for number in (signal.SIGHUP, signal.SIGINT):  # what was started in the background has them off
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if not IS_DIRECT and not Path(BINARY).is_file():
        raise pytest.UsageError(f"no mindmeld at {BINARY}: run ./dev build, or set MINDMELD_BINARY")
    config.addinivalue_line("markers", "timeout_s(seconds): a longer deadline than the usual one")
    config.addinivalue_line("markers", "needs_binary: says nothing about a direct chain")
    config.addinivalue_line("markers", "needs_speed: meets a limit only if it is quick enough")
    config.addinivalue_line("markers", "needs_dynamic_binary: puts a library before libc")


def skip_what_needs_a_binary(items: list[pytest.Item]) -> None:
    """Leaves out what a direct chain, or this binary, cannot show."""
    static = pytest.mark.skip(reason="nothing comes before libc here; ./dev asan runs it")
    has_static = not IS_DIRECT and is_static(BINARY)
    for item in items:
        if has_static and item.get_closest_marker("needs_dynamic_binary"):
            item.add_marker(static)
        if IS_DIRECT and item.get_closest_marker("needs_binary"):
            item.add_marker(pytest.mark.skip(reason="says nothing about a direct chain"))
