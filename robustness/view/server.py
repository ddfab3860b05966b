"""The workbench on 127.0.0.1: Flask over ``reports.render.bench``. It reads, never writes, and answers one browser."""

from __future__ import annotations

import re
import socket
from functools import partial
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from robustness.errors import MissingExtraError, UsageError
from robustness.view.guard import READS, Guard

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue
    from werkzeug.serving import BaseWSGIServer
    from werkzeug.wrappers import Response

    from reports.render.bench.bench import Bench

HOST = "127.0.0.1"
USUAL_PORT = 7575
"""Taken where it is free, so that bookmarks of pages hold; else any free one."""
_CLOSED = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_META = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
_REFUSED = "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{said}</p>"
_ADMITTED = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=referrer content=no-referrer>"
    '<meta http-equiv=refresh content="0; url=/index.html"><title>Workbench</title><p><a href="/index.html">All runs</a></p>'
)
"""Sent for the token, in place of a redirect: a browser counts it as this server's own page, and then sends the strict cookie."""
_ONCE = "Open the address that `robustness view` printed; it works once, in one browser. For another one, start it again."
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Workbench:
    """A server whose port is taken and whose address is known; ``serve`` runs it until it is interrupted."""

    def __init__(self, folder: Path, port: int | None) -> None:
        if find_spec("flask") is None:
            raise MissingExtraError("flask", "view")
        self._socket = _bound(port)
        self.guard = Guard(f"{HOST}:{self._socket.getsockname()[1]}")
        self._folder = folder
        self._server: BaseWSGIServer | None = None
        self._stopped = Event()

    def serve(self) -> None:
        """Answer until Ctrl-C. What is loaded here, a browser that comes early waits for."""
        try:
            self._server = _server(application(self._folder, self.guard), self._socket)
            if not self._stopped.is_set():
                self._server.serve_forever(poll_interval=0.1)
        finally:
            if self._server is not None:
                self._server.server_close()
            self._socket.close()

    def stop(self) -> None:
        """Make ``serve`` return, also where it is still loading; to be called from another thread."""
        self._stopped.set()
        if self._server is not None:
            self._server.shutdown()


def _bound(port: int | None) -> socket.socket:
    """A socket on 127.0.0.1: at this port, or without one at the usual or any other."""
    for one in (USUAL_PORT, 0) if port is None else (port,):
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, one))
        except OSError as problem:
            found.close()
            if port is not None:
                raise UsageError(
                    f"port {port} of {HOST} cannot be used: {problem.strerror}; name another one, or leave --port out"
                ) from None
        else:
            found.listen(64)
            return found
    raise UsageError(f"no port of {HOST} is free")


def _server(app: Flask, bound: socket.socket) -> BaseWSGIServer:
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        """Logs nothing: the first address holds the token."""

        def log(self, type: str, message: str, *args: object) -> None:
            pass

        def version_string(self) -> str:
            return "robustness"

    host, port = bound.getsockname()
    return make_server(host, port, app, threaded=True, request_handler=Quiet, fd=bound.fileno())


def application(folder: Path, guard: Guard) -> Flask:
    """The pages behind the guard."""
    from flask import Flask

    from reports.render.bench.bench import Bench

    app = Flask("robustness.view", static_folder=None)
    app.url_map.merge_slashes = False  # an address is one of ours, or none
    _guarded(app, guard)
    _pages(app, Bench(folder, served=True))
    return app


def _guarded(app: Flask, guard: Guard) -> None:
    """Refuse before a page is looked for; close every answer after."""
    from flask import make_response, request

    @app.before_request
    def refuse() -> ResponseReturnValue | None:
        token = request.args.get("token") if request.path == "/" else None
        foreign = guard.foreign(dict(request.headers), first=token is not None)
        if foreign:
            return _refusal(403, "Refused", foreign)
        if request.method not in READS:
            return _refusal(405, "Refused", "This server only shows; nothing can be sent to it.")
        if guard.knows(request.cookies.get(guard.cookie)):
            return None
        session = guard.admit(token) if token and request.method == "GET" else None
        if session is None:
            return _refusal(403, "Refused", _ONCE)
        answer = make_response(_ADMITTED)
        answer.set_cookie(guard.cookie, session, httponly=True, samesite="Strict", path="/")
        return answer

    @app.after_request
    def close(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = f"{_policy(answer)}; frame-ancestors 'none'"
        answer.headers.update(_HEADERS)
        return answer


def _pages(app: Flask, bench: Bench) -> None:
    """One page at a time: they share what was read."""
    from flask import request, send_file
    from werkzeug.exceptions import HTTPException

    from reports.render.bench.bench import NoSuchPageError
    from reports.run import RunError

    lock = Lock()
    rule = partial(app.route, provide_automatic_options=False)

    @rule("/")
    @rule("/index.html")
    def index() -> str:
        with lock:
            return bench.index()

    @rule("/run/<name>.html")
    def run(name: str) -> str:
        with lock:
            return bench.run(name)

    @rule("/run/<name>/<file>")
    def file(name: str, file: str) -> Response:
        with lock:
            path = bench.file(name, file)
        return send_file(path.absolute(), mimetype="application/octet-stream", as_attachment=True, download_name=file)

    @rule("/victim/<name>.html")
    def victim(name: str) -> str:
        with lock:
            return bench.victim(name)

    @rule("/together.html")
    def together() -> str:
        with lock:
            return bench.together(request.args.getlist("run"), request.args.get("base"))

    @rule("/compare/<base>--<candidate>.html")
    def comparison(base: str, candidate: str) -> str:
        with lock:
            return bench.comparison(base, candidate)

    @app.errorhandler(NoSuchPageError)
    @app.errorhandler(RunError)
    def missing(problem: Exception) -> ResponseReturnValue:
        return _refusal(404, "Not found", bench.catalogue.said(problem))

    @app.errorhandler(HTTPException)
    def unknown(problem: HTTPException) -> ResponseReturnValue:
        said = "There is no such page here." if problem.code == 404 else "The page could not be made; the terminal says why."
        return _refusal(problem.code or 500, problem.name, said)


def _refusal(code: int, title: str, said: str) -> ResponseReturnValue:
    from markupsafe import escape

    from reports.files.text import visible

    return _REFUSED.format(title=escape(title), said=escape(visible(said))), code


def _policy(answer: Response) -> str:
    """The policy that a page states itself, for the header; of anything else a closed one."""
    found = _META.search(answer.get_data(as_text=True)[:4000]) if answer.mimetype == "text/html" else None
    return unescape(found[1]) if found else _CLOSED
