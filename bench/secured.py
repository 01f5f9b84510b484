"""TLS and tokens for the programs that are measured: what the hub, the bridges and the load program are told."""
import secrets
import subprocess
from typing import NamedTuple

from servers import certificate


class Secured(NamedTuple):
    hub: tuple = ()
    bridge: tuple = ()
    load: tuple = ()   # of the load program
    tls: bool = False  # at the bridges


PLAIN = Secured()
# Everything that is published matches; but it is looked at.
PERMISSION = ("--publish", "all", "--types", "incident-created,incident-updated")


def over_tls(folder, _programs):
    """Encrypted between bridges and subscribers."""
    cert, key = certificate(folder)
    return Secured(bridge=("--tls-cert", cert, "--tls-key", key), load=("--tls",), tls=True)


def with_tokens(folder, programs):
    """Both programs ask for tokens; subscribers see what their permission's filter lets pass."""
    secret, own = folder / "secret", folder / "hub-token"
    secret.touch(0o600)
    secret.write_text(secrets.token_urlsafe(48))

    def token(*what):
        made = subprocess.run([programs / "tocsin", "token", "create", "--secret-file", secret, "--for", "1h", *what],
                              capture_output=True, text=True, check=True)
        return made.stdout.strip()

    own.touch(0o600)
    own.write_text(token("--sub", "bridge", "--publish", "all", "--subscribe"))
    asks = ("--auth-secret-file", secret)
    return Secured(hub=asks, bridge=(*asks, "--hub-token-file", own), load=("--token", token("--sub", "load", *PERMISSION)))


# What a side's name ends with.
VARIANTS = {" over TLS": over_tls, " with tokens": with_tokens}
