"""Certificates of an authority of the tests' own, made with the command openssl."""

import os
import pathlib
import ssl
import subprocess

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Authority:
    """Signs certificates; the files lie in its folder."""

    def __init__(self, folder, name="ca"):
        self.folder = pathlib.Path(folder)
        self.file = self.folder / f"{name}.pem"
        self._key = self.folder / f"{name}.key"
        _openssl("req", "-x509", *_KEY, "-keyout", self._key, "-out", self.file, "-days", "2",
                 "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign")

    def issue(self, name="localhost"):
        """(certificate, key): PEM texts, for this machine's loopback names."""
        certificate, key = self.folder / "issued.pem", self.folder / "issued.key"
        _openssl("req", "-x509", *_KEY, "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={name}",
                 "-CA", self.file, "-CAkey", self._key, "-addext", "basicConstraints=critical,CA:FALSE",
                 "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        return certificate.read_text(), key.read_text()

    def client(self, **options):
        """What a client that trusts this authority alone connects with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.file)
        for name, value in options.items():
            setattr(context, name, value)
        return context


class Files:
    """A certificate and its key where a program finds them: .flags."""

    def __init__(self, folder, pair):
        self.certificate = pathlib.Path(folder) / "server.pem"
        self.key = pathlib.Path(folder) / "server.key"
        self.flags = ["--tls-cert", str(self.certificate), "--tls-key", str(self.key)]
        self.put(pair)

    def put(self, pair):
        """As tools that renew certificates do: whole files, one after the other."""
        for path, text in zip((self.certificate, self.key), pair, strict=True):
            following = path.with_suffix(".next")
            following.write_text(text)
            os.replace(following, path)


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
