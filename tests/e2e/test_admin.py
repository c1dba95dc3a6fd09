# SPDX-License-Identifier: MIT
"""What a router shows of itself: metrics, health, status, and the page in a browser."""
from __future__ import annotations

import http.client
import json
import re
import select
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from harness.admin import admin_of, get, samples, status
from harness.streams import ping, receive_exactly
from harness.target import echo
from harness.world import Router, World, listening

SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"
REPOSITORY = Path(__file__).resolve().parents[2]


def health(router: Router, name: str = "") -> bytes:
    """The answer of gRPC's health service, to somebody without a pass."""
    with grpc.insecure_channel(router.address) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        request = bytes([0x0A, len(name)]) + name.encode() if name else b""
        return bytes(check(request, timeout=10))


def test_it_tells_of_services_connections_and_bytes(world: World) -> None:
    router = world.router("--admin", "127.0.0.1:0")
    admin = admin_of(router)
    world.share(router, f"web={world.target().serve(echo).port}")
    connection = world.dial(listening(world.connect(router, "web=0"), "web"))
    ping(connection)
    seen = status(admin)
    (service,), (bridge,) = seen["services"], seen["connections"]
    assert (service["name"], service["connections"]) == ("web", 1)
    assert (bridge["service"], bridge["caller"]) == ("web", "ipv4:127.0.0.1")
    assert bridge["up_bytes"] > 0 and bridge["down_bytes"] > 0
    assert re.fullmatch("[0-9a-f]{8}", bridge["id"]), "more of a token than its t="
    before = samples(admin)
    assert before["mindmeld_router_connections"] == 1
    connection.close()
    router.program.until(lambda: not status(admin)["connections"], "the connection is over")
    after = samples(admin)
    assert after["mindmeld_router_connections_total"] == 1
    up = 'mindmeld_router_bytes_total{direction="up"}'
    assert after[up] >= before[up] > 0, "bytes of what is over are forgotten"
    assert after["process_open_fds"] > 3


def test_every_refusal_is_counted_by_its_reason_and_the_list_of_them_is_true(world: World) -> None:
    router = world.router("--admin", "127.0.0.1:0")
    admin = admin_of(router)
    assert world.run("connect", "--no-wait", *router.flags, "nothing=0").code == 4
    refusals = status(admin)["refusals"]
    documented = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for reason in refusals:
        assert f"`{reason}`" in documented, f"README.md does not say what {reason} means"
    for name in {re.sub("{.*", "", sample) for sample in samples(admin)}:
        assert f"`{name}`" in documented, f"README.md does not say what {name} means"


