# SPDX-License-Identifier: MIT
"""What a service manager is told: the datagrams of sd_notify(3)."""
from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest
from harness.target import echo
from harness.world import Router, World

pytestmark = pytest.mark.needs_binary

NAME_TAKEN = 8


class ServiceManager:
    """The socket that NOTIFY_SOCKET names."""

    def __init__(self, name: str) -> None:
        self.environment = {"NOTIFY_SOCKET": name}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(name.replace("@", "\0"))

    def told(self) -> str:
        """The next that it is told; waits."""
        self._socket.settimeout(10)
        return self._socket.recv(4096).decode()

    def was_told_nothing(self) -> bool:
        """So far, beyond what was taken."""
        self._socket.setblocking(False)
        try:
            self._socket.recv(4096)
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        """It listens no more."""
        self._socket.close()


@pytest.fixture
def manager(world: World) -> ServiceManager:
    """One with a path."""
    return world.owned(ServiceManager(str(world.folder / "notify")))


def test_a_router_is_ready_when_it_listens_and_tells_its_end(
    world: World, manager: ServiceManager
) -> None:
    router = world.router(extra=manager.environment)
    assert manager.told() == "READY=1"
    router.program.send_signal(signal.SIGTERM)
    assert manager.told() == "STOPPING=1"
    assert router.program.wait_exit() == 0
    assert manager.was_told_nothing()


def test_an_abstract_socket_is_told_too(world: World) -> None:
    manager = world.owned(ServiceManager(f"@mindmeld-test-{world.folder}"))
    world.router(extra=manager.environment)
    assert manager.told() == "READY=1"


def test_a_router_is_not_ready_while_it_reads_its_people_again(
    world: World, manager: ServiceManager
) -> None:
    people = world.folder / "people.json"
    people.write_text('{"people": []}', encoding="ascii")
    router = world.router("--auth-file", str(people), extra=manager.environment)
    assert manager.told() == "READY=1"
    router.program.send_signal(signal.SIGHUP)
    reloading, _, time_us = manager.told().partition("\nMONOTONIC_USEC=")
    assert (reloading, manager.told()) == ("RELOADING=1", "READY=1")
    assert int(time_us) > 0


def test_a_router_with_nothing_to_read_again_goes_on_when_told_to(
    world: World, manager: ServiceManager
) -> None:
    router = world.router(extra=manager.environment)
    assert manager.told() == "READY=1"
    router.program.send_signal(signal.SIGHUP)
    assert manager.told().startswith("RELOADING=1")
    assert manager.told() == "READY=1"
    assert router.program.is_running()


def test_a_share_is_ready_when_the_router_holds_all_its_names(
    world: World, manager: ServiceManager
) -> None:
    gone = world.router()
    gone.program.send_signal(signal.SIGTERM)
    gone.program.wait_exit()
    target = world.target().address
    share = world.start(
        "share", f"web={target}", f"db={target}", *gone.flags, extra=manager.environment
    )
    share.wait_event("router", state="offline")
    assert manager.was_told_nothing()
    world.router(listen=gone.address)
    assert manager.told() == "READY=1"
    share.wait_event("sharing", name="web")
    share.wait_event("sharing", name="db")
    share.send_signal(signal.SIGTERM)
    assert manager.told() == "STOPPING=1"
    assert share.wait_exit() == 0


def test_a_share_that_cannot_have_one_of_its_names_never_was_ready(
    world: World, router: Router, manager: ServiceManager
) -> None:
    target = world.target().address
    world.share(router, f"db={target}", extra=world.another_user())
    names = [f"web={target}", f"db={target}"]
    share = world.start(
        "share", *names, *router.flags, extra=manager.environment, expected_exit=NAME_TAKEN
    )
    share.wait_event("sharing", name="web")
    assert manager.told() == "STOPPING=1"
    assert share.wait_exit() == NAME_TAKEN


def test_a_connect_is_ready_when_applications_can_connect_to_all_its_services(
    world: World, router: Router, manager: ServiceManager
) -> None:
    target = world.target().serve(echo).address
    connect = world.connect(router, "web=0", "db", extra=manager.environment)
    connect.wait_line('waiting for service "db"')
    assert manager.was_told_nothing()
    world.share(router, f"db={target}")
    assert manager.told() == "READY=1"
    connect.send_signal(signal.SIGTERM)
    assert manager.told() == "STOPPING=1"
    assert connect.wait_exit() == 0


def test_programs_that_a_command_starts_do_not_speak_for_it(
    world: World, manager: ServiceManager
) -> None:
    router = world.router(tls=True)
    seen = Path(world.folder / "environment")
    command = f"env > {seen}; echo token"
    world.run("list", "--identity-command", command, *router.flags, extra=manager.environment)
    assert "NOTIFY_SOCKET" not in seen.read_text(encoding="utf-8")


def test_a_service_manager_that_is_not_there_ends_nothing(world: World) -> None:
    router = world.router(extra={"NOTIFY_SOCKET": str(world.folder / "none")})
    router.program.wait_line("cannot tell the service manager: NOTIFY_SOCKET: No such file")
