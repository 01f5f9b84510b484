"""What `openssl s_client` gets from bridge and hub over TLS, case by case: protocols, ciphers, groups, ALPN, renegotiation,
compression, resumption, and clients that are wrong. A case names what is expected."""

import re
import subprocess

import harness
import pytest
from harness_tls import Authority, Files

# Of clients that may use what OpenSSL itself no longer does, so that it is the server which refuses.
_OLD = ["-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("authority"))
    flags = Files(authority.folder, authority.issue()).flags
    with harness.start_hub() as plain, harness.start_bridge(plain, *flags, wait=False) as bridge, \
            harness.start_hub(*flags) as hub:
        made = {"bridge": bridge.address(0), "hub": hub.address(0)}
        for address in made.values():
            harness.wait_for(lambda: "Verify return code: 0" in _ask(authority, address), what=f"{address} to serve")
        yield authority, made


def _ask(authority, address, *arguments, said="", timeout=20):
    """Everything that s_client writes; its standard input is `said`, and then its end."""
    ended = subprocess.run(["openssl", "s_client", "-connect", address, "-servername", "localhost", "-CAfile", str(authority.file),
                            *arguments], input=said, capture_output=True, text=True, timeout=timeout, errors="replace")
    return ended.stdout + ended.stderr


def _alpn(server):
    return ["-alpn", "http/1.1" if server == "bridge" else "h2"]


def _cipher(text):
    """The cipher that was agreed on; None: no connection."""
    found = re.search(r"^New, (\S+), Cipher is (\S+)", text, re.M)
    return None if found is None or found[2] == "(NONE)" else found[2]


TAKEN = {
    "TLS 1.3": (["-tls1_3"], "TLS_AES_256_GCM_SHA384"),
    "TLS 1.3 with AES-128": (["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"], "TLS_AES_128_GCM_SHA256"),
    "TLS 1.3 with ChaCha20": (["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], "TLS_CHACHA20_POLY1305_SHA256"),
    "TLS 1.2 with AES-128": (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "ECDHE-ECDSA-AES128-GCM-SHA256"),
    "TLS 1.2 with AES-256": (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"], "ECDHE-ECDSA-AES256-GCM-SHA384"),
    "P-256": (["-tls1_3", "-groups", "P-256"], "TLS_AES_256_GCM_SHA384"),
}
REFUSED = {
    "TLS 1.1": ["-tls1_1", *_OLD],
    "TLS 1.0": ["-tls1", *_OLD],
    "a cipher without forward secrecy": ["-tls1_2", "-cipher", "AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0"],
    "CBC": ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"],
    "RC4, 3DES and export": ["-tls1_2", "-cipher", "RC4:3DES:EXP:@SECLEVEL=0"],
    "no encryption": ["-tls1_2", "-cipher", "eNULL:@SECLEVEL=0"],
    "no authentication": ["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"],
    "finite-field Diffie-Hellman": ["-tls1_2", "-cipher", "DHE:@SECLEVEL=0"],
}


@pytest.mark.parametrize("server", ["bridge", "hub"])
@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken(servers, server, name):
    authority, addresses = servers
    arguments, cipher = TAKEN[name]
    text = _ask(authority, addresses[server], *_alpn(server), *arguments)
    assert _cipher(text) == cipher, text
    assert "Verify return code: 0 (ok)" in text and f"ALPN protocol: {_alpn(server)[1]}" in text, text
    assert "Compression: NONE" in text, text


@pytest.mark.parametrize("server", ["bridge", "hub"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(servers, server, name):
    authority, addresses = servers
    text = _ask(authority, addresses[server], *REFUSED[name])
    assert _cipher(text) is None, text
    assert re.search(r"alert|no ciphers available|no cipher match|unexpected eof|errno=", text), text


def test_the_bridge_speaks_no_http2(servers):
    authority, addresses = servers
    text = _ask(authority, addresses["bridge"], "-alpn", "h2")
    assert _cipher(text) is None or "no application protocol" in text, text


def test_a_client_of_the_bridge_cannot_renegotiate(servers):
    """R on a line of its own asks for it. (The hub's gRPC leaves such a client waiting.)"""
    authority, addresses = servers
    text = _ask(authority, addresses["bridge"], "-tls1_2", said="R\n")
    assert "RENEGOTIATING" in text, text
    assert "no renegotiation" in text or "alert" in text or "write:errno" in text, text


@pytest.mark.parametrize("server", ["bridge", "hub"])
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_secure_renegotiation_and_no_compression_are_said(servers, server, version):
    authority, addresses = servers
    text = _ask(authority, addresses[server], version, "-comp")
    assert "Compression: NONE" in text, text
    if version == "-tls1_2":
        assert "Secure Renegotiation IS supported" in text, text


def test_the_bridge_resumes_a_session(servers, tmp_path):
    authority, addresses = servers
    session = tmp_path / "session"
    first = _ask(authority, addresses["bridge"], "-tls1_2", "-sess_out", str(session))
    assert "New, TLSv1.2" in first, first
    again = _ask(authority, addresses["bridge"], "-tls1_2", "-sess_in", str(session))
    assert "Reused, TLSv1.2" in again, again


def test_a_ticket_that_was_changed_is_not_resumed(servers, tmp_path):
    """It is encrypted and authenticated by the server: a client with a changed one begins anew."""
    authority, addresses = servers
    session = tmp_path / "session"
    _ask(authority, addresses["bridge"], "-tls1_2", "-sess_out", str(session))
    as_bytes = subprocess.run(["openssl", "sess_id", "-in", session, "-outform", "DER"], check=True, capture_output=True).stdout
    told = subprocess.run(["openssl", "sess_id", "-in", session, "-text", "-noout"], check=True, capture_output=True, text=True).stdout
    # The last line of the ticket's dump.
    rows = re.findall(r"^\s+[0-9a-f]{4} - ((?:[0-9a-f]{2}[ -]){8,16})", told, re.M)
    part = bytes.fromhex(rows[-1].replace("-", " "))
    assert as_bytes.count(part) == 1
    changed = as_bytes.replace(part, bytes(byte ^ 1 for byte in part))
    (tmp_path / "changed").write_bytes(changed)
    subprocess.run(["openssl", "sess_id", "-inform", "DER", "-in", tmp_path / "changed", "-out", session], check=True,
                   capture_output=True)
    text = _ask(authority, addresses["bridge"], "-tls1_2", "-sess_in", str(session))
    assert "New, TLSv1.2" in text and _cipher(text), text


@pytest.mark.parametrize("server", ["bridge", "hub"])
def test_after_all_of_it_the_server_serves(servers, server):
    authority, addresses = servers
    assert _cipher(_ask(authority, addresses[server])) == "TLS_AES_256_GCM_SHA384"
