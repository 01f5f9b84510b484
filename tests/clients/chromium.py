"""Headless Chromium, driven by its own debugging protocol over Python's websockets."""

import base64
import contextlib
import functools
import http.server
import json
import re
import shutil
import subprocess
import tempfile
import threading
import urllib.request

import websockets.sync.client

import harness

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
]


@contextlib.contextmanager
def serve(folder):
    """Serves a folder over HTTP on a free port of loopback; gives its origin."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Page:
    def __init__(self, connection):
        self._connection = connection
        self._id = 0
        self.events = []  # of the domains that were enabled, as Chromium told them

    def command(self, method, **params):
        """One of the debugging protocol's; its result."""
        self._id += 1
        self._connection.send(json.dumps({"id": self._id, "method": method, "params": params}))
        while True:
            message = json.loads(self._connection.recv(timeout=harness.TIMEOUT))
            if message.get("id") == self._id:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def told(self, method):
        """The parameters of all events of that name."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def evaluate(self, expression):
        """The value of a JavaScript expression in the page."""
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key, code, modifiers=0):
        for kind in ("rawKeyDown", "keyUp"):
            self.command("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, modifiers=modifiers)

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot")["data"]))


@contextlib.contextmanager
def open_page(url):
    """Starts Chromium on that page; gives the page."""
    program = shutil.which("chromium")
    assert program, "no chromium: scripts/setup --tests installs it"
    profile = tempfile.mkdtemp(prefix="tocsin-chromium-")
    process = subprocess.Popen([program, *FLAGS, f"--user-data-dir={profile}", url],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = []

    def read():
        for line in process.stderr:
            said.append(line)

    threading.Thread(target=read, daemon=True).start()
    try:
        port = harness.wait_for(
            lambda: next((m[1] for m in map(re.compile(r"DevTools listening on ws://[^:]+:(\d+)/").search, list(said))
                          if m), None),
            timeout=60, what="Chromium to start")
        with websockets.sync.client.connect(_page_address(port), max_size=None, proxy=None) as connection:
            yield Page(connection)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(profile, ignore_errors=True)


def _page_address(port):
    def find():
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with contextlib.suppress(OSError), opener.open(f"http://127.0.0.1:{port}/json/list", timeout=5) as answer:
            for target in json.load(answer):
                if target["type"] == "page":
                    return target["webSocketDebuggerUrl"]
        return None
    return harness.wait_for(find, timeout=30, what="Chromium's page")
