# SPDX-License-Identifier: MIT
"""Programs that people use, through mindmeld: curl, ssh, scp, iperf3, redis-cli."""
from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from harness.daemons import SshServer, iperf3_server, redis_server, ssh_server
from harness.streams import Payload
from harness.terminal import Terminal
from harness.web import PAGE, WebServer
from harness.world import BINARY, World, listening

MIB = 1 << 20


def output_of(
    command: Sequence[str],
    *,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> str:
    """What a program writes; it must end well."""
    done = subprocess.run(
        command, input=stdin, capture_output=True, timeout=30, env=environment, check=False
    )
    text = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {text}"
    return done.stdout.decode()


def port_of(address: str) -> str:
    """The port, as programs want it."""
    return address.rpartition(":")[2]


# ---- curl

PAYLOAD = Payload(64 * MIB)


def web_through(world: World) -> tuple[WebServer, str]:
    """A web server, and the URL that leads to it through mindmeld."""
    web = world.owned(WebServer(PAYLOAD))
    return web, f"http://{world.chain(web.address).address}"


def test_curl_downloads_64_mib(world: World) -> None:
    _, url = web_through(world)
    file = world.folder / "file"
    output_of(["curl", "-sSf", "-o", str(file), f"{url}/file"])
    assert hashlib.sha256(file.read_bytes()).hexdigest() == PAYLOAD.sha256()


def test_curl_uploads_64_mib(world: World) -> None:
    _, url = web_through(world)
    file = world.folder / "file"
    file.write_bytes(PAYLOAD.bytes())
    assert output_of(["curl", "-sSf", "-T", str(file), f"{url}/up"]) == PAYLOAD.sha256()


def test_http_keep_alive_serves_two_requests_on_one_connection(world: World) -> None:
    web, url = web_through(world)
    command = ["curl", "-sSv", "--stderr", "-", "--output", "/dev/null", f"{url}/a"]
    told = output_of([*command, "--next", "-sSv", "--output", "/dev/null", f"{url}/b"])
    assert "Re-using existing connection" in told
    assert web.connections == 1


def test_server_sent_events_arrive_one_by_one(world: World) -> None:
    web, url = web_through(world)
    with subprocess.Popen(["curl", "-sSN", f"{url}/events"], stdout=subprocess.PIPE) as curl:
        assert curl.stdout is not None
        for number in range(20):
            web.events.put(f"event {number}")
            assert curl.stdout.readline() == f"data: event {number}\n".encode()
            assert curl.stdout.readline() == b"\n"
        web.events.put(None)
        assert curl.stdout.read() == b""
        assert curl.wait(10) == 0


# ---- ssh


def ssh_through(world: World) -> tuple[SshServer, str]:
    """An sshd, and the port that leads to it through mindmeld."""
    server = world.owned(ssh_server(world.folder))
    return server, port_of(world.chain(server.daemon.address).address)


def test_an_interactive_ssh_session_answers_what_is_typed(world: World) -> None:
    server, port = ssh_through(world)
    terminal = world.owned(Terminal(server.shell_command(port)))
    for turn in range(3):
        terminal.type(f'echo "turn-$(({turn} + 100))"\n')
        terminal.read_until(f"turn-{turn + 100}")
    terminal.type("exit\n")
    assert terminal.wait_exit(10) == 0


def test_scp_copies_each_way(world: World) -> None:
    server, port = ssh_through(world)
    original, there, back = (world.folder / name for name in ("original", "there", "back"))
    original.write_bytes(Payload(16 * MIB).bytes())
    command = ["scp", "-q", "-P", port, *server.client_options]
    output_of([*command, str(original), f"127.0.0.1:{there}"])
    output_of([*command, f"127.0.0.1:{there}", str(back)])
    assert back.read_bytes() == there.read_bytes() == original.read_bytes()


@pytest.mark.needs_binary
def test_ssh_runs_a_command_with_connect_as_its_proxy_command(world: World) -> None:
    server = world.owned(ssh_server(world.folder))
    router = world.router()
    world.share(router, f"ssh={server.daemon.address}")
    proxy = shlex.join([BINARY, "connect", "ssh=-", "--quiet", *router.flags])
    command = ["ssh", *server.client_options, "-o", f"ProxyCommand={proxy}", "anywhere"]
    environment = world.environment()
    typed = output_of([*command, "cat; echo after"], stdin=b"typed\n", environment=environment)
    assert typed == "typed\nafter\n"
    sum_it = f"head -c {8 * MIB} /dev/zero | sha256sum"
    told = output_of([*command, sum_it], environment=environment)
    assert told.split()[0] == hashlib.sha256(bytes(8 * MIB)).hexdigest()


# ---- iperf3


@pytest.mark.parametrize("flags", [(), ("-R",), ("-P", "8"), ("-P", "8", "-R")], ids=" ".join)
def test_iperf3_measures(world: World, flags: tuple[str, ...]) -> None:
    server = world.owned(iperf3_server())
    port = port_of(world.chain(server.address).address)
    told = output_of(["iperf3", "-c", "127.0.0.1", "-p", port, "-t", "1", "-J", *flags])
    assert json.loads(told)["end"]["sum_received"]["bytes"] > MIB


# ---- redis


def test_redis_cli_sets_gets_and_pipelines(world: World) -> None:
    server = world.owned(redis_server(world.folder))
    command = ["redis-cli", "-p", port_of(world.chain(server.address).address)]
    assert output_of([*command, "SET", "name", "value"]) == "OK\n"
    assert output_of([*command, "GET", "name"]) == "value\n"
    pipeline = "".join(f"SET key{number} {number}\r\n" for number in range(10_000))
    assert "errors: 0, replies: 10000" in output_of([*command, "--pipe"], stdin=pipeline.encode())
    assert output_of([*command, "GET", "key9999"]) == "9999\n"


# ---- through a unix socket


@pytest.mark.needs_binary
def test_curl_reaches_a_unix_listener(world: World) -> None:
    web = world.owned(WebServer(PAYLOAD))
    router = world.router()
    world.share(router, f"web={web.port}")
    path: Path = world.folder / "web.sock"
    listening(world.connect(router, f"web=unix:{path}"), "web")
    command = ["curl", "-sSf", "--unix-socket", str(path), "http://anywhere/page"]
    assert output_of(command).encode() == PAGE
