"""Makes the tokens of tests/tokens/table.json (tests/tokens/README.md has its form) with Python's cryptography: another
implementation than the one that verifies them."""

import base64
import json
import pathlib
import re
import time

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

TABLE = pathlib.Path(__file__).parents[1] / "tokens" / "table.json"
SECRET = b"0123456789abcdef0123456789ABCDEF-system"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def rows():
    return json.loads(TABLE.read_text())


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class Keys:
    """Everybody who signs in the table, and the files that a verifier is given."""

    def __init__(self, folder):
        self.rsa, self.rsa2, self.pss, self.enc, self.other_rsa = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(5))
        self.ec, self.other_ec = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.secret_file, self.pem_file, self.jwks_file = (folder / name for name in ("secret", "rsa.pem", "jwks.json"))
        self.secret_file.write_bytes(SECRET + b"\n")
        self.pem_file.write_bytes(pem(self.rsa))
        self.jwks_file.write_text(json.dumps({"keys": [
            jwk(self.rsa, kid="r1", use="sig", alg="RS256"), jwk(self.enc, kid="x1", use="enc", alg="RSA-OAEP"),
            jwk(self.rsa2, kid="r2", use="sig", alg="RS256"), jwk(self.pss, kid="p1", use="sig", alg="PS256"),
            jwk(self.ec, kid="e1", use="sig", alg="ES256")]}))

    def signer(self, name):
        """The algorithm's name, and what signs."""
        if name.endswith("secret"):
            secret = {"secret": SECRET, "other_secret": b"another secret of more than 32 bytes",
                      "rsa_pem_as_secret": pem(self.rsa), "ec_pem_as_secret": pem(self.ec),
                      "rsa_der_as_secret": der(self.rsa),
                      "rsa_n_as_secret": self.rsa.public_key().public_numbers().n.to_bytes(256, "big")}[name]
            return "HS256", lambda text: hmac_of(secret, text)
        key = getattr(self, {"rsa_as_pss": "rsa", "pss_as_rsa": "pss"}.get(name, name))
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return "ES256", lambda text: ecdsa_of(key, text)
        if name in ("pss", "rsa_as_pss"):
            return "PS256", lambda text: key.sign(text, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        return "RS256", lambda text: key.sign(text, padding.PKCS1v15(), hashes.SHA256())

    def flags(self, row):
        """Of `tocsin token verify`."""
        keys = row.get("keys") or ("secret" if "secret" in row.get("key", "secret") else "jwks")
        return {"secret": ["--secret-file", self.secret_file], "pem": ["--key-file", self.pem_file],
                "jwks": ["--jwks-file", self.jwks_file]}[keys]

    def make(self, row, now=None):
        return make(row, *self.signer(row.get("key", "secret")), int(time.time()) if now is None else now)


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def der(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def jwk(key, **more):
    numbers = key.public_key().public_numbers()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        x, y = (encode(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y, **more}
    return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), **more}


def hmac_of(secret, text):
    mac = hmac.HMAC(secret, hashes.SHA256())
    mac.update(text)
    return mac.finalize()


def ecdsa_of(key, text):
    r, s = utils.decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def laid_over(over, under):
    both = {**under, **over}
    return {name: value for name, value in both.items() if value is not None}


def loose(text):
    """Bits of the last letter set that belong to no byte, where there are any."""
    return text if len(text) % 4 == 0 else text[:-1] + LETTERS[LETTERS.index(text[-1]) + 1]


def timed(text, now):
    def stands_for(match):
        sign, digits = match.groups()
        return f'"{"x" * int(digits)}"' if sign == "x" else str(now + int(sign + digits))
    return re.sub(r'"@([-+x])(\d+)"', stands_for, text)


def make(row, algorithm, sign, now):
    header = row["header_text"].encode() if "header_text" in row else \
        compact(laid_over(row.get("header", {}), {"alg": algorithm, "typ": "JWT"}))
    good = {"sub": "alice", "iss": "https://id.example", "aud": "tocsin", "iat": "@-10", "exp": "@+300",
            "tocsin": {"publish": True}}
    if "claims_hex" in row:
        claims = bytes.fromhex(row["claims_hex"])
    else:
        text = row["claims_text"] if "claims_text" in row else compact(laid_over(row.get("claims", {}), good)).decode()
        claims = timed(text, now).encode()
    changed = b""
    if "changed" in row:
        changed = compact(laid_over(row["changed"], json.loads(header if "alg" in row["changed"] else claims)))
    h, c = encode(header), encode(claims)
    signature = sign({"claims": c, "nothing": ""}.get(row.get("signs"), f"{h}.{c}").encode())
    parts = {"header": h, "header:loose": loose(h), "claims": c, "changed": encode(changed), "signature": encode(signature),
             "signature:loose": loose(encode(signature)), "signature:plain": base64.b64encode(signature).decode(),
             "signature:flip": encode(bytes([signature[0] ^ 1]) + signature[1:]), "signature:short": encode(signature[1:]),
             "signature:long": encode(signature + b"\0"), "signature:zeros": encode(bytes(len(signature)))}
    if algorithm == "ES256":
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        parts["signature:der"] = encode(utils.encode_dss_signature(r, s))
    template = row.get("token", "{header}.{claims}.{signature}")
    return re.sub(r"\{([a-z:]+)\}", lambda match: parts[match[1]], template)
