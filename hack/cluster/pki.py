"""Keys and certificates of one cluster, made with the openssl program.

One authority per cluster signs everything; its private key never leaves the cluster's folder.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from progress import output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_VALID_DAYS = 3650
_NEXT = "check that the openssl program (3.0 or later) is installed and the folder can be written"


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate, both PEM files."""

    cert: Path
    key: Path


class Authority:
    """The certificate authority of one folder: it makes what is missing and keeps what exists."""

    def __init__(self, folder: Path) -> None:
        """Open the authority of `folder`, creating it on first use."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.ca = self._pair(
            "ca",
            subject="/CN=venture-native-cluster",
            issuer=None,
            extensions=[
                "basicConstraints=critical,CA:TRUE",
                "keyUsage=critical,digitalSignature,keyCertSign,cRLSign",
            ],
        )

    def server(self, name: str, *, common_name: str, hosts: Sequence[str], group: str = "") -> Pair:
        """Return a pair for a server, maybe a client too, with its names and addresses."""
        names = ",".join(f"{'IP' if host[0].isdigit() else 'DNS'}:{host}" for host in hosts)
        return self._leaf(
            name, common_name, group, "serverAuth,clientAuth", [f"subjectAltName={names}"]
        )

    def client(self, name: str, *, user: str, group: str = "") -> Pair:
        """Return a pair that authenticates as a Kubernetes user, in a group if one is given."""
        return self._leaf(name, user, group, "clientAuth", [])

    def front_proxy(self) -> tuple[Pair, Pair]:
        """Return an authority of its own, and the pair by which the API server forwards requests.

        Whoever that authority signs may speak for any user, so nothing else may come from it.
        """
        authority = Authority(self.folder / "front-proxy")
        return authority.ca, authority.client("client", user="front-proxy-client")

    def signing_keys(self, name: str) -> tuple[Path, Path]:
        """Return the private and the public half of a key that signs service-account tokens."""
        private, public = self.folder / f"{name}.key", self.folder / f"{name}.pub"
        if not private.exists():
            _openssl(
                private, ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            )
        if not public.exists():
            _openssl(public, ["pkey", "-in", str(private), "-pubout"])
        return private, public

    def _leaf(
        self, name: str, common_name: str, group: str, usage: str, extensions: list[str]
    ) -> Pair:
        subject = (f"/O={group}" if group else "") + f"/CN={common_name}"
        usages = [
            "basicConstraints=critical,CA:FALSE",
            "keyUsage=critical,digitalSignature",
            f"extendedKeyUsage={usage}",
        ]
        return self._pair(name, subject=subject, issuer=self.ca, extensions=usages + extensions)

    def _pair(self, name: str, *, subject: str, issuer: Pair | None, extensions: list[str]) -> Pair:
        pair = Pair(cert=self.folder / f"{name}.crt", key=self.folder / f"{name}.key")
        if pair.cert.exists():
            return pair
        config = self.folder / f"{name}.cnf"
        identifiers = ["subjectKeyIdentifier=hash"] + (
            ["authorityKeyIdentifier=keyid"] if issuer else []
        )
        config.write_text(
            "\n".join(
                [
                    "[req]",
                    "distinguished_name=dn",
                    "x509_extensions=ext",
                    "[dn]",
                    "[ext]",
                    *identifiers,
                    *extensions,
                    "",
                ]
            )
        )
        signer = ["-CA", str(issuer.cert), "-CAkey", str(issuer.key)] if issuer else []
        _openssl(
            pair.cert,
            [
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-noenc",
                "-sha256",
                "-days",
                str(_VALID_DAYS),
                "-subj",
                subject,
                "-config",
                str(config),
                "-keyout",
                str(pair.key),
                *signer,
            ],
        )
        return pair


def _openssl(target: Path, arguments: Sequence[str]) -> None:
    # Written beside its place and moved there: a killed run leaves no half file that looks whole.
    partial = target.with_name(target.name + ".partial")
    output(["openssl", *arguments, "-out", partial], next_step=_NEXT)
    partial.replace(target)


def write_kubeconfig(path: Path, *, server: str, ca: Path, client: Pair) -> None:
    """Write a self-contained kubeconfig (JSON, which is YAML) readable only by its owner."""

    def embedded(file: Path) -> str:
        return base64.b64encode(file.read_bytes()).decode()

    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "venture",
                "cluster": {"server": server, "certificate-authority-data": embedded(ca)},
            }
        ],
        "users": [
            {
                "name": "venture",
                "user": {
                    "client-certificate-data": embedded(client.cert),
                    "client-key-data": embedded(client.key),
                },
            }
        ],
        "contexts": [{"name": "venture", "context": {"cluster": "venture", "user": "venture"}}],
        "current-context": "venture",
    }
    text = json.dumps(config, indent=2) + "\n"
    if path.exists() and path.read_text() == text:
        return
    partial = path.with_name(path.name + ".partial")
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.replace(path)
