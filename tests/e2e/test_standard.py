# SPDX-License-Identifier: MIT
"""`mindmeld connect NAME=-`: standard input and output are the connection."""
from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path
from typing import IO

import pytest
from harness.program import assert_no_crash
from harness.streams import Payload, drain, finish, receive_exactly, reset, send_and_finish
from harness.target import echo
from harness.world import BINARY, Router, World

pytestmark = pytest.mark.needs_binary


def connect_to(
    world: World, router: Router, *, stdin: IO[bytes] | int, stdout: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    """`connect web=-` with this input and output; the caller waits for its end."""
    command = [BINARY, "connect", "web=-", *router.flags]
    environment = world.environment()
    return subprocess.Popen(
        command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=environment
    )


def test_files_pass_through_standard_input_and_output(world: World, router: Router) -> None:
    world.share(router, f"web={world.target().serve(echo).port}")
    original, copy = world.folder / "original", world.folder / "copy"
    original.write_bytes(Payload(8 << 20).bytes())
    with original.open("rb") as stdin, copy.open("wb") as stdout:
        assert connect_to(world, router, stdin=stdin, stdout=stdout).wait(20) == 0
    assert copy.read_bytes() == original.read_bytes()


def test_pipes_pass_through_standard_input_and_output(world: World, router: Router) -> None:
    world.share(router, f"web={world.target().serve(echo).port}")
    payload = Payload(8 << 20).bytes()
    pipe = subprocess.PIPE
    with connect_to(world, router, stdin=pipe, stdout=pipe) as connect:
        stdout, stderr = connect.communicate(payload, timeout=20)
        assert connect.returncode == 0, stderr
    assert stdout == payload


def test_the_end_of_input_is_an_end_of_stream_and_the_answer_still_comes(
    world: World, router: Router
) -> None:
    target = world.target()
    world.share(router, f"web={target.port}")
    pipe = subprocess.PIPE
    with connect_to(world, router, stdin=subprocess.DEVNULL, stdout=pipe) as connect:
        server = target.accept()
        assert drain(server).size == 0
        sending = world.background(send_and_finish, server, Payload(5 << 20))
        stdout, _ = connect.communicate(timeout=20)
        assert connect.returncode == 0
        sending.result()
    assert stdout == Payload(5 << 20).bytes()


def test_words_pass_as_they_are_typed(world: World, router: Router) -> None:
    target = world.target()
    world.share(router, f"web={target.port}")
    pipe = subprocess.PIPE
    with connect_to(world, router, stdin=pipe, stdout=pipe) as connect:
        assert connect.stdin is not None and connect.stdout is not None
        server = target.accept()
        for word in (b"one\n", b"two\n", b"three\n"):
            connect.stdin.write(word)
            connect.stdin.flush()
            assert receive_exactly(server, len(word)) == word
            server.sendall(word)
            assert connect.stdout.readline() == word
        finish(server)
        connect.stdin.close()
        assert connect.wait(10) == 0


def test_a_reset_ends_with_exit_code_1_and_one_line(world: World, router: Router) -> None:
    target = world.target()
    world.share(router, f"web={target.port}")
    pipe = subprocess.PIPE
    with connect_to(world, router, stdin=pipe, stdout=pipe) as connect:
        server = target.accept()
        server.sendall(b"some")
        assert connect.stdout is not None and connect.stdout.read(4) == b"some"
        reset(server)
        assert connect.wait(10) == 1
        assert connect.stderr is not None
        expect_one_line(connect.stderr.read())


def test_output_that_cannot_be_written_is_a_reset_for_the_target(
    world: World, router: Router
) -> None:
    target = world.target()
    world.share(router, f"web={target.port}")
    with Path("/dev/full").open("wb") as full:
        connect = connect_to(world, router, stdin=subprocess.PIPE, stdout=full)
    with connect:
        server = target.accept()
        server.sendall(b"x")
        assert drain(server).end == "reset"
        assert connect.wait(10) == 1
        assert connect.stderr is not None
        expect_one_line(connect.stderr.read())


def test_the_streams_are_blocking_again_at_the_end(world: World, router: Router) -> None:
    world.share(router, f"web={world.target().serve(echo).port}")
    ours, theirs = os.pipe()
    with connect_to(world, router, stdin=subprocess.DEVNULL, stdout=theirs) as connect:
        assert connect.wait(10) == 0
    assert not fcntl.fcntl(theirs, fcntl.F_GETFL) & os.O_NONBLOCK
    os.close(ours)
    os.close(theirs)


def test_a_service_that_is_not_there_is_exit_code_4_with_no_wait(
    world: World, router: Router
) -> None:
    refused = world.run("connect", "web=-", "--no-wait", *router.flags)
    refused.expect_refusal(4, "web")
    assert refused.stdout == ""


def expect_one_line(stderr: bytes) -> None:
    """One line that says what happened, and no crash."""
    text = stderr.decode()
    assert_no_crash(text)
    lines = text.splitlines()
    assert len(lines) == 1 and lines[0].startswith("mindmeld: "), text
