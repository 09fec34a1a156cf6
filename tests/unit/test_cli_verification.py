"""`artifact verify`: bytes, signature and status have to agree; anything else is code 5."""

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner
from venture_cli.app import app
from venture_cli.domain.verification import require_status, verify_bytes
from venture_cli.errors import ExitCode
from venture_core.artifacts import provenance
from venture_core.artifacts.provenance import ProvenanceError
from venture_crds.v1alpha1.artifactbuild import ArtifactBuildStatus

if TYPE_CHECKING:
    from pathlib import Path

KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
TRUSTED = {provenance.key_id(each.public_key()): each.public_key() for each in (OTHER, KEY)}
DATA = b"the artifact"
DIGEST = hashlib.sha256(DATA).hexdigest()
CACHE_KEY = f"sha256:{'c' * 64}"


def envelope(key: Ed25519PrivateKey = KEY, cache_key: str = CACHE_KEY) -> bytes:
    return provenance.sign(
        provenance.Statement(
            subject=(provenance.Subject(name="a", digest=provenance.Digest(sha256=DIGEST)),),
            predicate=provenance.Predicate(
                build_definition=provenance.BuildDefinition(
                    external_parameters={"target": "Pptx"},
                    internal_parameters={"cacheKey": cache_key, "build": "team/a-deck"},
                    resolved_dependencies=(
                        provenance.Dependency(
                            name="document", digest=provenance.Digest(sha256="d" * 64)
                        ),
                    ),
                ),
                run_details=provenance.RunDetails(
                    builder=provenance.Builder(id="https://x", version={"toolchain": "t-1"}),
                    metadata=provenance.Metadata(
                        invocation_id="u/1", finished_on=datetime(2026, 11, 23, tzinfo=UTC)
                    ),
                ),
            ),
        ),
        key,
    )


def status(**change: str) -> ArtifactBuildStatus:
    facts = {
        "sha256": DIGEST,
        "provenance": hashlib.sha256(envelope()).hexdigest(),
        "cache_key": CACHE_KEY,
    } | change
    return ArtifactBuildStatus.model_validate(
        {
            "cacheKey": facts["cache_key"],
            "artifact": {
                "uri": "s3://venture/a",
                "sha256": facts["sha256"],
                "sizeBytes": len(DATA),
                "mediaType": "text/plain",
            },
            "provenance": {"uri": "s3://venture/p", "sha256": facts["provenance"], "keyId": "k"},
        }
    )


def test_what_is_proven_is_told() -> None:
    verified = verify_bytes(DATA, envelope(), TRUSTED)
    assert verified.key_id == provenance.key_id(KEY.public_key())
    assert verified.facts() == {
        "digest": f"sha256:{DIGEST}",
        "signed by": f"key {verified.key_id}",
        "built by": "https://x",
        "for": "team/a-deck",
        "on": "2026-11-23 00:00:00 UTC",
        "with": "t-1",
        "from document": f"sha256:{'d' * 64}",
    }
    assert verified.to_json()["verified"] is True
    assert verified.to_json()["statement"]["_type"] == provenance.STATEMENT_TYPE
    require_status(verified, envelope(), status())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sha256": "0" * 64}, "the artifact is sha256:"),
        ({"provenance": "0" * 64}, "the provenance is sha256:"),
        ({"cache_key": f"sha256:{'0' * 64}"}, "is about the cache key"),
    ],
)
def test_a_status_that_promises_something_else_is_refused(
    change: dict[str, str], sentence: str
) -> None:
    verified = verify_bytes(DATA, envelope(), TRUSTED)
    with pytest.raises(ProvenanceError, match=sentence):
        require_status(verified, envelope(), status(**change))


def test_a_status_without_an_artifact_is_refused() -> None:
    verified = verify_bytes(DATA, envelope(), TRUSTED)
    with pytest.raises(ProvenanceError, match="has no artifact"):
        require_status(verified, envelope(), ArtifactBuildStatus())


class TestOffline:
    """The command itself, on files, with no cluster and no store."""

    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "there-is-none"))
        (tmp_path / "deck.pptx").write_bytes(DATA)
        (tmp_path / "deck.intoto.json").write_bytes(envelope())
        for name, key in (("key", KEY), ("other", OTHER)):
            pem = provenance.public_key_pem(key.public_key())
            (tmp_path / f"{name}.pem").write_text(pem)
        (tmp_path / "text.pem").write_text("no key")

    def verify(self, *arguments: str) -> tuple[int, str, str]:
        given = ["artifact", "verify", "deck.pptx", "--provenance", "deck.intoto.json"]
        done = CliRunner().invoke(app, [*given, *arguments])
        return done.exit_code, done.stdout, done.stderr

    def test_a_file_is_verified(self) -> None:
        code, out, err = self.verify("--key", "other.pem", "--key", "key.pem")
        assert (code, err) == (ExitCode.OK, "")
        assert out.startswith("deck.pptx is verified\n")
        assert f"sha256:{DIGEST}" in out

    def test_programs_get_json_and_names(self) -> None:
        code, out, _ = self.verify("--key", "key.pem", "-o", "json")
        assert code == ExitCode.OK
        assert f'"sha256": "{DIGEST}"' in out
        code, out, _ = self.verify("--key", "key.pem", "-o", "name")
        assert (code, out) == (ExitCode.OK, "artifactbuild.venture.parpour.dev/a-deck\n")

    def test_another_key_proves_nothing(self) -> None:
        code, out, err = self.verify("--key", "other.pem")
        assert (code, out) == (ExitCode.VERIFICATION_FAILED, "")
        assert "no trusted key signed the provenance" in err

    def test_other_bytes_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "deck.pptx").write_bytes(DATA + b"!")
        code, out, err = self.verify("--key", "key.pem")
        assert (code, out) == (ExitCode.VERIFICATION_FAILED, "")
        assert f"the provenance is about sha256:{DIGEST}" in err
        assert "next: Do not use these bytes." in err

    def test_what_is_no_statement_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "deck.intoto.json").write_bytes(b"{}")
        code, _, err = self.verify("--key", "key.pem")
        assert code == ExitCode.VERIFICATION_FAILED
        assert "is not a DSSE envelope" in err

    def test_what_is_no_key_is_refused(self) -> None:
        code, _, err = self.verify("--key", "text.pem")
        assert code == ExitCode.VERIFICATION_FAILED
        assert "the public key is not a PEM" in err
        code, _, err = self.verify("--key", "missing.pem")
        assert code == ExitCode.USAGE
        assert "cannot read the key missing.pem" in err

    def test_without_a_key_the_cluster_is_asked(self) -> None:
        code, _, err = self.verify()
        assert code == ExitCode.UNREACHABLE
        assert "no cluster is configured" in err
