"""The parts of hack/cluster that only compute: hashes, archives, text of other programs."""

from __future__ import annotations

import importlib
import io
import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

CLUSTER = Path(__file__).resolve().parents[2] / "hack" / "cluster"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    monkeypatch.syspath_prepend(str(CLUSTER))
    return importlib.import_module


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("FROM x\nRUN COPY nothing\n", []),
        ("COPY a b/ /dest/\n", ["a", "b/"]),
        ("COPY --chmod=0755 tool /bin/\nCOPY --from=build /opt /opt\n", ["tool"]),
        ("COPY one \\\n  two \\\n# a comment in between\n  /dest\nRUN true\n", ["one", "two"]),
        ("# COPY not this\ncopy yes /dest", ["yes"]),
    ],
)
def test_copied_sources(module: Callable[[str], Any], text: str, sources: list[str]) -> None:
    assert module("dockerfile").copied_sources(text) == sources


@pytest.mark.parametrize(
    "text", ["ADD a /", "COPY *.py /", 'COPY ["a b", "/"]', "COPY <<EOF /x\nEOF", "COPY $A /"]
)
def test_copies_that_cannot_be_hashed_are_refused(module: Callable[[str], Any], text: str) -> None:
    with pytest.raises(ValueError, match="understood"):
        module("dockerfile").copied_sources(text)


def test_content_tag_follows_every_input_and_nothing_else(
    module: Callable[[str], Any], tmp_path: Path
) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("FROM x\nCOPY src /src\n")
    (tmp_path / "src" / "deep").mkdir(parents=True)
    code = tmp_path / "src" / "deep" / "code.py"
    code.write_text("1")

    def tag(base: str = "base") -> str:
        return str(module("dockerfile").content_tag(tmp_path, dockerfile, base))

    first = tag()
    (tmp_path / "unrelated").write_text("x")
    (tmp_path / "src" / "__pycache__").mkdir()
    (tmp_path / "src" / "__pycache__" / "code.pyc").write_text("x")
    assert tag() == first

    seen = {first, tag(base="other")}
    code.chmod(0o755)
    seen.add(tag())
    code.write_text("2")
    seen.add(tag())
    code.rename(code.with_name("renamed.py"))
    seen.add(tag())
    dockerfile.write_text("FROM y\nCOPY src /src\n")
    seen.add(tag())
    assert len(seen) == 6


@pytest.mark.parametrize(
    "left", [".ruff_cache/0.17/1", ".mypy_cache/x.json", "deep/.coverage", "deep/__pycache__/x.pyc"]
)
def test_what_tools_leave_behind_builds_no_image_again(
    module: Callable[[str], Any], tmp_path: Path, left: str
) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("FROM x\nCOPY src /src\n")
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "src" / "deep" / "code.py").write_text("1")
    before = module("dockerfile").content_tag(tmp_path, dockerfile, "base")
    (tmp_path / "src" / left).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "src" / left).write_text("made by make check, not by a person")
    assert module("dockerfile").content_tag(tmp_path, dockerfile, "base") == before


def test_no_image_copies_what_the_hash_of_its_content_skips() -> None:
    ignored = (CLUSTER.parents[1] / ".dockerignore").read_text().split()
    assert {"**/.*", "**/__pycache__", "**/*.pyc"} <= set(ignored)


