# SPDX-License-Identifier: MIT
"""doctor names the cause: set-ups that are broken in one place each, and one that is not."""
from __future__ import annotations

import json
import shlex
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness.certificates import Certificates, make_certificates
from harness.false_router import FalseRouter, unix_ms
from harness.foreign import Stubs
from harness.front_end import AS_ON_CLOUD_RUN, FrontEnd
from harness.people import People
from harness.program import assert_no_crash, assert_no_secret
from harness.target import echo
from harness.terminal import Terminal
from harness.world import BINARY, Router, World

pytestmark = pytest.mark.needs_binary

DAY_MS = 24 * 3600 * 1000
SHORT = ("--patience", "100ms")


@dataclass(frozen=True)
class Diagnosis:
    """What doctor said: the checks by their names, and its verdict."""

    code: int
    checks: dict[str, dict[str, Any]]
    verdict: dict[str, Any]

    def names(self, cause: str, code: int, *words: str) -> None:
        """This check failed first, with these words in what it says and what to do."""
        assert self.code == code == self.verdict["exit_code"], self
        assert not self.verdict["ok"] and self.verdict["cause"] == cause, self
        check = self.checks[cause]
        assert not check["ok"] and check["remedy"], check
        for word in words:
            assert word in f"{check['what']}; {check['remedy']}", (word, check)
        before = list(self.checks)[: list(self.checks).index(cause)]
        assert all(self.checks[name]["ok"] is not False for name in before), self

    def worked(self, *names: str) -> None:
        """These checks did not fail."""
        assert all(self.checks[name]["ok"] for name in names), self


def diagnose(world: World, *arguments: str, **options: Any) -> Diagnosis:
    """Runs doctor to its end."""
    done = world.run("doctor", "--json", *arguments, **options)
    assert_no_crash(done.stderr)
    assert done.stderr == "", done
    assert_no_secret(done.stdout)
    *checks, verdict = map(json.loads, done.stdout.splitlines())
    assert all(check["event"] == "check" for check in checks) and verdict["event"] == "verdict"
    return Diagnosis(done.code, {check["name"]: check for check in checks}, verdict)


# ---- ten that are broken


def test_a_name_that_nobody_knows(world: World) -> None:
    found = diagnose(world, "--router", "https://relay.invalid")
    found.names("name", 5, "relay.invalid", "resolv.conf")
    assert list(found.checks) == ["name"]


def test_a_port_where_nobody_listens(world: World) -> None:
    found = diagnose(world, "--router", f"http://{world.dead_address().address}")
    found.names("tcp", 5, "Connection refused", "does the router run there")


def test_a_front_end_that_speaks_http_1_alone(
    world: World, router: Router, certificates: Certificates
) -> None:
    front_end = world.owned(
        FrontEnd(world.folder / "nginx", certificates, router.address, 5, http2=False)
    )
    found = diagnose(world, *front_end.flags)
    found.names("http2", 5, "HTTP/1.1 alone", "on both sides")
    found.worked("tcp")


def test_a_certificate_of_another_authority(world: World, tmp_path: Path) -> None:
    router = world.router(tls=True)
    (tmp_path / "other").mkdir()
    other = make_certificates(tmp_path / "other")
    found = diagnose(world, *router.flags[:2], "--ca", str(other.authority))
    found.names("tls", 5, "is of an authority that is not known here", "--ca FILE")
    found.worked("tcp")


