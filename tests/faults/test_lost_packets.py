"""Packets between hub and bridge are lost (all, of one way, or 5 to 30 %), garbled, delayed past each other, or come at 20 kB/s."""

import contextlib

import pytest

import bad_link
import bad_net
import harness
import parting

FAULTS = ["dropped", "one_way", "lossy", "lossy", "garbled", "delayed", "slow"]
HUB, OPS, BRIDGE = 50051, 8081, 8080  # ports; each program has a network for itself


@contextlib.contextmanager
def reached(program, end):
    """Started in that network, and reached from this one by a proxy that has nothing wrong with it."""
    with end.inside():
        program.start()
    with program:
        port = program.ports[0][1]
        with bad_link.BadLink(f"{end.address if port == HUB else '127.0.0.1'}:{port}", 0, end.inside) as door:
            program.ports[0] = ("127.0.0.1", int(door.address.rsplit(":", 1)[1]), "")
            yield program


def one_round(round):
    fault, seconds = round.rng.choice(FAULTS), parting.length(round)
    round.fault = f"{fault} for {seconds:.1f} s"
    for name in ("hub", "bridge"):
        (round.folder / name).mkdir()
    with bad_net.BadNet(round.number) as net:
        address = f"{net.ends[0].address}:{HUB}"
        hub = harness.Hub(["--data-dir", round.folder / "hub" / "data", "--durability", "interval", "--listen", address, "--insecure",
                           "--ops-listen", f"127.0.0.1:{OPS}"], round.folder / "hub")
        bridge = harness.Bridge(["--hub", address, "--listen", f"127.0.0.1:{BRIDGE}"], round.folder / "bridge")
        with reached(hub, net.ends[0]), reached(bridge, net.ends[1]):
            harness.wait_for(bridge.ready, what="the bridge to be ready")
            return f"{parting.play(round, hub, bridge, net, fault, seconds)}, {net.lost} packets lost"


def test_lost_packets(rounds):
    if bad_net.missing():
        pytest.skip(bad_net.missing())
    rounds.play(one_round, short=4)
