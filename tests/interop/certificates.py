"""Certificates made for one run of the tests, by the openssl command line."""

import os
import subprocess

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*arguments):
    done = subprocess.run(["/usr/bin/openssl", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(arguments)}: {done.stderr}")


class Authority:
    """Signs certificates. A peer that trusts it verifies with `certfile`; all files are in `directory`."""

    def __init__(self, directory, name):
        self.directory, self.name = directory, name
        self.certfile = self.path("authority.crt")
        _openssl("req", "-x509", *KEY, "-keyout", self.path("authority.key"), "-out", self.certfile, "-subj", f"/CN={name}",
                 "-days", "2")

    def path(self, file):
        return os.path.join(self.directory, f"{self.name}-{file}")

    def issue(self, name, days=2):
        """A key and a certificate for 127.0.0.1: (keyfile, certfile). With -1 for days it has expired."""
        keyfile, request, certfile = (self.path(f"{name}.{kind}") for kind in ("key", "csr", "crt"))
        extensions = self.path("extensions")
        with open(extensions, "w") as file:
            file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        _openssl("req", *KEY, "-keyout", keyfile, "-out", request, "-subj", f"/CN={name}")
        _openssl("x509", "-req", "-in", request, "-CA", self.certfile, "-CAkey", self.path("authority.key"),
                 "-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out", certfile)
        return keyfile, certfile
