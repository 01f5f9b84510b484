"""The link between hub and bridge is dropped, one way, refused, lossy, slow or reset in the middle of a frame, by a proxy."""

import bad_link
import harness
import parting

FAULTS = ["dropped", "one_way", "refused", "lossy", "slow", "reset_in_a_frame"]


def one_round(round):
    fault, seconds = round.rng.choice(FAULTS), parting.length(round)
    round.fault = f"{fault} for {seconds:.1f} s"
    for name in ("hub", "bridge"):
        (round.folder / name).mkdir()
    with harness.start_hub(folder=round.folder / "hub") as hub, bad_link.BadLink(hub.address(0), round.number) as link, \
            harness.start_bridge(link.address, folder=round.folder / "bridge") as bridge:
        return parting.play(round, hub, bridge, link, fault, seconds)


def test_parted(rounds):
    rounds.play(one_round, short=5)