def test_a_missing_input_is_named(module: Callable[[str], Any], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("COPY absent /\n")
    with pytest.raises(FileNotFoundError, match="absent"):
        module("dockerfile").content_tag(tmp_path, tmp_path / "Dockerfile", "")


def blobs(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as opened:
        return {
            member.name: stream.read()
            for member in opened
            if (stream := opened.extractfile(member)) is not None
        }


def test_small_image_is_whole_and_the_same_every_time(
    module: Callable[[str], Any], tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF")
    program.chmod(0o700)
    image = module("ociimage").SmallImage(
        "tiny", ["/bin/program"], {"/bin/program": program}, {"/bin/alias": "program"}
    )
    reference = image.reference("x86_64")
    for name in ("one", "two"):
        image.write_archive(tmp_path / name, reference=reference, machine="x86_64")

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert reference != image.reference("aarch64")
    content = blobs(tmp_path / "one")
    index = json.loads(content["index.json"])
    manifest = json.loads(content[blob_name(index["manifests"][0])])
    config = json.loads(content[blob_name(manifest["config"])])
    assert index["manifests"][0]["annotations"]["io.containerd.image.name"] == reference
    assert config["architecture"] == "amd64"
    with tarfile.open(fileobj=io.BytesIO(content[blob_name(manifest["layers"][0])])) as layer:
        members = {member.name: member for member in layer}
    assert members["bin/program"].mode == 0o755
    assert members["bin/alias"].linkname == "program"
    assert members["bin"].isdir()


def blob_name(descriptor: dict[str, str]) -> str:
    return f"blobs/sha256/{descriptor['digest'].removeprefix('sha256:')}"


def test_image_store_gives_whole_images_and_forgets_the_rest(
    module: Callable[[str], Any], tmp_path: Path
) -> None:
    store = module("imagestore").ImageStore(store_with_two_images(module, tmp_path))
    assert store.references() == {"localhost/a:1", "localhost/b:1"}

    store.write_archive("localhost/a:1", tmp_path / "a.tar")
    exported = blobs(tmp_path / "a.tar")
    (only,) = json.loads(exported["index.json"])["manifests"]
    manifest = json.loads(exported[blob_name(only)])
    assert all(blob_name(part) in exported for part in (manifest["config"], *manifest["layers"]))

    before = len(list((store.folder / "blobs" / "sha256").iterdir()))
    store.keep_only({"localhost/b:1"})
    assert store.references() == {"localhost/b:1"}
    assert len(list((store.folder / "blobs" / "sha256").iterdir())) == before // 2


def store_with_two_images(module: Callable[[str], Any], tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    manifests = []
    for name in ("a", "b"):
        source = tmp_path / name
        source.write_text(name)
        image = module("ociimage").SmallImage(name, [f"/{name}"], {f"/{name}": source})
        archive = tmp_path / f"{name}.oci"
        image.write_archive(archive, reference=f"localhost/{name}:1", machine="x86_64")
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
        manifests += json.loads((folder / "index.json").read_text())["manifests"]
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))
    return folder


def test_only_the_rules_of_felix_are_dropped(module: Callable[[str], Any]) -> None:
    rules = "*filter\n:INPUT ACCEPT [0:0]\n:cali-INPUT - [0:0]\n-A INPUT -j cali-INPUT\nCOMMIT\n"
    assert module("network").without_felix(rules) == "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"


def test_mounts_below_a_folder(module: Callable[[str], Any]) -> None:
    mountinfo = (
        "21 1 0:1 / / rw - ext4 /dev/vda rw\n"
        "22 21 0:2 / /state/kubelet rw - tmpfs tmpfs rw\n"
        "23 22 0:3 / /state/kubelet/with\\040space rw - tmpfs tmpfs rw\n"
        "24 21 0:4 / /state-of-others rw - tmpfs tmpfs rw\n"
    )
    found = module("teardown").mounts_below(Path("/state"), mountinfo)
    assert list(found) == ["/state/kubelet", "/state/kubelet/with space"]


def test_the_last_lines_of_a_log_are_shown_with_a_failure(
    module: Callable[[str], Any], tmp_path: Path
) -> None:
    log = tmp_path / "a.log"
    log.write_text("\n".join(f"line {number}" for number in range(100_000)))
    error = module("progress").ClusterError("it broke", next_step="mend it", log=log)
    text = error.describe()
    assert "it broke" in text
    assert "line 99999" in text
    assert "line 99000" not in text
    assert text.endswith("next step: mend it")


def test_kubernetes_is_stamped_and_the_others_are_not(module: Callable[[str], Any]) -> None:
    binaries = module("binaries")
    assert f"gitVersion={binaries.KUBERNETES_VERSION}" in binaries.linker_flags("kubernetes")
    assert binaries.linker_flags("tools") == "-s -w"
    assert len({binaries.cache_key(name) for name in binaries.modules()}) == len(binaries.modules())


def build(*, generation: int = 1, **conditions: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "deck", "generation": generation},
        "status": {
            "observedGeneration": 1,
            "conditions": [
                {"type": name, "status": status, "message": "why"}
                for name, status in conditions.items()
            ],
        },
    }


@pytest.mark.parametrize(
    ("item", "ready"),
    [
        ({"metadata": {"name": "deck", "generation": 1}}, False),
        (build(), False),
        (build(Ready="False", Reconciling="True"), False),
        (build(Ready="True", Stalled="False"), True),
        # What is said of an older generation is not said of this one.
        (build(generation=2, Ready="True"), False),
        (build(generation=2, Stalled="True"), False),
    ],
)
def test_ready_as_it_stands(
    module: Callable[[str], Any], item: dict[str, Any], *, ready: bool
) -> None:
    assert module("release")._is_ready(item) is ready


def test_a_stalled_example_ends_the_wait_with_its_message(module: Callable[[str], Any]) -> None:
    with pytest.raises(Exception, match="ArtifactBuild deck: why"):
        module("release")._is_ready(build(Stalled="True"))


def test_every_image_has_its_dockerfile_and_its_setting_in_the_chart(
    module: Callable[[str], Any],
) -> None:
    images, target = module("images"), module("target")
    references = {name: f"localhost/{name}:tag-of-{name}" for name in images.DOCKERFILES}
    settings = target._tag_settings(references)
    assert sorted(settings.values()) == sorted(f"tag-of-{name}" for name in images.DOCKERFILES)
    for dockerfile in images.DOCKERFILES.values():
        assert (CLUSTER.parents[1] / dockerfile).is_file()


def test_images_without_programs_are_planned_before_anything_is_compiled(
    module: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def compiled(name: str) -> Path:
        raise AssertionError(f"{name} was to be compiled")

    monkeypatch.setattr(module("binaries"), "ensure", compiled)
    images = module("images")
    early = images.plan(images.without_programs(), "base")
    late = {"venture-artifact-compiler-media", "venture-dev-versitygw"}
    assert set(images.DOCKERFILES) - set(early) == late
    with pytest.raises(AssertionError, match="tools was to be compiled"):
        images.plan([], "base")


def test_what_the_compiler_refuses_together_is_built_apart(module: Callable[[str], Any]) -> None:
    apart = "github.com/rancher/local-path-provisioner"
    assert module("binaries")._groups(["a", apart, "b"]) == [["a", "b"], [apart]]
    assert module("binaries")._groups(["a"]) == [["a"]]
