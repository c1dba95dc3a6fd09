# SPDX-License-Identifier: MIT
"""The chains that are measured: mindmeld, a direct connection, socats and sshs as the same hops.

Each leads from an address of its own to the target. Others' programs are in peers.py.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from harness.certificates import make_certificates
from harness.daemons import free_port, ssh_server
from harness.streams import dial
from harness.world import BINARY, REPOSITORY, World

OUTPUT_FOLDER = REPOSITORY / "build" / "bench"
PEER_FOLDER = OUTPUT_FOLDER / "peers"
SOCAT_BUFFER_BYTES = 262144
READY_WITHIN_S = 10


class LeftOut(Exception):
    """A chain that cannot be measured here; the text says why."""


@dataclass
class Chain:
    """What leads to the target; `processes`: the id of each, by its label."""

    name: str
    what: str
    cipher: str
    version: str
    address: str = ""
    processes: dict[str, int] = field(default_factory=dict)
    router: tuple[str, ...] = ()  # mindmeld's: the flags that name it

    @property
    def is_mindmeld(self) -> bool:
        """Is it ours?"""
        return bool(self.router)


class Starter:
    """Starts the processes of one chain, unheard, until the world ends."""

    def __init__(self, world: World, chain: Chain) -> None:
        self.world = world
        self.chain = chain

    def start(self, label: str, *command: str) -> None:
        """Runs a program as a part of the chain."""
        silence = subprocess.DEVNULL
        process = subprocess.Popen(
            command,
            stdin=silence,
            stdout=silence,
            stderr=silence,
            env=self.world.environment(),
            cwd=self.world.folder,
        )
        self.world.owned(Ended(process))
        self.chain.processes[label] = process.pid

    def lead_from(self, port: int) -> Chain:
        """The chain begins at this port; waits until it is open."""
        self.chain.address = f"127.0.0.1:{port}"
        wait_for_listener(self.chain.address)
        return self.chain


class Ended:
    """A process that close() ends."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def wait_for_listener(address: str) -> None:
    """Until somebody listens there, which nobody announces here."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError, ConnectionResetError):
            dial(address).close()
            return
        # A port of the kernel's choice that is dialled very often is once dialled from itself.
        threading.Event().wait(0.01)
    raise LeftOut(f"nobody listens on {address} within {READY_WITHIN_S} s")


def version_of(*command: str) -> str:
    """The first thing that looks like a version in what a command says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"(?<![\d:.])\d+\.\d+[\w.-]*", done.stdout + done.stderr)
    return found.group() if found else "?"


def must_find(program: str, how: str = "./dev bench --install-peers") -> str:
    """Its path; `how` one gets it."""
    path = shutil.which(program, path=f"{PEER_FOLDER / 'bin'}{os.pathsep}{os.environ['PATH']}")
    if path is None:
        raise LeftOut(f"not installed; {how}")
    return path


def mindmeld(world: World, port: int) -> Chain:
    """As it is without flags."""
    chain = Chain("mindmeld", "router, share, connect", "TLS 1.3 end to end", mindmeld_version())
    return start_mindmeld(Starter(world, chain), port)


def plain(world: World, port: int) -> Chain:
    """Without end-to-end encryption."""
    chain = Chain("plain", "mindmeld with --no-e2e on both sides", "none", mindmeld_version())
    return start_mindmeld(Starter(world, chain), port, "--no-e2e")


def tls(world: World, port: int) -> Chain:
    """Encrypted as far as the router, by both, which is what others do."""
    chain = Chain("tls", "plain, at a router with TLS", "TLS to the router", mindmeld_version())
    made = make_certificates(world.folder)
    serve = ("--tls-cert", str(made.certificate), "--tls-key", str(made.key))
    ask = ("--ca", str(made.authority))
    return start_mindmeld(Starter(world, chain), port, "--no-e2e", serve=serve, ask=ask)


def mindmeld_version() -> str:
    """What the binary says."""
    return version_of(BINARY, "--version")


def start_mindmeld(
    starter: Starter,
    port: int,
    *flags: str,
    serve: tuple[str, ...] = (),
    ask: tuple[str, ...] = (),
) -> Chain:
    """The three processes, without events or logs; all that they print is of no use here.

    `serve`: the router's flags for TLS; `ask`: those with which the others trust it."""
    router, near = free_port(), free_port()
    scheme = "https" if serve else "http"
    starter.chain.router = ("--router", f"{scheme}://127.0.0.1:{router}", *ask)
    by = (*starter.chain.router, "--quiet")
    starter.start("router", BINARY, "router", "--listen", f"127.0.0.1:{router}", *serve, "--quiet")
    starter.start("share", BINARY, "share", f"web={port}", *by, *flags)
    starter.start("connect", BINARY, "connect", f"web=127.0.0.1:{near}", *by, *flags)
    return starter.lead_from(near)


def socat(world: World, port: int) -> Chain:
    """Three in a row: the same four TCP hops with nothing added. They fork for each connection."""
    program = must_find("socat")
    starter = Starter(
        world, Chain("socat", "3 × socat -b 262144", "none", version_of(program, "-V"))
    )
    for label in ("far", "middle", "near"):
        listen = free_port()
        command = [program, "-b", str(SOCAT_BUFFER_BYTES)]
        command += [f"TCP-LISTEN:{listen},bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=128"]
        command += [f"TCP:127.0.0.1:{port},nodelay"]
        starter.start(label, *command)
        wait_for_listener(f"127.0.0.1:{listen}")
        port = listen
    return starter.lead_from(port)


def direct(_world: World, port: int) -> Chain:
    """No chain at all."""
    return Chain("direct", "the target itself", "none", "-", f"127.0.0.1:{port}")


def ssh(world: World, port: int) -> Chain:
    """An ssh -R and an ssh -L at one sshd, with the cipher that the machine does best."""
    must_find("ssh-keygen")
    cipher = "aes128-gcm@openssh.com"
    chain = Chain("ssh", "ssh -R, ssh -L, one sshd", cipher, version_of(must_find("ssh"), "-V"))
    starter = Starter(world, chain)
    server = world.owned(ssh_server(world.folder))
    chain.processes["sshd"] = server.daemon.pid
    host, _, ssh_port = server.address.rpartition(":")
    command = ["ssh", *server.client_options, "-p", ssh_port, "-N", "-c", cipher]
    middle, near = free_port(), free_port()
    starter.start("ssh -R", *command, "-R", f"127.0.0.1:{middle}:127.0.0.1:{port}", host)
    wait_for_listener(f"127.0.0.1:{middle}")
    starter.start("ssh -L", *command, "-L", f"127.0.0.1:{near}:127.0.0.1:{middle}", host)
    return starter.lead_from(near)


CHAINS: dict[str, Callable[[World, int], Chain]] = {
    "mindmeld": mindmeld,
    "plain": plain,
    "tls": tls,
    "socat": socat,
    "direct": direct,
    "ssh": ssh,
}
