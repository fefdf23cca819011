"""The web server that hosts the released files."""

import contextlib
import io
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def archive(printed):
    """An archive whose executable, `app`, prints this text."""
    script = f"#!/bin/sh\necho {printed}\n".encode()
    member = tarfile.TarInfo("app")
    member.size, member.mode = len(script), 0o755
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        packed.addfile(member, io.BytesIO(script))
    return content.getvalue()


class WebServer(ThreadingHTTPServer):
    """Serves the content of each path, and records the headers of the last request."""

    def __init__(self, contents):
        super().__init__(("127.0.0.1", 0), Handler)
        self.contents, self.headers = contents, None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.headers = self.headers
        content = self.server.contents.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serve(contents):
    """Runs the server while the context lasts."""
    with WebServer(contents) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
