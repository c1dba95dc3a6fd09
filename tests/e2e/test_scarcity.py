# SPDX-License-Identifier: MIT
"""A process, or the machine, that has too little: no descriptors (R16), or no memory for a moment,
system calls that are interrupted and writes that are cut short (R17)."""
from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from harness.cpu import expect_rest
from harness.fixtures import runs_out_of_descriptors, traces_processes
from harness.preload import build_library, preloaded
from harness.streams import END_OF_STREAM, RESET, Payload, dial, drain, finish, ping, send_payload
from harness.target import Target, echo
from harness.world import World, listening

pytestmark = pytest.mark.needs_binary

FEW = 80  # descriptors; a share or a connect that carries nothing holds about thirty
RESETS = (ConnectionResetError, BrokenPipeError)


@runs_out_of_descriptors
def test_a_connect_without_descriptors_keeps_what_it_has_and_accepts_again_by_itself(
    world: World,
) -> None:
    router = world.router()
    world.share(router, f"web={world.target().serve(echo).port}")
    few = ("prlimit", f"--nofile={FEW}:{FEW}")
    connect = world.connect(router, "web=0", within=few)
    address = listening(connect, "web")
    connection = world.dial(address)
    ping(connection)
    crowd = [dial(address) for _ in range(FEW)]  # the kernel takes them for it
    connect.wait_line("listener.cannot_accept.*[Tt]oo many open files")
    expect_rest(connect)
    ping(connection)
    for one in crowd[: FEW // 2]:
        one.close()
    for one in crowd[FEW // 2 :]:  # accepted late, and whole
        ping(one)
        one.close()
    ping(connection)


@runs_out_of_descriptors
def test_a_share_without_descriptors_resets_what_it_cannot_dial_and_keeps_what_it_has(
    world: World,
) -> None:
    router = world.router()
    target = world.target().serve(echo)
    few = ("prlimit", f"--nofile={FEW}:{FEW}")
    share = world.share(router, f"web={target.port}", within=few)
    address = listening(world.connect(router, "web=0"), "web")
    connection = world.dial(address)
    ping(connection)
    kept = []
    while True:
        kept.append(world.dial(address))
        assert len(kept) < FEW, "it has more than it was given"
        try:
            ping(kept[-1])
        except RESETS:
            break
    share.wait_line("(?i)cannot reach .*: too many open files")
    expect_rest(share)
    for one in [connection, *kept[:-1]]:
        ping(one)
    kept[0].close()
    share.wait_event("connection", state="closed", why="done")

    def has_room() -> bool:
        with dial(address) as again:
            try:
                ping(again)
            except RESETS:
                return False
            return True

    share.until(has_room, "there is room again")
    ping(connection)


# A system call as strace names it, the error that it gives, and which of its calls have it:
# "when=3+4" is the third and every fourth from there.
INTERRUPTED = [
    "recvfrom:error=EINTR:when=1+2",  # how an application's bytes are read
    "recvmsg:error=EINTR:when=1+2",  # how gRPC reads
    "sendmsg:error=EINTR:when=1+2",  # how everybody writes
    "epoll_wait:error=EINTR:when=1+2",
    "accept4:error=EINTR:when=1+2",
]
SCARCE = [
    "recvfrom:error=ENOMEM:when=9+40",
    "recvmsg:error=ENOMEM:when=40+200",
    "sendmsg:error=ENOBUFS:when=40+200",
    "sendmsg:error=ENOMEM:when=45+300",
    "accept4:error=ENOMEM:when=1+2",
    "accept4:error=ENOBUFS:when=2+3",
    "socket:error=ENOBUFS:when=12+5",
    "setsockopt:error=ENOMEM:when=30+31",
    "shutdown:error=ENOBUFS:when=1+2",
]
ROLES = ["router", "share", "connect"]

Within = Callable[[str], dict[str, object]]


def injected(role: str, fault: str) -> Within:
    """What start() is told of each role: that one has the fault."""
    call = fault.partition(":")[0]
    trace = ("strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null")
    trace += ("-e", f"trace={call}", "-e", f"inject={fault}")

    def within(asked: str) -> dict[str, object]:
        if asked != role:
            return {}
        # LeakSanitizer traces its own process, which nobody else may do then.
        return {"within": trace, "extra": {"LSAN_OPTIONS": "detect_leaks=0"}}

    return within


def exchange(address: str, target: Target, payload: Payload) -> list[str]:
    """One connection on which each side sends `payload` and ends; how it ended at each.

    Whatever arrives is a prefix of what was sent, and an end of stream stands behind all of it.
    """
    ends = []
    try:
        application = dial(address)
    except RESETS:
        return [RESET]
    with application:
        try:
            application.sendall(b"?")
            server = target.accept()
            assert server.recv(1) == b"?"
        except RESETS:
            return [RESET]
        for source, sink in ((application, server), (server, application)):
            try:
                send_payload(source, payload)
                finish(source)
            except (*RESETS, OSError):
                ends.append(RESET)
            received = drain(sink)
            assert received.is_prefix_of(payload)
            assert received.end == RESET or received.size == payload.size
            ends.append(received.end)
    return ends


@traces_processes
@pytest.mark.parametrize("fault", INTERRUPTED + SCARCE)
@pytest.mark.parametrize("role", ROLES)
def test_a_system_call_that_fails_is_tried_again_or_costs_one_connection(
    world: World, role: str, fault: str
) -> None:
    within = injected(role, fault)
    router = world.router(**within("router"))
    target = world.target(receive_buffer_bytes=1 << 18)
    world.share(router, f"web={target.port}", **within("share"))
    address = listening(world.connect(router, "web=0", **within("connect")), "web")
    payload = Payload(64 << 10)  # what the kernels hold, so that one thread can do it all
    ended = [exchange(address, target, payload) for _ in range(6)]
    whole = [END_OF_STREAM] * 2
    if fault in INTERRUPTED:
        assert ended == [whole] * 6
    else:
        assert whole in ended


@pytest.fixture(scope="session")
def short_writes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What cuts a process's writes short."""
    return build_library(tmp_path_factory.mktemp("short"), "short")


@pytest.mark.needs_dynamic_binary
@pytest.mark.parametrize("role", ROLES)
def test_what_a_write_did_not_take_is_written_next(
    world: World, short_writes: Path, role: str
) -> None:
    options = {role: preloaded(short_writes)}
    router = world.router(**options.get("router", {}))
    target = world.target(receive_buffer_bytes=1 << 18)
    world.share(router, f"web={target.port}", **options.get("share", {}))
    connect = world.connect(router, "web=0", **options.get("connect", {}))
    address = listening(connect, "web")
    payload = Payload(64 << 10)
    for _ in range(6):
        assert exchange(address, target, payload) == [END_OF_STREAM] * 2


def test_a_process_takes_all_the_descriptors_that_it_may_have(world: World) -> None:
    router = world.router(within=("prlimit", "--nofile=256:2048"))
    limits = Path(f"/proc/{router.program.pid}/limits").read_text("ascii")
    assert re.search(r"^Max open files +2048 +2048 ", limits, re.MULTILINE)
