# SPDX-License-Identifier: MIT
"""CloudRun: a forward by way of a platform as Google's is one. Its front end is an nginx; behind it
runs the container, as container/cloudrun/service.yaml says, with the auth file that is its secret."""
from __future__ import annotations

import re

from harness.certificates import Certificates
from harness.container import Container, as_built_here
from harness.daemons import free_port
from harness.front_end import AS_ON_CLOUD_RUN, Fronted
from harness.people import People
from harness.target import Target
from harness.world import REPOSITORY, Router, World

SERVICE = REPOSITORY / "container" / "cloudrun" / "service.yaml"
SILENCE_S = 60


def arguments() -> list[str]:
    """What the service gives the program."""
    found = re.search(r"^ *args: \[(.*)\]$", SERVICE.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return found.group(1).split(", ")


class CloudRun(Fronted):
    """A person shares; who connects has the ticket."""

    def __init__(self, world: World, certificates: Certificates, target: Target) -> None:
        self._people = People(world)
        share_flags = self._people.pass_file(self._people.add("ann"))
        super().__init__(world, certificates, target, SILENCE_S, share_flags=share_flags)

    def new_router(self) -> Router:
        """One more instance; they have the image and the secret in common, and nothing else."""
        port = free_port()
        folder = self.world.folder / f"instance-{port}"
        container = Container(folder, as_built_here)
        secret = folder / arguments()[-1][1:]
        secret.parent.mkdir(parents=True)
        secret.write_bytes(self._people.path.read_bytes())
        program = container.start(self.world, arguments(), PORT=str(port), **AS_ON_CLOUD_RUN)
        program.wait_event("listening")
        return Router(program, f"127.0.0.1:{port}", ())
