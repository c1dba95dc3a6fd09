# SPDX-License-Identifier: MIT
"""A certificate authority of the tests' own, and a server certificate for this machine."""
from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_OPENSSL = "/usr/bin/openssl"


@dataclass(frozen=True)
class Certificates:
    """PEM files: what the router shows, and what its clients trust."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path) -> Certificates:
    """Makes both in `folder`, valid for 127.0.0.1, ::1 and localhost."""
    made = Certificates(folder / "ca.pem", folder / "router.pem", folder / "router.key")
    authority_key = folder / "ca.key"
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = folder / "names.cnf"
    names.write_text("subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost\n", encoding="ascii")
    request = folder / "router.csr"
    _openssl(
        "req",
        "-x509",
        *new_key,
        "-days",
        "2",
        "-subj",
        "/CN=test authority",
        "-keyout",
        authority_key,
        "-out",
        made.authority,
    )
    _openssl("req", *new_key, "-subj", "/CN=localhost", "-keyout", made.key, "-out", request)
    _openssl(
        "x509",
        "-req",
        "-in",
        request,
        "-CA",
        made.authority,
        "-CAkey",
        authority_key,
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        names,
        "-out",
        made.certificate,
    )
    return made


def _openssl(*arguments: str | Path) -> None:
    subprocess.run([_OPENSSL, *map(str, arguments)], check=True, capture_output=True)
