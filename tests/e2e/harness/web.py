# SPDX-License-Identifier: MIT
"""A small web server of the tests' own: files down and up, and a stream of events."""
from __future__ import annotations

import hashlib
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.streams import Payload

PAGE = b"a page\n"


class WebServer:
    """Serves `payload` at /file, takes PUTs (answers their SHA-256), and streams /events.

    `connections` counts the TCP connections; `events` holds what /events is still to send, None
    for the end of the stream.
    """

    def __init__(self, payload: Payload) -> None:
        self.connections = 0
        self.events: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        web = self

        class Handler(BaseHTTPRequestHandler):
            """HTTP/1.1 with keep-alive."""

            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                web.connections += 1
                super().setup()

            def log_message(self, *_: object) -> None:  # pylint: disable=arguments-differ
                """Says nothing."""

            def do_GET(self) -> None:  # pylint: disable=invalid-name
                """/file, /events, or a short page."""
                if self.path == "/events":
                    self.stream_events()
                    return
                is_file = self.path == "/file"
                self.send_response(200)
                self.send_header("Content-Length", str(payload.size if is_file else len(PAGE)))
                self.end_headers()
                for part in payload.blocks() if is_file else (PAGE,):
                    self.wfile.write(part)

            def do_PUT(self) -> None:  # pylint: disable=invalid-name
                """Answers the SHA-256 of the body."""
                digest = hashlib.sha256()
                left = int(self.headers["Content-Length"])
                while left > 0:
                    part = self.rfile.read(min(left, 1 << 18))
                    digest.update(part)
                    left -= len(part)
                answer = digest.hexdigest().encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def stream_events(self) -> None:
                """Server-sent events, one for each that the test puts into the queue."""
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                while (event := web.events.get()) is not None:
                    self.wfile.write(f"data: {event}\n\n".encode())
                    self.wfile.flush()
                self.close_connection = True

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stops serving."""
        self.events.put(None)
        self._server.shutdown()
        self._server.server_close()
