# SPDX-License-Identifier: MIT
"""The README's first forward between two machines, command by command, in a network of its own."""
from __future__ import annotations

import subprocess

import pytest
from harness.daemons import Daemon
from harness.network import ROUTER, Network
from harness.people import written
from harness.world import World, listening

pytestmark = pytest.mark.needs_binary


def test_the_first_forward_works_as_it_is_written_and_asks_who_somebody_is(world: World) -> None:
    network = world.owned(Network())
    network.lead_outside()
    made = world.run("router", "--auth-file", "people.json", "--new-pass", "ann")
    assert made.code == 0
    assert made.stderr.startswith("this is the pass of ann, shown this once; people.json holds its hash")
    ann = str(written(world.folder / "ann.pass", made.stdout, 0o600))

    flags = ("--auth-file", "people.json", "--listen", "0.0.0.0:6353")
    router = world.start("router", *flags, within=network.within)
    url = str(router.wait_event("listening")["url"])
    assert url.startswith(f"https://{ROUTER}:6353#")
    router.wait_line(f"router listening on 0.0.0.0:6353   others name it: --router {url}$")

    server = [*network.within, "python3", "-u", "-m", "http.server", "3000"]
    (world.folder / "index.html").write_text("hello from my laptop", encoding="ascii")
    world.owned(Daemon([*server, "--directory", world.folder], "Serving HTTP", 3000))
    stranger = world.start(
        "share", "web=3000", "--router", url, within=network.within, expected_exit=3
    )
    stranger.wait_line("this router lets in who has a pass")
    stranger.wait_exit()
    share = world.start(
        "share", "web=3000", "--router", url, "--pass-file", ann, within=network.within
    )
    ticket = str(share.wait_event("sharing")["ticket"])
    assert ticket.startswith(f"https://{ROUTER}:6353/web#")
    share.wait_line(f"a colleague runs: mindmeld connect '{ticket}'   until ")

    bob = world.another_user()
    connect = world.start("connect", f"{ticket}=8080", extra=bob, within=network.within)
    assert listening(connect, "web") == "127.0.0.1:8080"
    curl = [*network.within, "curl", "--silent", "--max-time", "20", "http://localhost:8080/"]
    page = subprocess.run(curl, stdout=subprocess.PIPE, check=True, text=True).stdout
    assert page == "hello from my laptop"
