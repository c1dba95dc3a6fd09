# SPDX-License-Identifier: MIT
"""A router's TLS: by a key of its own, whose pin is in its URL and in tickets; and by a certificate
that is replaced while it runs."""
from __future__ import annotations

import shutil
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from harness.certificates import Certificates, make_certificates
from harness.program import Program
from harness.streams import ping
from harness.target import echo
from harness.world import World, listening

pytestmark = pytest.mark.needs_binary

FLAGS = ("--listen", "0.0.0.0:0", "--allow-anonymous")
ANOTHER_PIN = "AAECAwQFBgcICQoLDA0ODw"


def start_router(world: World, *flags: str, home: str | None = None) -> tuple[Program, str, str]:
    """A router with its address on this machine, and its pin."""
    extra = {} if home is None else {"XDG_STATE_HOME": str(world.folder / home)}
    program = world.start("router", *FLAGS, *flags, extra=extra)
    event = program.wait_event("listening")
    port = event["address"].rpartition(":")[2]
    url, _, pin = event["url"].partition("#")
    assert len(pin) == 22
    assert "--public-url" in flags or url.endswith(f":{port}")
    program.wait_line(f"others name it: --router {event['url']}")
    return program, f"https://127.0.0.1:{port}", pin


def key_file(world: World) -> Path:
    """Where the router keeps its key."""
    return world.folder / ".local/state/mindmeld/router-key.pem"


def test_its_url_and_its_tickets_lead_to_that_router_and_to_no_other(world: World) -> None:
    _, url, pin = start_router(world)
    web = world.target().serve(echo).port
    share = world.start("share", f"web={web}", "--router", f"{url}#{pin}")
    ticket = str(share.wait_event("sharing")["ticket"])
    assert ticket.endswith(f".{pin}")
    connect = world.start("connect", f"{ticket}=0", extra=world.another_user())
    ping(world.dial(listening(connect, "web")))
    assert world.run("list", "--router", f"{url}#{pin}").code == 0

    for wrong in (f"{url}#{ANOTHER_PIN}", url):
        refused = world.run("list", "--router", wrong)
        words = "another key than its pin" if "#" in wrong else "with a # and its pin"
        refused.expect_refusal(5, url, words)
    stranger = world.run("connect", f"{ticket[:-22]}{ANOTHER_PIN}=-", "--no-wait")
    stranger.expect_refusal(5, "another key than its pin", "new ticket")


def test_the_key_is_made_once_and_is_the_users_alone(world: World) -> None:
    first, _, pin = start_router(world)
    path = key_file(world)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    first.kill()
    _, _, again = start_router(world)
    assert again == pin
    _, _, other = start_router(world, home="elsewhere")
    assert other != pin


def test_a_connection_outlives_a_restart_with_the_same_key(world: World) -> None:
    router, url, pin = start_router(world)
    web = world.target().serve(echo).port
    share = world.start("share", f"web={web}", "--router", f"{url}#{pin}")
    ticket = str(share.wait_event("sharing")["ticket"])
    connect = world.start("connect", f"{ticket}=0", extra=world.another_user())
    connection = world.dial(listening(connect, "web"))
    ping(connection)
    router.kill()
    port = url.rpartition(":")[2]
    world.start("router", "--listen", f"0.0.0.0:{port}", "--allow-anonymous")
    ping(connection)


def test_a_public_url_gets_the_pin_and_is_what_tickets_name(world: World) -> None:
    _, url, pin = start_router(world)
    port = url.rpartition(":")[2]
    _, own_url, same = start_router(world, "--public-url", f"https://localhost:{port}")
    assert same == pin
    share = world.start("share", "web=1", "--router", f"{own_url}#{pin}")
    ticket = str(share.wait_event("sharing")["ticket"])
    assert ticket.startswith(f"https://localhost:{port}/web#") and ticket.endswith(f".{pin}")


def test_a_key_that_is_none_or_that_others_can_read_is_refused(world: World) -> None:
    path = key_file(world)
    path.parent.mkdir(parents=True)
    path.write_text("no key\n", encoding="ascii")
    path.chmod(0o600)
    world.run("router", *FLAGS).expect_refusal(2, str(path), "no private key")
    path.chmod(0o644)
    world.run("router", *FLAGS).expect_refusal(2, str(path), "chmod 600")


def test_what_it_shows_tells_nothing_of_the_machine(world: World) -> None:
    _, url, _ = start_router(world)
    port = int(url.rpartition(":")[2])
    pem = ssl.get_server_certificate(("127.0.0.1", port))
    der = ssl.PEM_cert_to_DER_cert(pem)
    assert b"mindmeld router" in der
    assert world.folder.name.encode() not in der


# ---- a certificate in files


def replace(certificates: Certificates, new: Certificates) -> None:
    """As a program that renews certificates does: one file after the other."""
    for old_file, new_file in ((certificates.certificate, new.certificate), (certificates.key, new.key)):
        half = old_file.with_suffix(".half")
        shutil.copy(new_file, half)
        half.rename(old_file)


def test_a_new_certificate_is_shown_to_who_comes_and_nobody_else_notices(
    world: World, tmp_path: Path
) -> None:
    folders = [tmp_path / "in-use", tmp_path / "renewed"]
    for folder in folders:
        folder.mkdir()
    used, new = (make_certificates(folder) for folder in folders)
    flags = ("--tls-cert", str(used.certificate), "--tls-key", str(used.key))
    router = world.start("router", "--listen", "127.0.0.1:0", *flags)
    url = f"https://{router.wait_event('listening')['address']}"
    web = world.target().serve(echo).port
    share = world.start("share", f"web={web}", "--router", url, "--ca", str(used.authority))
    share.wait_event("sharing")
    connect = world.start("connect", "web=0", "--router", url, "--ca", str(used.authority))
    connection = world.dial(listening(connect, "web"))
    ping(connection)

    replace(used, new)
    router.wait_line("router.certificate")

    def is_shown() -> bool:
        return world.run("list", "--router", url, "--ca", str(new.authority)).code == 0

    router.until(is_shown, "the new certificate is shown")
    ping(connection)
    assert not [event for event in share.events_left() if event.get("state") == "offline"]

    used.key.write_text("half a key", encoding="ascii")
    words = "is none: one has a line -----BEGIN PRIVATE KEY-----; the certificate before it is still in use"
    router.wait_event("error", code="tls", where=lambda event: words in event["message"])
    assert is_shown()


class OldServer:
    """TLS on a port of its own, for who speaks HTTP/1.1."""

    def __init__(self, certificates: Certificates) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
        context.set_alpn_protocols(["http/1.1"])
        self._socket = context.wrap_socket(
            socket.create_server(("127.0.0.1", 0)), server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        """Frees the port."""
        self._socket.close()

    def serve_one(self) -> None:
        """Shakes hands with the next one who comes, and hears them out."""
        with self._socket.accept()[0] as peer, suppress(OSError):
            peer.do_handshake()  # type: ignore[attr-defined]
            while peer.recv(4096):
                continue


def test_what_speaks_http_1_alone_is_named(world: World, certificates: Certificates) -> None:
    server = world.owned(OldServer(certificates))
    world.background(server.serve_one)
    refused = world.run("list", "--router", server.url, "--ca", str(certificates.authority))
    refused.expect_refusal(5, server.url, "no HTTP/2", "HTTP/1.1 alone")
