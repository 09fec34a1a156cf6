"""The object store: what a form that was stolen is good for, and whose inputs a build reads.

Tenants get no form (it is in a Secret of the work namespace) and reach no store; here they have.
"""

import base64
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from builds import Builds, condition, unique_deck
from chartrelease import secret_data
from forgeddecks import honest_digest
from forwarding import forwarded
from kubelet import upload
from pydantic import SecretStr
from venture_core.artifacts.bucket import artifact_key, input_key
from venture_core.artifacts.jobcontract import CompileJobInput, JobUpload, parse_input
from venture_core.canonical import canonical_json, sha256_hex
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, SECRETS
from venture_core.objectstore import ObjectStore, S3Settings
from worknamespace import work_namespace

if TYPE_CHECKING:
    from pathlib import Path

    from tenants import Tenant
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]
type Kubectl = Callable[..., str]

SYSTEM = "venture-system"
FOREIGN = b"foreign bytes"


@pytest.fixture(scope="module")
def endpoint(kubeconfig: Path) -> Iterator[str]:
    """Reach the store, which no tenant's pod does."""
    with forwarded(kubeconfig, SYSTEM, "service/venture-s3", 7070) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def store(kubectl: Kubectl, endpoint: str) -> ObjectStore:
    """Return the bucket with the keys of the installation: only a test has them."""
    keys = secret_data(kubectl, SYSTEM, "venture-s3")
    settings = S3Settings(
        endpoint=endpoint,
        region="us-east-1",
        bucket="venture",
        access_key_id=keys["accessKeyId"],
        secret_access_key=SecretStr(keys["secretAccessKey"]),
    )
    return ObjectStore(settings)


@pytest.fixture
def builds(client: KubernetesClient, alice: Tenant) -> Builds:
    return Builds(client, alice.namespace)


async def stolen(builds: Builds, kubectl: Kubectl, endpoint: str, body: Body) -> CompileJobInput:
    """Return the input of the Job that made a build, its form leading to the store from here."""
    name = body["status"]["job"]["name"]
    secret = await builds.client.get(SECRETS, name, work_namespace(kubectl))
    assert secret is not None
    request = parse_input(base64.b64decode(secret["data"]["request.json"]))
    path = request.upload.url.split("/", 3)[3]
    return request.model_copy(
        update={"upload": JobUpload(url=f"{endpoint}/{path}", fields=request.upload.fields)}
    )


def with_fields(request: CompileJobInput, **fields: str) -> CompileJobInput:
    form = JobUpload(url=request.upload.url, fields={**request.upload.fields, **fields})
    return request.model_copy(update={"upload": form})


async def test_a_stolen_form_changes_nothing_once_the_result_counts(
    builds: Builds, kubectl: Kubectl, endpoint: str, store: ObjectStore
) -> None:
    document = unique_deck()
    await builds.create("robbed", source={"inline": document})
    ready = await builds.until("robbed", "Ready")
    request = await stolen(builds, kubectl, endpoint, ready)
    assert (await upload(request, FOREIGN)).is_success
    digest = ready["status"]["artifact"]["sha256"]
    stored = await store.get(artifact_key(digest), max_bytes=1_000_000)
    assert sha256_hex(stored) == digest == honest_digest(document)
    # Nor does the next attempt take it for its own: that has a key of its own.
    await builds.patch("robbed", retry="again")
    await builds.until("robbed", "Ready", "Unknown")
    again = await builds.until("robbed", "Ready")
    assert again["status"]["job"]["attempt"] == ready["status"]["job"]["attempt"] + 1
    assert again["status"]["artifact"]["sha256"] == digest


async def test_a_stolen_form_takes_no_other_key_size_or_policy(
    builds: Builds, kubectl: Kubectl, endpoint: str, store: ObjectStore
) -> None:
    await builds.create("lent")
    ready = await builds.until("lent", "Ready")
    request = await stolen(builds, kubectl, endpoint, ready)
    digest = ready["status"]["artifact"]["sha256"]
    attempt = ready["status"]["job"]["attempt"]
    claimed = f"staging/{ready['metadata']['uid']}/{attempt}.claimed"
    for key in (artifact_key(digest), claimed, "staging/another/1", f"inputs/{builds.namespace}/x"):
        answer = await upload(with_fields(request, key=key), FOREIGN)
        assert answer.status_code == 403, key
    empty = await upload(request, b"")
    assert empty.status_code == 400
    assert "EntityTooSmall" in empty.text

    policy = json.loads(base64.b64decode(request.upload.fields["policy"]))
    (bounds,) = [
        each
        for each in policy["conditions"]
        if isinstance(each, list) and each[0] == "content-length-range"
    ]
    assert bounds[1:] == [1, 256 * 1024 * 1024]
    bounds[2] *= 1000
    wider = base64.b64encode(json.dumps(policy).encode()).decode()
    answer = await upload(with_fields(request, policy=wider), FOREIGN)
    assert answer.status_code == 403
    assert "SignatureDoesNotMatch" in answer.text
    assert sha256_hex(await store.get(artifact_key(digest), max_bytes=1_000_000)) == digest


async def test_an_input_of_a_neighbour_is_not_found_by_its_digest(
    store: ObjectStore, client: KubernetesClient, mallory: Tenant, alice: Tenant
) -> None:
    secret = canonical_json(unique_deck())
    where = input_key(alice.namespace, "plans.json")
    await store.put(where, secret, media_type="application/json")
    reference = {"key": "plans.json", "sha256": sha256_hex(secret)}
    body: Body = {
        "apiVersion": ARTIFACT_BUILDS.api_version,
        "kind": ARTIFACT_BUILDS.kind,
        "metadata": {"name": "by-digest"},
        "spec": {"target": "Pptx", "source": {"objectRef": reference}},
    }
    mallory.create(body)
    theirs = Builds(client, mallory.namespace)
    told = condition(await theirs.until("by-digest", "Reconciling"), "Reconciling")
    assert told["reason"] == "SourceNotFound"
    assert (
        f"there is no object inputs/{mallory.namespace}/plans.json in the bucket yet"
        in told["message"]
    )

    for climbing in (
        f"../{alice.namespace}/plans.json",
        f"/inputs/{alice.namespace}/plans.json",
        "a//b",
        "./a",
    ):
        reference["key"] = climbing
        body["metadata"]["name"] = "climbs"
        assert "spec.source.objectRef.key" in mallory.create(body, fails=True), climbing
