# SPDX-License-Identifier: MIT
"""Other people's programs that forward a port by way of a third machine, as chains on this one.

install.py puts them where must_find() looks.
"""
from __future__ import annotations

from collections.abc import Callable

from chains import Chain, Starter, must_find, version_of, wait_for_listener
from harness.daemons import free_port
from harness.world import World

BORE_CONTROL_PORT = 7835  # bore has it in its source
SECRET = "a secret of the bench"


def frp(world: World, port: int) -> Chain:
    """Without TLS and without its multiplexer: as fast as it gets."""
    options = "transport.tcpMux = false\n"
    return start_frp(
        world, "frp", "none", port, options, options + "transport.tls.enable = false\n"
    )


def frp_tls(world: World, port: int) -> Chain:
    """As it is without options: TLS and the multiplexer."""
    return start_frp(world, "frp-tls", "TLS to frps", port, "", "")


def start_frp(
    world: World, name: str, cipher: str, port: int, server_options: str, client_options: str
) -> Chain:
    """A service that only who knows its secret reaches (stcp), by a visitor on the other side."""
    frps, frpc = must_find("frps"), must_find("frpc")
    starter = Starter(
        world, Chain(name, "frps, frpc, frpc as stcp visitor", cipher, version_of(frps, "-v"))
    )
    middle, near = free_port(), free_port()

    def configured(part: str, text: str) -> str:
        path = world.folder / f"{name}-{part}.toml"
        path.write_text('log.level = "error"\n' + text, encoding="ascii")
        return str(path)

    bind = f'bindAddr = "127.0.0.1"\nbindPort = {middle}\n'
    starter.start("frps", frps, "-c", configured("server", bind + server_options))
    wait_for_listener(f"127.0.0.1:{middle}")
    client = f'serverAddr = "127.0.0.1"\nserverPort = {middle}\n{client_options}'
    one = f'name = "{{}}"\ntype = "stcp"\nsecretKey = "{SECRET}"\n'
    proxy = f'[[proxies]]\n{one.format("web")}localIP = "127.0.0.1"\nlocalPort = {port}\n'
    starter.start("frpc share", frpc, "-c", configured("share", client + proxy))
    visitor = f'[[visitors]]\n{one.format("visitor")}serverName = "web"\n'
    visitor += f'bindAddr = "127.0.0.1"\nbindPort = {near}\n'
    starter.start("frpc visit", frpc, "-c", configured("visit", client + visitor))
    return starter.lead_from(near)


def chisel(world: World, port: int) -> Chain:
    """A remote that a client opens at the server, and another client's way to it."""
    program = must_find("chisel")
    what = "chisel server, client R:, client"
    starter = Starter(world, Chain("chisel", what, "SSH", version_of(program, "--version")))
    server, middle, near = free_port(), free_port(), free_port()
    starter.start(
        "server", program, "server", "--reverse", "--host", "127.0.0.1", "--port", str(server)
    )
    wait_for_listener(f"127.0.0.1:{server}")
    client = (program, "client", f"http://127.0.0.1:{server}")
    starter.start("client R:", *client, f"R:127.0.0.1:{middle}:127.0.0.1:{port}")
    wait_for_listener(f"127.0.0.1:{middle}")
    starter.start("client", *client, f"127.0.0.1:{near}:127.0.0.1:{middle}")
    return starter.lead_from(near)


def wstunnel(world: World, port: int) -> Chain:
    """The same by WebSockets, in clear."""
    program = must_find("wstunnel", "it is in no package registry: put it on the PATH")
    what = "wstunnel server, client -R, client -L"
    starter = Starter(world, Chain("wstunnel", what, "none", version_of(program, "--version")))
    server, middle, near = free_port(), free_port(), free_port()
    url = f"ws://127.0.0.1:{server}"
    starter.start("server", program, "server", url)
    wait_for_listener(f"127.0.0.1:{server}")
    reverse = f"tcp://127.0.0.1:{middle}:127.0.0.1:{port}"
    starter.start("client -R", program, "client", "-R", reverse, url)
    wait_for_listener(f"127.0.0.1:{middle}")
    forward = f"tcp://127.0.0.1:{near}:127.0.0.1:{middle}"
    starter.start("client -L", program, "client", "-L", forward, url)
    return starter.lead_from(near)


def rathole(world: World, port: int) -> Chain:
    """One process less: whoever connects, connects to the server."""
    program = must_find("rathole")
    what = "rathole server and client: one less"
    starter = Starter(world, Chain("rathole", what, "none", version_of(program, "--version")))
    middle, near = free_port(), free_port()

    def configured(side: str, address: str, service: str) -> str:
        path = world.folder / f"rathole-{side}.toml"
        path.write_text(
            f'[{side}]\n{address} = "127.0.0.1:{middle}"\ndefault_token = "{SECRET}"\n'
            f"[{side}.services.web]\n{service}\n",
            encoding="ascii",
        )
        return str(path)

    server = configured("server", "bind_addr", f'bind_addr = "127.0.0.1:{near}"')
    starter.start("server", program, "--server", server)
    wait_for_listener(f"127.0.0.1:{middle}")
    client = configured("client", "remote_addr", f'local_addr = "127.0.0.1:{port}"')
    starter.start("client", program, "--client", client)
    return starter.lead_from(near)


def bore(world: World, port: int) -> Chain:
    """One process less, too."""
    program = must_find("bore")
    what = "bore server and local: one less"
    starter = Starter(world, Chain("bore", what, "none", version_of(program, "--version")))
    near = free_port()
    starter.start("server", program, "server", "--bind-addr", "127.0.0.1")
    wait_for_listener(f"127.0.0.1:{BORE_CONTROL_PORT}")
    local = ("local", str(port), "--local-host", "127.0.0.1", "--to", "127.0.0.1")
    starter.start("local", program, *local, "--port", str(near))
    return starter.lead_from(near)


PEERS: dict[str, Callable[[World, int], Chain]] = {
    "frp": frp,
    "frp-tls": frp_tls,
    "chisel": chisel,
    "wstunnel": wstunnel,
    "rathole": rathole,
    "bore": bore,
}
