"""`tocsin token`: makes tokens that others verify, and verifies those that others make."""

import json
import subprocess
import time
import uuid

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

import harness
import tokens

RULES = ["--issuer", "https://id.example", "--issuer", "https://second.example", "--audience", "tocsin"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return tokens.Keys(tmp_path_factory.mktemp("keys"))


def tocsin(*arguments, token=None):
    given = token if isinstance(token, bytes) else (token or "").encode()
    return subprocess.run([harness.BIN / "tocsin", "token", *map(str, arguments)], input=given, capture_output=True, timeout=30)


def private_pem(key, tmp_path):
    file = tmp_path / f"{uuid.uuid4()}.pem"
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()))
    return file


def test_each_token_of_the_table_is_answered_as_it_says(keys):
    wrong = []
    for row in tokens.rows():
        token = keys.make(row)
        if token != token.strip() or not token:
            continue  # the command line takes spaces and line ends away, as of a file
        done = tocsin("verify", "--json", *keys.flags(row), *RULES, token=token)
        if len(token) > 65536:  # more than is read of a file
            assert done.returncode == 4, done
            continue
        answer = json.loads(done.stdout)
        if done.returncode != (4 if row["refusal"] else 0) or answer.get("refusal", "") != row["refusal"]:
            wrong.append((row["name"], answer))
    assert not wrong


@pytest.mark.parametrize("key, algorithm, kid", [("rsa", "RS256", "r1"), ("pss", "PS256", "p1"), ("ec", "ES256", "e1")])
def test_what_pyjwt_signs_is_good_here(keys, key, algorithm, kid):
    claims = {"sub": "bob", "aud": ["x", "tocsin"], "iss": "https://id.example", "exp": int(time.time()) + 60,
              "tocsin": {"subscribe": {"severities": ["P0"]}}}
    token = jwt.encode(claims, getattr(keys, key), algorithm=algorithm, headers={"kid": kid})
    done = tocsin("verify", "--jwks-file", keys.jwks_file, *RULES, token=token)
    assert done.returncode == 0, done
    assert b"bob" in done.stdout and b"what its filter lets pass" in done.stdout


@pytest.mark.parametrize("key, algorithm", [("rsa", "RS256"), ("rsa", "PS256"), ("ec", "ES256"), (None, "HS256")])
def test_what_is_made_here_is_good_for_pyjwt(keys, key, algorithm, tmp_path):
    signer = ["--secret-file", keys.secret_file] if key is None else \
        ["--key-file", private_pem(getattr(keys, key), tmp_path)] + ["--rsa-algorithm", algorithm] * (key == "rsa")
    done = tocsin("create", *signer, "--sub", "carol", "--for", "90s", "--audience", "tocsin", "--issuer", "https://me",
                  "--kid", "k1", "--id", "7", "--publish", "incident-created,comment-added", "--severities", "P0,P1",
                  "--label", "team=payments", "--admin")
    assert done.returncode == 0, done
    verifier = tokens.SECRET if key is None else getattr(keys, key).public_key()
    token = done.stdout.decode().strip()
    claims = jwt.decode(token, verifier, algorithms=[algorithm], audience="tocsin", issuer="https://me")
    assert claims["sub"] == "carol" and claims["jti"] == "7" and claims["exp"] - claims["iat"] == 90
    assert claims["tocsin"] == {"publish": ["incident_created", "comment_added"], "admin": True,
                                "subscribe": {"severities": ["P0", "P1"], "labels": {"team": "payments"}}}
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "JWT", "kid": "k1"}


def test_openssl_agrees(keys, tmp_path):
    """The signature by the openssl program, over the text of the token."""
    done = tocsin("create", "--key-file", private_pem(keys.rsa, tmp_path), "--sub", "a")
    text, _, signature = done.stdout.decode().strip().rpartition(".")
    (tmp_path / "text").write_text(text)
    (tmp_path / "signature").write_bytes(jwt.utils.base64url_decode(signature))
    checked = subprocess.run(["openssl", "dgst", "-sha256", "-verify", keys.pem_file, "-signature", tmp_path / "signature",
                              tmp_path / "text"], capture_output=True, text=True)
    assert checked.stdout == "Verified OK\n", checked


