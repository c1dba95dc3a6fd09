# SPDX-License-Identifier: MIT
"""FrontEnd: an nginx before the router, which stands for a platform's: it ends TLS, takes 100
streams a connection, and cuts what is silent for too long, as well as everything at its restart."""
from __future__ import annotations

import collections
import os
import re
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.certificates import Certificates
from harness.chaos import Chaos
from harness.daemons import Daemon, free_port
from harness.program import Program
from harness.target import Target
from harness.world import Router, World, listening

AS_ON_CLOUD_RUN = {"K_SERVICE": "mindmeld"}

MIGRATION_S = 60.0  # promised; a share looks for another router each 5 to 10 s
SHORTEST_TIMER_MS = 5_000  # for how long a router lets a lane wait alone

CONFIGURATION = """
daemon off;
error_log stderr notice;
pid {folder}/pid;
{user}
worker_processes 1;
worker_rlimit_nofile 8192;
worker_shutdown_timeout 1s;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl{http2};
    ssl_certificate {certificates.certificate};
    ssl_certificate_key {certificates.key};
    http2_max_concurrent_streams 100;
    client_max_body_size 0;
    client_body_timeout {silence_s}s;
    location / {{
      {demand}
      {inward}{router};
      grpc_set_header x-forwarded-for $remote_addr;
      grpc_read_timeout {silence_s}s;
      grpc_send_timeout {silence_s}s;
    }}
  }}
}}
"""


class FrontEnd:
    """Listens on an address of its own, by TLS, and leads to `router` ("127.0.0.1:6353").
    `token`: only for who shows it, as a platform's own check has it. Without `http2` it speaks
    HTTP/1.1 alone; `inward` is what it speaks to the router."""

    def __init__(
        self,
        folder: Path,
        certificates: Certificates,
        router: str,
        silence_s: int,
        token: str | None = None,
        http2: bool = True,
        inward: str = "grpc_pass grpc://",
    ) -> None:
        folder.mkdir()
        demand = f'if ($http_authorization != "Bearer {token}") {{ return 403; }}'
        self._values = {
            "folder": folder,
            "user": "user root;" if os.geteuid() == 0 else "",  # else the worker is nobody
            "port": free_port(),
            "certificates": certificates,
            "silence_s": silence_s,
            "inward": inward,
            "http2": " http2" if http2 else "",
            "demand": "" if token is None else demand,
        }
        self._pid = folder / "pid"
        self._file = folder / "nginx.conf"
        self._lead_to(router)
        command = ["/usr/sbin/nginx", "-e", "stderr", "-p", folder, "-c", self._file]
        self._daemon = Daemon(command, "start worker processes", self._values["port"])
        self.flags = (
            "--router",
            f"https://{self._daemon.address}",
            "--ca",
            str(certificates.authority),
        )

    def replace(self, router: str) -> None:
        """New streams go to this router; those that run are cut within a second or so."""
        self._lead_to(router)
        os.kill(int(self._pid.read_text("ascii")), signal.SIGHUP)

    def close(self) -> None:
        """Ends it."""
        self._daemon.close()

    def _lead_to(self, router: str) -> None:
        self._file.write_text(CONFIGURATION.format(router=router, **self._values), "ascii")


class Fronted:
    """A forward whose two ends see nothing but the front end."""

    def __init__(
        self,
        world: World,
        certificates: Certificates,
        target: Target,
        silence_s: int,
        *,
        share_flags: tuple[str, ...] = (),
    ) -> None:
        self.world = world
        self.routers = [self.new_router()]
        self.front_end = world.owned(
            FrontEnd(world.folder / "nginx", certificates, self.routers[0].address, silence_s)
        )
        flags = (*self.front_end.flags, *share_flags)
        self.share = world.start("share", f"web={target.address}", *flags)
        self.share.wait_event("sharing")
        self.connect = world.start("connect", "web=0", *self.front_end.flags)
        self.address = listening(self.connect, "web")

    def new_router(self) -> Router:
        """One that knows no caller by its address, as on Cloud Run."""
        return self.world.router(extra=AS_ON_CLOUD_RUN)

    def replace_router(self) -> None:
        """A redeploy: the front end turns to a new router, and the old one is told to end."""
        self.routers.append(self.new_router())
        self.front_end.replace(self.routers[-1].address)
        self.routers[-2].program.send_signal(signal.SIGTERM)

    def cut_all(self) -> None:
        """The front end ends every stream, as one does with those of an hour's age."""
        self.front_end.replace(self.routers[-1].address)

    def bridges(self, generation: int) -> int:
        """How many were opened for lanes of this generation."""
        return sum(
            router.program.stderr_text().count(f"generation={generation}\n")
            for router in self.routers
        )

    def bridges_of_each(self) -> list[int]:
        """How many were opened for each connection, fewest first."""
        return sorted(sum(map(_bridges, self.routers), collections.Counter()).values())

    def expect_all_to_come(self, count: int, before: collections.Counter[str]) -> None:
        """Each of `count` connections opens one more at the newest router than `before`."""

        def have_come() -> bool:
            now = _bridges(self.routers[-1])
            return len(now) == count and all(now[token] > before[token] for token in now)

        newest = self.routers[-1].program
        newest.until(have_come, f"all {count} connections are there", MIGRATION_S)

    def bridges_at_newest(self) -> collections.Counter[str]:
        """How many each connection has opened at the newest router."""
        return _bridges(self.routers[-1])

    def expect_quiet(self) -> None:
        """No connection was closed, and the router was away for nobody but a moment.

        A loss is told after half a second, and a busy machine may take seconds for 300 lanes. What
        is mended by one of the programs' timers takes longer.
        """
        for program in (self.share, self.connect):
            program.until(partial(_is_online, program), "the router is there again")
            events = program.events_left()
            assert not [event for event in events if event.get("state") == "closed"]
            away_ms = [event["away_ms"] for event in events if "away_ms" in event]
            assert all(ms < SHORTEST_TIMER_MS for ms in away_ms), away_ms


class Rolling(Fronted):
    """Each stream goes to the router that is the newest when it begins, and stays there; none is
    told to end. So it is on Cloud Run, for as long as a stream may last."""

    _way: Chaos | None = None

    def new_router(self) -> Router:
        """It hears nothing of the next one, nor do streams that it has."""
        router = super().new_router()
        self._way = self._way or self.world.owned(Chaos(router.address))
        self._way.upstream = router.address
        return replace(router, address=self._way.address)


def _is_online(program: Program) -> bool:
    states = [event["state"] for event in program.events_left() if event["event"] == "router"]
    return states[-1] == "online"


def _bridges(router: Router) -> collections.Counter[str]:
    opened = re.findall(r"bridge\.opened t=(\w+)", router.program.stderr_text())
    return collections.Counter(opened)
