"""A web server of the tests, in clear text or over TLS. What it says is for those who derive from it."""

import dataclasses
import functools
import http.server
import ssl
import threading


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: object  # by name, whatever its case
    body: bytes


class WebServer:
    """Gives each request to answer(), which returns the status, the type of the content and its octets; the requests
    stand in `asked`. With `pair` (support/certificates.py) it speaks HTTPS. It serves from its making to stop()."""

    def __init__(self, host="127.0.0.1", port=0, pair=None):
        self.asked = []
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                request = Request(self.command, self.path, self.headers,
                                  self.rfile.read(int(self.headers.get("Content-Length", 0))))
                web.asked.append(request)
                status, content_type, octets = web.answer(request)
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((host, port), Handler)
        if pair is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair.certificate, pair.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'http' if pair is None else 'https'}://{host}:{self.server.server_address[1]}"
        threading.Thread(target=functools.partial(self.server.serve_forever, 0.05), daemon=True).start()

    def answer(self, request):
        """Called in the thread of the connection."""
        return 404, "text/plain", b""

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
