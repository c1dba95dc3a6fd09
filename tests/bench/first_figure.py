#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A first figure: mindmeld, with and without end-to-end encryption, against three socats in a row,
which add nothing to as many TCP hops, and an ssh -R and an ssh -L at one sshd.

    MINDMELD_BINARY=build/mindmeld tests/bench/first_figure.py

Each round measures every chain in turn, so that a noisy machine is noisy for all of them; the table
holds medians, and ratios to the socats. The clients are Python and iperf3, the same for each.
"""
from __future__ import annotations

import json
import multiprocessing
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from harness.daemons import free_port, iperf3_server, ssh_server  # noqa: E402
from harness.streams import dial, receive_exactly  # noqa: E402
from harness.world import BINARY, World  # noqa: E402

ROUNDS = 5
BULK_S = 2
BUSY_S = 5
PINGS = 3000
OPENING_S = 2.0
AT_ONCE = 16
SOCAT_BUFFER_BYTES = 262144


# ---- the chains: each leads from an address of its own to a target's port


def mindmeld_chain(world: World, ports: dict[str, int], *flags: str) -> dict[str, str]:
    """A router, a share and a connect with a service for each target; without events or logs."""
    router = ["--router", f"http://127.0.0.1:{free_port()}", "--quiet"]
    addresses = {name: f"127.0.0.1:{free_port()}" for name in ports}
    start(world, BINARY, "router", "--listen", router[1].removeprefix("http://"), "--quiet")
    services = [f"{name}={port}" for name, port in ports.items()]
    start(world, BINARY, "share", *services, *router, *flags)
    listeners = [f"{name}={address}" for name, address in addresses.items()]
    start(world, BINARY, "connect", *listeners, *router, *flags)
    for address in addresses.values():
        wait_for_listener(address)
    return addresses


def start(world: World, *command: str) -> None:
    """Runs a program until the end, unheard."""
    silence = subprocess.DEVNULL
    process = subprocess.Popen(
        command, stdout=silence, stderr=silence, env=world.environment(), cwd=world.folder
    )
    world.owned(Ended(process))


def ssh_chain(world: World, ports: dict[str, int]) -> dict[str, str]:
    """An ssh -R and an ssh -L for each target, with the cipher that the machine does best."""
    server = world.owned(ssh_server(world.folder))
    host, _, port = server.address.rpartition(":")
    command = ["ssh", *server.client_options, "-p", port, "-N", "-c", "aes128-gcm@openssh.com"]
    addresses = {}
    for name, target in ports.items():
        middle, near = free_port(), free_port()
        start(world, *command, "-R", f"127.0.0.1:{middle}:127.0.0.1:{target}", host)
        wait_for_listener(f"127.0.0.1:{middle}")
        start(world, *command, "-L", f"127.0.0.1:{near}:127.0.0.1:{middle}", host)
        wait_for_listener(f"127.0.0.1:{near}")
        addresses[name] = f"127.0.0.1:{near}"
    return addresses


def socat_chain(world: World, ports: dict[str, int]) -> dict[str, str]:
    """Three socats in a row for each target."""
    return {name: f"127.0.0.1:{socat_row(world, port)}" for name, port in ports.items()}


def socat_row(world: World, port: int) -> int:
    """Starts three; the port of the outermost."""
    for _ in range(3):
        listen = free_port()
        command = ["socat", "-b", str(SOCAT_BUFFER_BYTES)]
        command += [f"TCP-LISTEN:{listen},bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=128"]
        command += [f"TCP:127.0.0.1:{port},nodelay"]
        start(world, *command)
        wait_for_listener(f"127.0.0.1:{listen}")
        port = listen
    return port


class Ended:
    """A process that close() ends."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait()


