# SPDX-License-Identifier: MIT
"""mindmeld's two ends once more, from proto/ alone, with Debian's protoc and gRPC for Python.

It shares no line with src/: what it can do, any client in another language can. ForeignLane also
carries messages that no honest client would write. It does not come back by itself, and knows no
end-to-end encryption.
"""
from __future__ import annotations

import importlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # tests start processes while channels are open
import grpc  # noqa: E402  (reads its environment on import)

from harness.world import REPOSITORY, Router  # noqa: E402

PATIENCE_S = 10.0
DATA_BYTES_MAX = 256 << 10
FLOOR_BYTES = 16 << 10  # the peer's limit until its first frame
WINDOW_BYTES = 1 << 20
VERSION = 1

Frame = Any  # mindmeld.v1.Frame, a class that exists once the stubs are generated


@dataclass(frozen=True)
class Stubs:
    """The modules that protoc made."""

    control: Any
    control_grpc: Any
    proxy: Any
    proxy_grpc: Any


def generate_stubs(folder: Path) -> Stubs:
    """Runs protoc into `folder` and imports what it made."""
    protos = sorted((REPOSITORY / "proto").glob("mindmeld/v1/*.proto"))
    command = ["protoc", f"--proto_path={REPOSITORY / 'proto'}", f"--python_out={folder}"]
    command += [f"--grpc_out={folder}", "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin"]
    subprocess.run([*command, *map(str, protos)], check=True, capture_output=True)
    sys.path.insert(0, str(folder))
    names = ("control_pb2", "control_pb2_grpc", "proxy_pb2", "proxy_pb2_grpc")
    return Stubs(*(importlib.import_module(f"mindmeld.v1.{name}") for name in names))


class LaneEnded(Exception):
    """The router ended the lane, or it was lost."""


class ForeignLane:
    """One ProxyConnection stream: messages out, frames in."""

    def __init__(
        self,
        stubs: Stubs,
        channel: grpc.Channel,
        token: str,
        role: str,
        service: str,
        generation: int,
    ) -> None:
        self._stubs = stubs
        self._generation = generation
        self._outgoing: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._incoming: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        metadata = (
            ("mindmeld-token", token),
            ("mindmeld-role", role),
            ("mindmeld-service", service),
            ("mindmeld-generation", str(generation)),
        )
        # The stub's own method, but that bytes which are no Frame can be sent as well.
        method = channel.stream_stream(
            "/mindmeld.v1.ProxyService/ProxyConnection",
            request_serializer=lambda m: m if isinstance(m, bytes) else m.SerializeToString(),
            response_deserializer=stubs.proxy.Frame.FromString,
        )
        self._call = method(iter(self._outgoing.get, None), metadata=metadata)
        threading.Thread(target=self._receive_all, daemon=True).start()

    def frame(self, **fields: Any) -> Frame:
        """A frame; attach=True stands for the attach of this lane."""
        if fields.get("attach") is True:
            attach = self._stubs.proxy.Attach(version=VERSION, generation=self._generation)
            fields["attach"] = attach
        return self._stubs.proxy.Frame(**fields)

    def send(self, message: Frame | bytes) -> None:
        """Sends a frame, or bytes as they are."""
        self._outgoing.put(message)

    def receive(self, timeout_s: float = PATIENCE_S) -> Frame:
        """The next frame. LaneEnded: there is none; queue.Empty: not within the time."""
        frame = self._incoming.get(timeout=timeout_s)
        if frame is None:
            raise LaneEnded(str(self._call.code()))
        return frame

    def half_close(self) -> None:
        """We send no more."""
        self._outgoing.put(None)

    def wait_end(self) -> None:
        """Takes and drops frames until the router ends the lane."""
        try:
            while True:
                self.receive()
        except LaneEnded:
            pass

    def cancel(self) -> None:
        """Drops the lane at once."""
        self._call.cancel()
        self._outgoing.put(None)

    def _receive_all(self) -> None:
        try:
            for frame in self._call:
                self._incoming.put(frame)
        except grpc.RpcError:
            pass  # the code is kept in the call
        self._incoming.put(None)


