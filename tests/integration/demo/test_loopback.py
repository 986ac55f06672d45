"""A machine that reaches the world through a proxy reaches itself without one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bot.demo.loopback import environment, web


class Answer(BaseHTTPRequestHandler):
    """Answers everything with 204."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[str]:
    """Serve on loopback and give the address."""
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_no_proxy_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the demo's own questions nor its children know of the proxy; everything else in the environment is theirs too."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("FIRELINE_TEST_KEPT", "yes")
    web.cache_clear()
    with serving() as url:
        assert web().get(url).status_code == 204
    passed_on = environment({"ADDED": "1"})
    assert not [name for name in passed_on if name.lower().endswith("_proxy")]
    assert (passed_on["FIRELINE_TEST_KEPT"], passed_on["ADDED"]) == ("yes", "1")