def test_a_certificate_that_has_expired(world: World, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    old = make_certificates(tmp_path / "old", expired=True)
    flags = ("--tls-cert", str(old.certificate), "--tls-key", str(old.key))
    router = world.router(*flags)
    url = f"https://{router.address}"
    found = diagnose(world, "--router", url, "--ca", str(old.authority))
    found.names("tls", 5, "has expired (on 2020-01-31)", "renewed", "clock")


def test_a_wrong_pass(world: World) -> None:
    people = People(world)
    people.add("ann")
    router = world.router(*people.flags)
    wrong = people.pass_file("mm_ann_" + "B" * 43)
    found = diagnose(world, *router.flags, *wrong)
    found.names("pass", 3, "--pass-file FILE")
    found.worked("tcp", "grpc")


def test_a_clock_that_is_off_by_a_day(world: World, stubs: Stubs) -> None:
    for ahead, words in ((-DAY_MS, "24 h ahead of"), (DAY_MS, "24 h behind")):
        router = world.owned(FalseRouter(stubs, revision=1, time_ms=unix_ms() + ahead))
        found = diagnose(world, "--router", router.url, *SHORT)
        found.names("clock", 1, f"this machine's clock is {words} the router's", "timedatectl")
        found.worked("grpc", "version", "round trip")


def test_a_target_that_is_down(world: World, router: Router) -> None:
    dead = world.dead_address().address
    diagnose(world, dead, *router.flags, *SHORT).names("target", 7, dead, "start the server")
    world.share(router, f"web={dead}")
    found = diagnose(world, "web", *router.flags, *SHORT)
    found.names("target", 7, f"cannot reach {dead}", "on the share's machine")
    found.worked("service", "throughput")


def test_a_stream_that_is_cut_after_5_seconds(world: World, certificates: Certificates) -> None:
    router = world.router(extra=AS_ON_CLOUD_RUN)
    front_end = world.owned(FrontEnd(world.folder / "nginx", certificates, router.address, 5))
    found = diagnose(world, *front_end.flags)
    found.names("streams", 5, "a stream was cut after 5.", "--timeout=3600")
    found.worked("tls", "http2", "grpc", "throughput")


def test_a_router_that_is_too_old(world: World, stubs: Stubs) -> None:
    router = world.owned(FalseRouter(stubs))
    found = diagnose(world, "--router", router.url, *SHORT)
    found.names("version", 5, "older than this program", "updated")
    found.worked("grpc")
    assert found.checks["clock"]["ok"] is None


# ---- more of the same


def test_a_front_end_that_speaks_http_1_to_the_router(
    world: World, router: Router, certificates: Certificates
) -> None:
    front_end = world.owned(
        FrontEnd(world.folder / "nginx", certificates, router.address, 5, inward="proxy_pass http://")
    )
    found = diagnose(world, *front_end.flags)
    # The router's gRPC closes what is no HTTP/2 at once or, once in a while, when its patience is over.
    told = "does not answer" if "does not answer" in found.checks["grpc"]["what"] else "is not a mindmeld router"
    found.names("grpc", 5, told, "on both sides (nginx: listen 443 ssl http2, and grpc_pass")
    found.worked("tls", "http2")


def answer_as_of_old(client: socket.socket) -> None:
    """HTTP/1.1 without TLS."""
    with client:
        client.recv(4096)
        client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def test_what_speaks_http_1_without_tls_is_named_too(world: World) -> None:
    server = world.target().serve(answer_as_of_old)
    found = diagnose(world, "--router", f"http://{server.address}")
    found.names("grpc", 5, "HTTP/1.1 alone", "on both sides")


def test_a_proxy_in_the_environment_is_named_and_not_used(world: World, router: Router) -> None:
    proxy = {"https_proxy": f"http://{world.dead_address().address}"}
    found = diagnose(world, *router.flags, *SHORT, extra=proxy)
    assert found.verdict["ok"]
    assert "https_proxy is set and not used" in found.checks["proxy"]["what"]


def test_a_pass_that_is_missing_and_a_service_that_nobody_shares(world: World) -> None:
    people = People(world)
    own = people.pass_file(people.add("ann"))
    router = world.router(*people.flags)
    diagnose(world, *router.flags).names("pass", 3, "--pass-file FILE")
    found = diagnose(world, "web", *router.flags, *own, *SHORT)
    found.names("service", 4, "web", "mindmeld list")
    found.worked("pass", "throughput", "streams")


def test_all_is_well_for_who_shares_and_for_who_has_the_ticket(world: World) -> None:
    people = People(world)
    own = people.pass_file(people.add("ann"))
    router = world.router(*people.flags)
    target = world.target().serve(echo)
    share = world.start("share", f"web={target.address}", *router.flags, *own)
    ticket = str(share.wait_event("sharing")["ticket"])

    ann = diagnose(world, "web", *router.flags, *own, *SHORT)
    assert ann.code == 0 and ann.verdict["ok"], ann
    ann.worked("tcp", "grpc", "pass", "version", "clock", "round trip")
    ann.worked("service", "end to end", "target", "throughput", "streams")

    bob = diagnose(world, ticket, *SHORT, extra=world.another_user())
    assert bob.code == 0 and bob.verdict["ok"], bob
    bob.worked("service", "end to end", "target")
    assert bob.checks["streams"]["ok"] is None  # nothing was measured: he may not share

    at_home = diagnose(world, target.address, *router.flags, *own, *SHORT)
    at_home.worked("target")
    share.wait_event("connection", state="closed")


def test_a_ticket_that_was_taken_back(world: World, router: Router) -> None:
    target = world.target().serve(echo)
    first = world.start("share", f"web={target.address}", *router.flags)
    ticket = str(first.wait_event("sharing")["ticket"])
    world.start("share", f"web={target.address}", "--new-ticket", *router.flags).wait_event("sharing")
    first.expected_exit = 8
    told = first.wait_event("error", code="superseded")
    assert told["message"] == (
        'the name "web" was taken over by a share of yours that started later'
    )
    first.wait_exit()
    found = diagnose(world, ticket, *SHORT, extra=world.another_user())
    found.names("ticket", 3, "does not open", "ask who shares it")


def test_a_way_on_which_nothing_comes_back(world: World, stubs: Stubs) -> None:
    said = {"revision": 1, "time_ms": unix_ms()}
    router = world.owned(FalseRouter(stubs, takes_lanes=True, **said))
    found = diagnose(world, "--router", router.url, *SHORT)
    found.names("throughput", 5, "what was sent did not come back", "unbuffered")
    found.worked("grpc", "clock", "round trip", "streams")


def test_a_way_on_which_no_stream_can_be_opened(world: World, stubs: Stubs) -> None:
    router = world.owned(FalseRouter(stubs, revision=1, time_ms=unix_ms()))
    found = diagnose(world, "--router", router.url, *SHORT)
    found.names("streams", 5, "must pass streams on", "unbuffered")
    found.worked("grpc", "clock", "round trip")


def test_a_share_that_does_not_answer(world: World, router: Router) -> None:
    share = world.share(router, f"web={world.target().serve(echo).port}")
    share.send_signal(signal.SIGSTOP)
    try:
        found = diagnose(world, "web", *router.flags, *SHORT)
    finally:
        share.send_signal(signal.SIGCONT)
    found.names("end to end", 4, "the share does not answer within", "is its machine awake")
    found.worked("service", "throughput")


def test_a_person_reads_a_line_a_check_and_what_to_do(world: World, router: Router) -> None:
    well = world.run("doctor", *router.flags, *SHORT, extra={"LC_ALL": "C.UTF-8"})
    assert well.code == 0 and well.stderr == "", well
    *lines, last = well.stdout.splitlines()
    assert all(line.startswith("✓ ") for line in lines) and last == "all is well", well
    ill = world.run("doctor", "--router", "http://relay.invalid", extra={"LC_ALL": "C"})
    first, second, last = ill.stdout.splitlines()
    assert first.startswith("!! name ") and second.strip().startswith("-> "), ill
    assert last == "the first cause: name", ill


def test_a_terminal_shows_whole_words_and_what_is_waited_for(world: World, router: Router) -> None:
    http_1 = world.target().serve(answer_as_of_old).address
    environment = world.environment({"TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"})

    def seen(*arguments: str) -> str:
        doctor = shlex.join([BINARY, "doctor", *arguments])
        command = ["sh", "-c", f"stty cols 80; {doctor}; echo over"]
        return world.owned(Terminal(command, environment)).read_until("over")

    lines = seen("--router", f"http://{http_1}").splitlines()
    assert max(map(len, lines)) <= 80 and not any("\\x" in line for line in lines), lines
    remedy = "is this the router's port? What stands in front of a router must speak HTTP/2 on both"
    assert remedy in " ".join(line.strip() for line in lines)
    assert lines[-3].startswith(" " * 17)
    watched = seen(*router.flags, *SHORT)
    assert "… streams      one is watched for 100 ms\r\n\x1b[A\x1b[K✓ streams " in watched


def test_two_arguments_are_one_too_many(world: World) -> None:
    world.run("doctor", "web", "3000").expect_refusal(2, "one thing at a time")