class ForeignConduit:
    """A forwarded connection by PROTOCOL.md's rules, as a blocking stream of bytes."""

    def __init__(self, lane: ForeignLane, protection: int = 0) -> None:
        """`protection`: what is said of the bytes, which are taken as they come."""
        self.lane = lane
        self._protection = protection
        self.reset: Any = None  # the peer's, once it came
        self._is_attached = False
        self._next = 0  # offset of what we send next
        self._limit = FLOOR_BYTES  # how far the peer lets us
        self._acknowledged = 0  # what the peer holds
        self._received = 0  # what we hold, the FIN included
        self._peer_finished = False
        self._inbox = bytearray()

    def open(self) -> None:
        """Says who we are before we have anything else to say."""
        self._send()

    def send(self, data: bytes) -> None:
        """Sends all of it, as the peer's credit allows."""
        while data:
            room = min(self._limit - self._next, DATA_BYTES_MAX)
            if room <= 0:
                self._take_frame()
                continue
            part, data = data[:room], data[room:]
            self._send(offset=self._next, data=part)
            self._next += len(part)

    def finish(self) -> None:
        """Our end of stream."""
        self._send(offset=self._next, fin=True)
        self._next += 1

    def send_reset(self, text: str = "") -> None:
        """Resets the connection."""
        self._send(reset={"code": 1, "text": text})

    def receive(self) -> bytes:
        """Some bytes; empty at the peer's end of stream. ConnectionResetError: it reset us."""
        while not self._inbox and not self._peer_finished:
            self._take_frame()
        data = bytes(self._inbox)
        self._inbox.clear()
        return data

    def receive_exactly(self, size: int) -> bytes:
        """`size` bytes."""
        data = b""
        while len(data) < size:
            part = self.receive()
            assert part, f"end of stream after {len(data)} of {size} bytes"
            data += part
        return data

    def close(self) -> None:
        """After both ends of stream: waits until the peer holds ours, then leaves the lane."""
        while self._acknowledged < self._next:
            self._take_frame()
        self.lane.half_close()
        self.lane.wait_end()

    def _send(self, **fields: Any) -> None:
        if not self._is_attached:
            self._is_attached = True
            attach = {"version": VERSION, "protection": self._protection}
            fields |= {"attach": attach, "received": 0, "limit": WINDOW_BYTES}
        self.lane.send(self.lane.frame(**fields))

    def _take_frame(self) -> None:
        frame = self.lane.receive()
        if frame.HasField("received"):
            self._acknowledged = frame.received
        if frame.HasField("limit"):
            self._limit = frame.limit
        if frame.HasField("offset"):
            assert frame.offset == self._received, "a gap or an overlap on a first lane"
            self._inbox += frame.data
            self._received += len(frame.data) + frame.fin
            self._peer_finished = frame.fin
            self._send(received=self._received, limit=self._received + WINDOW_BYTES)
        if frame.HasField("reset"):
            self.reset = frame.reset
            raise ConnectionResetError(frame.reset.text)


class ForeignClient:
    """What share and connect say to the router, said from Python."""

    def __init__(self, stubs: Stubs, router: Router) -> None:
        self.stubs = stubs
        self._channel = grpc.insecure_channel(
            router.address, options=[("grpc.enable_http_proxy", 0)]
        )
        self._control = stubs.control_grpc.ControlServiceStub(self._channel)
        self._lanes: list[ForeignLane] = []
        self._registrations: list[queue.SimpleQueue[Any]] = []

    def open_lane(self, service: str) -> ForeignLane:
        """As connect: a token, and the first lane with it."""
        return self.lane(self.tokens(service, 1)[0], "connect", service)

    def tokens(self, service: str, count: int) -> list[str]:
        """As connect: up to so many for connections to come."""
        request = self.stubs.control.ForwardToServiceRequest(service=service, count=count)
        return list(self._control.ForwardToService(request, timeout=PATIENCE_S).token)

    def lane(self, token: str, role: str, service: str, generation: int = 0) -> ForeignLane:
        """A lane with this metadata, be it true or not."""
        lane = ForeignLane(self.stubs, self._channel, token, role, service, generation)
        self._lanes.append(lane)
        return lane

    def connect(self, service: str) -> ForeignConduit:
        """As connect: an open connection."""
        conduit = ForeignConduit(self.open_lane(service))
        conduit.open()
        return conduit

    def share(self, name: str, label: str = "") -> Iterator[ForeignLane]:
        """As share: registers `name`; yields a lane for each connection that is made to it.

        The name is there once this returns. A peer that comes back for a connection is not met.
        """
        control = self.stubs.control
        requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._registrations.append(requests)
        registration = control.Registration(name=name, kind="tcp", label=label)
        requests.put(control.CreateServiceRequest(registration=registration))
        responses = self._control.CreateService(iter(requests.get, None))
        assert next(responses).WhichOneof("kind") == "registered"
        return self._forwards(responses, name)

    def close(self) -> None:
        """Ends every call, and the threads that feed them."""
        for lane in self._lanes:
            lane.cancel()
        for requests in self._registrations:
            requests.put(None)
        self._channel.close()

    def _forwards(self, responses: Iterator[Any], name: str) -> Iterator[ForeignLane]:
        for response in responses:
            is_forward = response.WhichOneof("kind") == "forward"
            if is_forward and response.forward.generation == 0:
                yield self.lane(response.forward.token, "share", name)