def test_the_permission_may_stand_elsewhere(keys):
    for claim in ("https://acme.example/tocsin", "/resource_access/tocsin/may"):
        made = tocsin("create", "--secret-file", keys.secret_file, "--sub", "a", "--subscribe", "--claim", claim)
        verify = ["verify", "--json", "--secret-file", keys.secret_file]
        assert json.loads(tocsin(*verify, "--claim", claim, token=made.stdout).stdout)["allows"] == \
            "subscribe to and query everything"
        assert json.loads(tocsin(*verify, token=made.stdout).stdout)["allows"] == "nothing"


def test_inspect_shows_and_says_that_it_verifies_nothing(keys):
    row = {"header": {"alg": "none", "note": "\x1b[2J"}, "claims": {"exp": "@-120", "sub": "mallory\u202e"}}
    token = keys.make(row)
    done = tocsin("inspect", token=token)
    text = done.stdout.decode()
    assert done.returncode == 0 and text.startswith("NOT VERIFIED"), done
    assert "alg            none" in text and ", 2m ago" in text and "publish events of all types" in text
    assert "\x1b" not in text and "\u202e" not in text
    shown = json.loads(tocsin("inspect", "--json", token=token).stdout)
    assert shown["verified"] is False and shown["header"]["alg"] == "none" and shown["claims"]["iss"] == "https://id.example"
    assert tocsin("inspect", token="hunter2").returncode == 4


def test_a_token_is_not_taken_from_the_command_line(keys):
    token = keys.make({})
    done = tocsin("verify", token, "--secret-file", keys.secret_file)
    assert done.returncode == 1 and b"stdin" in done.stderr and token.encode() not in done.stderr


@pytest.mark.parametrize("arguments, says", [
    (["create", "--sub", "a"], "--secret-file or --key-file"),
    (["create", "--sub", "a", "--secret-file", "S", "--key-file", "S"], "--secret-file or --key-file"),
    (["create", "--sub", "a", "--secret-file", "S", "--publish", "incident-crated"], "did you mean 'incident-created'"),
    (["create", "--sub", "a", "--secret-file", "S", "--severities", "P9"], "P0"),
    (["create", "--sub", "a", "--secret-file", "S", "--expires-at", "tomorrow"], "--expires-at"),
    (["create", "--sub", "a", "--secret-file", "S", "--expires-at", "2001-01-01T00:00:00Z"], "has passed"),
    (["create", "--sub", "x" * 256, "--secret-file", "S"], "sub has 256 bytes"),
    (["create", "--sub", "a", "--secret-file", "S", "--kid", "k" * 129], "kid has 129 bytes"),
    (["create", "--secret-file", "S"], "--sub"), (["verify"], "--jwks-file"),
    (["verify", "--secret-file", "S", "--claim", ""], "--claim"),
    (["create", "--sub", "a", "--secret-file", "S", "--rsa-algorithm", "RS512"], "RS256, PS256")], ids=repr)
def test_a_wrong_flag_is_named(keys, arguments, says):
    done = tocsin(*[keys.secret_file if a == "S" else a for a in arguments])
    assert done.returncode == 2 and says in done.stderr.decode() and not done.stdout, done


def test_a_key_that_cannot_serve_is_named(keys, tmp_path):
    weak = tmp_path / "weak"
    weak.write_text("secret\n")
    for arguments, says in ((["create", "--sub", "a", "--secret-file", weak], "the secret has 6 bytes"),
                            (["create", "--sub", "a", "--key-file", keys.pem_file], "no private key"),
                            (["create", "--sub", "a", "--secret-file", keys.pem_file], "not a secret"),
                            (["verify", "--key-file", private_pem(keys.ec, tmp_path)], "private key"),
                            (["verify", "--key-file", tmp_path / "none"], "No such file"),
                            (["verify", "--jwks-file", keys.pem_file], "not JSON"),
                            (["verify", "--secret-file", keys.secret_file, "--key-file", keys.pem_file], "do not go together")):
        done = tocsin(*arguments, token=keys.make({}))
        assert done.returncode == 1 and says in done.stderr.decode(), (arguments, done)


def test_no_secret_and_no_token_is_in_what_is_said(keys):
    for row in tokens.rows()[::6]:
        token = keys.make(row)
        if row["refusal"] and 20 < len(token) < 5000:
            done = tocsin("verify", *keys.flags(row), *RULES, token=token)
            said = done.stdout + done.stderr
            assert token[:30].encode() not in said and tokens.SECRET not in said and b"alice" not in said, row["name"]
