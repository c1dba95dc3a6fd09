# SPDX-License-Identifier: MIT
"""Behind a platform that asks who calls, as Cloud Run with IAM does: --identity-command."""
from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest
from harness.certificates import Certificates
from harness.front_end import AS_ON_CLOUD_RUN, FrontEnd
from harness.people import People
from harness.streams import ping
from harness.target import echo
from harness.world import World, listening

pytestmark = pytest.mark.needs_binary

SILENCE_S = 60


def part(value: object) -> str:
    """One part of a JSON Web Token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode("ascii")).decode("ascii").rstrip("=")


@pytest.fixture
def token() -> str:
    """Good for an hour."""
    return f"{part({'alg': 'none'})}.{part({'exp': int(time.time()) + 3600})}.c2lnbmF0dXJl"


class Platform:
    """A front end that asks for a token, the router behind it, and a command that prints it."""

    def __init__(self, world: World, certificates: Certificates, token: str) -> None:
        self.people = People(world)
        self.ann = self.people.pass_file(self.people.add("ann"))
        router = world.router(*self.people.flags, extra=AS_ON_CLOUD_RUN)
        folder = world.folder / "nginx"
        self.front_end = FrontEnd(folder, certificates, router.address, SILENCE_S, token)
        world.owned(self.front_end)
        self._runs = world.folder / "runs"
        self.flags = (*self.front_end.flags, *self.command(f"printf '%s\\n' {token}"))

    def command(self, text: str) -> tuple[str, str]:
        """The flag with a command that counts how often it was run."""
        return "--identity-command", f"echo run >> {self._runs}; {text}"

    def runs(self) -> int:
        """So far."""
        return len(self._runs.read_text(encoding="ascii").splitlines())


@pytest.fixture
def platform(world: World, certificates: Certificates, token: str) -> Platform:
    """With a router that asks for a pass as well."""
    return Platform(world, certificates, token)


def test_its_token_goes_with_every_call_and_our_own_credentials_beside_it(
    world: World, platform: Platform
) -> None:
    web = world.target().serve(echo).port
    share = world.start("share", f"web={web}", *platform.flags, *platform.ann)
    ticket = str(share.wait_event("sharing")["ticket"])
    connect = world.start("connect", f"{ticket}=0", *platform.flags, extra=world.another_user())
    address = listening(connect, "web")
    for _ in range(20):
        ping(world.dial(address))
    assert platform.runs() == 2  # each process once
    assert world.run("list", *platform.flags, *platform.ann).code == 0


@pytest.mark.parametrize("way", ["flag", "variable", "configuration"])
@pytest.mark.parametrize("printed, code", [("good", 0), ("wrong", 3), ("", 5)])
def test_a_token_admits_in_every_way_to_give_its_command(
    world: World, platform: Platform, token: str, way: str, printed: str, code: int
) -> None:
    command = f"printf '%s\\n' '{token if printed == 'good' else printed}'"
    flags = (*platform.front_end.flags, *platform.ann)
    if way == "flag":
        done = world.run("list", *flags, "--identity-command", command)
    elif way == "variable":
        done = world.run("list", *flags, extra={"MINDMELD_IDENTITY_COMMAND": command})
    else:
        names = (flag.removeprefix("--").replace("-", "_") for flag in flags[::2])
        config = dict(zip(names, flags[1::2])) | {"identity_command": command}
        path = world.folder / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        done = world.run("list", "--config", str(path))
    assert done.code == code, done


def test_without_it_the_platform_refuses_and_the_message_says_what_to_do(
    world: World, platform: Platform
) -> None:
    url = platform.front_end.flags[1]
    refused = world.run("list", *platform.front_end.flags, *platform.ann)
    refused.expect_refusal(3, url, "HTTP 403", "--identity-command")
    wrong = platform.command("echo wrong")
    refused = world.run("list", *platform.front_end.flags, *platform.ann, *wrong)
    refused.expect_refusal(3, url, "HTTP 403", "--identity-command")


def test_a_command_that_fails_is_waited_for_like_a_router_that_is_away(
    world: World, platform: Platform, token: str
) -> None:
    flags = (*platform.front_end.flags, *platform.ann)
    failing = platform.command("exit 7")
    world.run("list", *flags, *failing).expect_refusal(5, "identity command", "exit code 7")
    silent = platform.command("true")
    world.run("list", *flags, *silent).expect_refusal(5, "identity command")

    source = world.folder / "token"
    reading = platform.command(f"cat {source} 2> /dev/null")
    share = world.start("share", "web=1", *flags, *reading)
    share.wait_line("waiting for the router: the identity command failed with exit code 1")
    Path(source).write_text(token, encoding="ascii")
    share.wait_event("sharing")


def test_a_command_that_hangs_holds_up_no_end(world: World, platform: Platform) -> None:
    marker = world.folder / "hangs"
    hanging = platform.command(f"touch {marker}; exec tail -f /dev/null")
    share = world.start("share", "web=1", *platform.front_end.flags, *platform.ann, *hanging)
    share.until(marker.exists, "the command runs")


def test_it_is_only_for_tls_and_not_for_a_router_of_somebody_elses_file(world: World) -> None:
    command = ("--identity-command", "echo token")
    refused = world.run("list", "--router", "http://127.0.0.1:1", *command)
    refused.expect_refusal(2, "--identity-command", "https://")
    folder = world.folder / "cloned"
    folder.mkdir()
    text = json.dumps({"identity_command": "touch /nonexistent/ran"})
    (folder / "mindmeld.json").write_text(text, encoding="ascii")
    world.run("list", folder=folder).expect_refusal(2, "mindmeld.json", "must not")