def wait_for_listener(address: str) -> None:
    """Until somebody listens there, which nobody announces here."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError):
            dial(address).close()
            return
    raise AssertionError(f"nobody listens on {address}")


# ---- the target of pings and of short connections


def serve_echo(listener: socket.socket) -> None:
    """In a process of its own: as many threads as connections at once."""
    threads = [threading.Thread(target=accept_and_echo, args=(listener,)) for _ in range(64)]
    for thread in threads:
        thread.start()
    threads[0].join()


def accept_and_echo(listener: socket.socket) -> None:
    """One connection after the other."""
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, suppress(OSError):
            while part := connection.recv(4096):
                connection.sendall(part)


class EchoProcess:
    """An echo server outside of this process, whose lock the clients need for themselves."""

    def __init__(self) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(1024)
            self.port: int = listener.getsockname()[1]
            self._process = multiprocessing.get_context("fork").Process(
                target=serve_echo, args=(listener,), daemon=True
            )
            self._process.start()

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.join()


# ---- what is measured


def bulk(address: str, *flags: str) -> float:
    """Received MB/s."""
    host, _, port = address.rpartition(":")
    command = ["iperf3", "-c", host, "-p", port, "-t", str(BULK_S), "-J", *flags]
    deadline = time.monotonic() + BUSY_S
    while True:
        told = json.loads(subprocess.run(command, check=False, capture_output=True).stdout)
        if "sum_received" in told["end"]:
            return float(told["end"]["sum_received"]["bits_per_second"]) / 8e6
        # One test at a time, and after each the server closes its listener and opens another: it may
        # not have heard yet that the last one is over, or not listen for a moment. (What is a reset
        # without a chain is an end of stream through some.)
        words = ("busy", "reset by peer", "closed unexpectedly")
        is_between = any(word in told.get("error", "") for word in words)
        if not is_between or time.monotonic() > deadline:
            raise RuntimeError(f"iperf3 through {address}: {told.get('error', told)}")


def round_trips(address: str) -> tuple[float, float]:
    """p50 and p99 of a 64-byte round trip in µs."""
    times_s = []
    with dial(address) as connection:
        for _ in range(PINGS):
            start = time.perf_counter()
            connection.sendall(b"x" * 64)
            receive_exactly(connection, 64)
            times_s.append(time.perf_counter() - start)
    times_s.sort()
    return times_s[PINGS // 2] * 1e6, times_s[PINGS * 99 // 100] * 1e6


def openings(address: str) -> float:
    """Connections per second: connect, a byte each way, close; 16 at once."""
    deadline = time.monotonic() + OPENING_S
    counts = [0] * AT_ONCE

    def open_and_close(index: int) -> None:
        while time.monotonic() < deadline:
            with dial(address) as connection:
                connection.sendall(b"x")
                receive_exactly(connection, 1)
            counts[index] += 1

    threads = [threading.Thread(target=open_and_close, args=(i,)) for i in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / OPENING_S


def measure(addresses: dict[str, str]) -> dict[str, float]:
    """Everything, once, through one chain."""
    p50_us, p99_us = round_trips(addresses["echo"])
    return {
        "bulk up, MB/s": bulk(addresses["iperf3"]),
        "bulk down, MB/s": bulk(addresses["iperf3"], "-R"),
        "bulk up, 8 at once, MB/s": bulk(addresses["iperf3"], "-P", "8"),
        "64 B round trip p50, µs": p50_us,
        "64 B round trip p99, µs": p99_us,
        "connections/s, 16 at once": openings(addresses["echo"]),
    }


def print_table(results: dict[str, list[dict[str, float]]]) -> None:
    """Medians, and ratios: of the one in clear to the socats, of the encrypted one to that."""
    names = list(results)
    print(f"\n| median of {ROUNDS} | " + " | ".join(names) + " | in clear / socat | / in clear |")
    print("|---" * (len(names) + 3) + "|")
    for what in results[names[0]][0]:
        medians = {name: statistics.median(r[what] for r in results[name]) for name in names}
        cells = " | ".join(f"{medians[name]:.0f}" for name in names)
        to_socat = medians["in clear"] / medians["socat ×3"]
        sealed = medians["mindmeld"] / medians["in clear"]
        print(f"| {what} | {cells} | {to_socat:.2f} | {sealed:.2f} |")


def main() -> None:
    """Starts the chains, measures them in turn, prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            echo = world.owned(EchoProcess())
            ports = {"echo": echo.port, "iperf3": world.owned(iperf3_server()).port}
            chains = {
                "mindmeld": mindmeld_chain(world, ports),
                "in clear": mindmeld_chain(world, ports, "--no-e2e"),
                "ssh -R -L": ssh_chain(world, ports),
                "socat ×3": socat_chain(world, ports),
                "direct": {name: f"127.0.0.1:{port}" for name, port in ports.items()},
            }
            results: dict[str, list[dict[str, float]]] = {name: [] for name in chains}
            for number in range(ROUNDS):
                for name, addresses in chains.items():
                    results[name].append(measure(addresses))
                print(f"round {number + 1} of {ROUNDS} is done", file=sys.stderr)
            print_table(results)
        finally:
            world.close()


if __name__ == "__main__":
    main()
