"""The real Prometheus and Alertmanager, as a test needs them: on free ports, fast, and with a metric that the test sets."""

import contextlib
import http.server
import json
import shutil
import subprocess
import threading
import urllib.request

import pytest

import harness
from harness_ports import free_port


@contextlib.contextmanager
def program(name, arguments, port, folder, ready="/-/ready"):
    """Runs it until the end of the block, and waits until it is ready."""
    if shutil.which(name) is None:
        pytest.skip(f"no {name}: scripts/setup --tests installs it")
    folder.mkdir(exist_ok=True)
    with open(folder / "log", "w") as log:
        process = subprocess.Popen([name, *arguments], stdout=log, stderr=subprocess.STDOUT, cwd=folder)

    def is_ready():
        assert process.poll() is None, (folder / "log").read_text()
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=2).status == 200

    try:
        harness.wait_for(is_ready, timeout=60, what=f"{name} to be ready")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Trouble:
    """A target with one metric, which the test sets: trouble{instance="db-1"} 0 or 1."""

    def __init__(self):
        self.value = 0
        trouble = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = f"trouble {trouble.value}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.port = self._server.server_port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def prometheus(folder, trouble, alertmanagers):
    """Evaluates `trouble > 0` a few times a second, and sends to all of the addresses."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    (folder / "rules.json").write_text(json.dumps({"groups": [{"name": "g", "rules": [
        {"alert": "Trouble", "expr": "trouble > 0", "labels": {"severity": "page", "service": "db", "empty": ""},
         "annotations": {"summary": "there is trouble on {{ $labels.instance }}"}}]}]}))
    (folder / "prometheus.json").write_text(json.dumps({
        "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"},
        "rule_files": [str(folder / "rules.json")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": alertmanagers}]}]},
        "scrape_configs": [{"job_name": "db", "static_configs": [{"targets": [f"127.0.0.1:{trouble.port}"]}]}]}))
    with program("prometheus", [f"--config.file={folder}/prometheus.json", f"--storage.tsdb.path={folder}/data",
                                f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=1s"], port, folder):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def alertmanager(folder, receiver):
    """With one receiver, which gets every group soon."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    (folder / "alertmanager.json").write_text(json.dumps({
        "route": {"receiver": "tocsin", "group_wait": "100ms", "group_interval": "1s", "repeat_interval": "5s",
                  "group_by": ["alertname"]},
        "receivers": [{"name": "tocsin", **receiver}]}))
    with program("prometheus-alertmanager", [
            f"--config.file={folder}/alertmanager.json", f"--storage.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="], port, folder):
        yield f"127.0.0.1:{port}"
