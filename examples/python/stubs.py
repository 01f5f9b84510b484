"""Makes the gRPC stubs of proto/ into a temporary folder, and imports them.

A project of your own would generate them once: python -m grpc_tools.protoc, as below.
"""

import pathlib
import subprocess
import sys
import tempfile

_protos = pathlib.Path(__file__).resolve().parents[2] / "proto"
_made = tempfile.TemporaryDirectory(prefix="tocsin-stubs-")
subprocess.run(
    [sys.executable, "-m", "grpc_tools.protoc", "-I", str(_protos), "--python_out", _made.name,
     "--grpc_python_out", _made.name, *("tocsin/v1/%s.proto" % n for n in ("incident", "event", "hub"))],
    check=True)
sys.path.insert(0, _made.name)

from tocsin.v1 import event_pb2, hub_pb2, hub_pb2_grpc, incident_pb2  # noqa: E402, F401
