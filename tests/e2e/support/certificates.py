"""Certificates for one check, made by openssl: none that expire in the repository."""

import os
import subprocess

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """A CA in a folder; `pem` is its certificate."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.pem, self.key = f"{folder}/{name}.pem", f"{folder}/{name}.key"
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", self.key, "-out", self.pem, "-days", "2", "-subj", f"/CN={name}"),
            *("-addext", "basicConstraints=critical,CA:TRUE"),
        )

    def sign(self, name, subject=None):
        """A pair of files: certificate and key. The subject is written as openssl's -subj has it."""
        base = f"{self.folder}/{name}"
        openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", f"{base}.key", "-out", f"{base}.csr", "-subj", subject or f"/CN={name}"),
        )
        with open(f"{base}.ext", "w", encoding="ascii") as extensions:
            extensions.write(NAMES + "\n")
        openssl(
            *("x509", "-req", "-in", f"{base}.csr", "-CA", self.pem, "-CAkey", self.key),
            *("-CAcreateserial", "-days", "2", "-extfile", f"{base}.ext", "-out", f"{base}.pem"),
        )
        return f"{base}.pem", f"{base}.key"


def install(pair, certificate, key):
    """Puts copies of the pair's files in the places of two others, each by renaming."""
    for source, target in zip(pair, (certificate, key)):
        with open(source, "rb") as read, open(f"{target}.new", "wb") as write:
            write.write(read.read())
        os.rename(f"{target}.new", target)
