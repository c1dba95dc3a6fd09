# SPDX-License-Identifier: MIT
"""A small web server of the tests' own: files down and up, and a stream of events."""
from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.streams import Payload

PAGE = b"a page\n"


class WebServer(ThreadingHTTPServer):
    """Serves `payload` at /file, takes PUTs (answers their SHA-256), and streams /events.

    `connections` counts the TCP connections; `events` holds what /events is still to send, None
    for the end of the stream; `on_part` is called for each part of a PUT's body.
    """

    daemon_threads = True

    def __init__(self, payload: Payload) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.payload = payload
        self.connections = 0
        self.on_part: Callable[[bytes], None] = lambda _: None
        self.events: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server_port

    def close(self) -> None:
        """Stops serving."""
        self.events.put(None)
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive."""

    protocol_version = "HTTP/1.1"
    server: WebServer

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def log_message(self, *_: object) -> None:  # pylint: disable=arguments-differ
        """Says nothing."""

    def do_GET(self) -> None:  # pylint: disable=invalid-name
        """/file, /events, or a short page."""
        payload = self.server.payload
        if self.path == "/events":
            self._stream_events()
        elif self.path == "/file":
            self._start_answer(payload.size)
            for block in payload.blocks():
                self.wfile.write(block)
        else:
            self._start_answer(len(PAGE))
            self.wfile.write(PAGE)

    def do_PUT(self) -> None:  # pylint: disable=invalid-name
        """Answers the SHA-256 of the body."""
        digest = hashlib.sha256()
        left = int(self.headers["Content-Length"])
        while left > 0:
            part = self.rfile.read(min(left, 1 << 18))
            self.server.on_part(part)
            digest.update(part)
            left -= len(part)
        answer = digest.hexdigest().encode()
        self._start_answer(len(answer))
        self.wfile.write(answer)

    def _start_answer(self, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def _stream_events(self) -> None:
        """Server-sent events, one for each that the test puts into the queue."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        while (event := self.server.events.get()) is not None:
            self.wfile.write(f"data: {event}\n\n".encode())
            self.wfile.flush()
        self.close_connection = True