def test_prometheus_likes_its_metrics(world: World) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool (Debian's prometheus)")
    admin = admin_of(world.router("--admin", "127.0.0.1:0"))
    text = get(admin, "/metrics")[1]
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_it_says_when_it_takes_nothing_new(world: World) -> None:
    router = world.router("--admin", "127.0.0.1:0")
    admin = admin_of(router)
    web = world.target().serve(echo).port
    world.share(router, f"web={web}")
    connection = world.dial(listening(world.connect(router, "web=0"), "web"))
    ping(connection)  # it is waited for
    assert (get(admin, "/healthz")[0], get(admin, "/readyz")[0]) == (200, 200)
    assert health(router) == health(router, "mindmeld.v1.ProxyService") == SERVING
    with pytest.raises(grpc.RpcError) as unknown:
        health(router, "mindmeld.v1.Nothing")
    assert unknown.value.code() == grpc.StatusCode.NOT_FOUND
    router.program.send_signal(signal.SIGTERM)
    router.program.until(lambda: get(admin, "/readyz")[0] == 503, "it takes nothing new")
    assert get(admin, "/healthz")[0] == 200
    assert health(router) == NOT_SERVING


def test_a_page_of_somebody_else_learns_nothing(world: World) -> None:
    admin = admin_of(world.router("--admin", "127.0.0.1:0"))
    port = admin.rpartition(":")[2]
    for path in ("/", "/api/status"):
        assert get(admin, path, Host=f"localhost:{port}")[0] == 200
        assert get(admin, path, Host=f"evil.example:{port}")[0] == 403
    assert get(admin, "/healthz", Host="router.internal")[0] == 200
    for method in ("POST", "PUT", "DELETE"):
        assert get(admin, "/", method)[0] >= 400
    assert get(admin, "/", "HEAD") == (200, "")
    assert get(admin, "/etc/passwd")[0] == 404
    assert get(admin, "/", Long="x" * 20_000)[0] == 400


def test_a_crowd_at_the_admin_address_takes_few_descriptors(world: World) -> None:
    router = world.router("--admin", "127.0.0.1:0")
    admin = admin_of(router)
    crowd = [world.dial(admin) for _ in range(100)]
    world.share(router, f"web={world.target().serve(echo).port}")  # the router has not suffered
    assert router.program.descriptors() < 100
    assert get(admin, "/healthz")[0] == 200, "once the time of the silent ones is up"


def test_who_asks_slower_than_a_person_would_is_shown_out(world: World) -> None:
    admin = admin_of(world.router("--admin", "127.0.0.1:0"))
    slow = world.dial(admin)
    slow.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
    while not select.select([slow], [], [], 1)[0]:
        slow.sendall(b"x")
    with suppress(ConnectionResetError):
        assert slow.recv(1) == b""


def test_at_its_most_connections_a_router_refuses_one_more_and_keeps_the_others(
    world: World,
) -> None:
    router = world.router("--admin", "127.0.0.1:0", "--max-connections", "1")
    admin = admin_of(router)
    world.share(router, f"web={world.target().serve(echo).port}")
    connect = world.connect(router, "web=0", "--hold", "1s")
    address = listening(connect, "web")
    first = world.dial(address)
    ping(first)
    with pytest.raises(ConnectionResetError):
        ping(world.dial(address))
    router.program.wait_line("router.refused reason=max_connections")
    why = "the router has all the connections that it may, 1"
    connect.wait_line(f'connections to "web" wait: {why}')
    told = connect.wait_event("error", code="reset")["message"]
    assert told == f"web: the other end did not come: {why}"
    ping(first)
    assert samples(admin)['mindmeld_router_refusals_total{reason="max_connections"}'] > 0


def test_who_is_one_too_many_for_a_router_gets_through_when_there_is_room(world: World) -> None:
    router = world.router("--max-connections", "1")
    world.share(router, f"web={world.target().serve(echo).port}")
    connect = world.connect(router, "web=0")
    address = listening(connect, "web")
    first = world.dial(address)
    ping(first)
    second = world.dial(address)
    second.sendall(b"let me in")
    connect.wait_line('connections to "web" wait: the router has all the connections')
    first.close()
    assert receive_exactly(second, 9) == b"let me in"


def test_a_router_short_of_memory_takes_no_new_connection(world: World) -> None:
    router = world.router("--admin", "127.0.0.1:0", "--max-memory", "1M")
    world.share(router, f"web={world.target().serve(echo).port}")
    connect = world.connect(router, "web=0", "--hold", "1s")
    with pytest.raises(ConnectionResetError):
        ping(world.dial(listening(connect, "web")))
    router.program.wait_line("router.refused reason=max_memory")
    assert status(admin_of(router))["limits"]["memory_bytes"] == 1 << 20


def limited_group(folder: Path) -> tuple[str, ...]:
    """Before a command: one in whose view this control group may have 256 MiB."""
    for line in Path("/proc/self/cgroup").read_text("ascii").splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers in ("", "memory"):
            place = folder / controllers / group.lstrip("/")
            place.mkdir(parents=True, exist_ok=True)
            name = "memory.limit_in_bytes" if controllers else "memory.max"
            (place / name).write_text(f"{256 << 20}\n", encoding="ascii")
    bind = 'mount --bind "$0" /sys/fs/cgroup && exec "$@"'
    return ("unshare", "--mount", "sh", "-c", bind, str(folder))


def test_a_router_in_a_control_group_plans_with_three_quarters_of_its_memory(
    world: World,
) -> None:
    group = limited_group(world.folder / "cgroup")
    if subprocess.run([*group, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user, or this machine, lets nobody mount")
    admin = admin_of(world.router("--admin", "127.0.0.1:0", within=group))
    assert status(admin)["limits"]["memory_bytes"] == 192 << 20


def test_admin_for_others_is_opened_on_purpose(world: World) -> None:
    refused = world.run("router", "--listen", "127.0.0.1:0", "--admin", "0.0.0.0:0")
    refused.expect_refusal(2, "--admin-anonymous")


def page_in_browser(chromium: str, folder: Path, url: str) -> tuple[str, str]:
    """What the page holds after three seconds of the browser's own clock, and what it logged."""
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    command += ["--no-first-run", "--disable-background-networking", "--enable-logging=stderr"]
    command += [f"--user-data-dir={folder}", "--virtual-time-budget=3000", "--dump-dom", url]
    for timeout_s in (15, 30):  # on a busy machine one in some dozens never ends
        with suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=timeout_s, check=False
            )
            return done.stdout, done.stderr
    pytest.fail("chromium does not end")


def test_a_browser_shows_the_page(world: World) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium")
    router = world.router("--admin", "127.0.0.1:0")
    admin = admin_of(router)
    world.share(router, f"web={world.target().serve(echo).port}")
    ping(world.dial(listening(world.connect(router, "web=0"), "web")))
    page, log = page_in_browser(chromium, world.folder / "chromium", f"http://{admin}/")
    assert re.search('id="state"[^>]*>live<', page), page + log
    assert re.search('<td class="name"[^>]*><span>web</span></td>', page), page
    assert "ipv4:127.0.0.1" in page
    assert "CONSOLE" not in log, log
