# SPDX-License-Identifier: MIT
"""Other people's servers (sshd, redis-server, iperf3, postgres), each on a free port of its own."""
from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from harness.world import USER


class Daemon:
    """A server that says on its output that it is ready; ended by close()."""

    def __init__(self, command: Sequence[str | Path], ready: str, port: int) -> None:
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self._process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout is not None
        said = ""
        for line in self._process.stdout:
            said += line
            if ready in line:
                break
        else:
            raise AssertionError(f"{command[0]} does not start: {said}")
        Thread(target=self._process.stdout.read, daemon=True).start()  # else its pipe fills up

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(10)


# Below those that Linux gives to whoever connects, or binds to any (net.ipv4.ip_local_port_range):
# other tests do both by the thousand before the server has the port.
NEVER_GIVEN = range(10_000, 32_768)


def free_port() -> int:
    """A port that was free a moment ago, for servers that cannot pick one themselves."""
    while True:
        port = random.choice(NEVER_GIVEN)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("0.0.0.0", port))
            return port


def redis_server(folder: Path) -> Daemon:
    """A redis-server that keeps nothing."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    return Daemon([*command, "--dir", str(folder)], "Ready to accept connections", port)


def iperf3_server() -> Daemon:
    """An iperf3 server, for any number of clients one after the other."""
    port = free_port()
    command = ["iperf3", "--server", "--bind", "127.0.0.1", "--port", str(port), "--forceflush"]
    return Daemon(command, "Server listening", port)


@dataclass(frozen=True)
class SshServer:
    """An sshd that lets this user in with `key`."""

    daemon: Daemon
    client_options: tuple[str, ...]

    @property
    def address(self) -> str:
        """Where it listens."""
        return self.daemon.address

    def shell_command(self, port: str) -> list[str]:
        """An interactive session by way of this port."""
        return ["ssh", "-tt", "-p", port, *self.client_options, "127.0.0.1", "/bin/sh"]

    def close(self) -> None:
        """Ends it."""
        self.daemon.close()


def ssh_server(folder: Path) -> SshServer:
    """An sshd of this user's own, with keys made for it in `folder`."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd insists on it when root
    host_key, user_key = folder / "host_key", folder / "user_key"
    for key in (host_key, user_key):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(make, check=True, capture_output=True)
    port = free_port()
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {user_key}.pub\nStrictModes no\nPermitRootLogin yes\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "Subsystem sftp internal-sftp\n",
        encoding="utf-8",
    )
    daemon = Daemon(["/usr/sbin/sshd", "-D", "-e", "-f", config], "Server listening", port)
    options = ["-F", "none", "-i", str(user_key), "-o", "BatchMode=yes"]
    options += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    options += ["-o", f"User={USER}", "-o", "LogLevel=ERROR", "-o", "IdentityAgent=none"]
    return SshServer(daemon, tuple(options))


class PostgresServer(Daemon):
    """A PostgreSQL that lets everybody of this machine in, as its user postgres. It refuses to be
    root's, so then it is the user's that Debian's package makes."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="postgres-")  # within others' reach
        data = f"{self._folder.name}/data"
        owner: tuple[str, ...] = ()
        if os.geteuid() == 0:
            shutil.chown(self._folder.name, "postgres", "postgres")
            owner = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
        (programs,) = Path("/usr/lib/postgresql").glob("*/bin")
        make = [*owner, programs / "initdb", "--no-sync", "--auth=trust", "--username=postgres"]
        subprocess.run([*make, "--pgdata", data], check=True, capture_output=True)
        port = free_port()
        flags = ["-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", "-F"]
        super().__init__([*owner, programs / "postgres", *flags], "ready to accept", port)

    def close(self) -> None:
        """Ends it, whoever is still connected."""
        os.kill(self.pid, signal.SIGINT)
        super().close()
        self._folder.cleanup()
