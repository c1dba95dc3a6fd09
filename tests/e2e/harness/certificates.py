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


def make_certificates(folder: Path, expired: bool = False) -> Certificates:
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
    signed_by = ["-in", request, "-extfile", names, "-out", made.certificate]
    if expired:
        _openssl("ca", *_as_an_authority(folder), "-cert", made.authority, "-keyfile", authority_key,
                 "-startdate", "20200101000000Z", "-enddate", "20200131000000Z", *signed_by)  # fmt: skip
    else:
        _openssl("x509", "-req", "-CA", made.authority, "-CAkey", authority_key, "-CAcreateserial",
                 "-days", "2", *signed_by)  # fmt: skip
    return made


def _as_an_authority(folder: Path) -> list[str | Path]:
    """What `openssl ca` needs, which alone knows dates."""
    index, configuration = folder / "index.txt", folder / "ca.cnf"
    index.touch()
    configuration.write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={index}\nnew_certs_dir={folder}\n"
        "default_md=sha256\nrand_serial=yes\npolicy=any\n[any]\ncommonName=supplied\n",
        encoding="ascii",
    )
    return ["-batch", "-notext", "-config", configuration]


def _openssl(*arguments: str | Path) -> None:
    subprocess.run([_OPENSSL, *map(str, arguments)], check=True, capture_output=True)
