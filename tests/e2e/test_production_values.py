"""Production values against Postgres, NATS, Valkey and S3 that are not part of the release.

All four speak TLS with certificates of a private authority.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from builds import patiently
from certificates import Authority
from chartrelease import DEVELOPMENT, Release, development_images, identities, image_values
from externaldatabase import EXTERNAL, postgres, query, recorded
from externalservices import BUCKET, ExternalServices
from worknamespace import work_namespace

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

type Body = dict[str, Any]
type Kubectl = Callable[..., str]

OPERATOR: Body = {"replicas": 1, "exclusive": False}
PRODUCTION, TEAM = "venture-production", "venture-team"
DECK = {
    "apiVersion": "venture.parpour.dev/v1alpha1",
    "kind": "ArtifactBuild",
    "spec": {
        "target": "Pptx",
        "source": {
            "inline": {
                "kind": "SlideSpec",
                "version": 1,
                "title": "Production",
                "slides": [{"type": "title", "title": "Production"}],
            }
        },
    },
}


@pytest.fixture(scope="module")
def namespaces(kubectl: Kubectl) -> Iterator[None]:
    for name in (EXTERNAL, PRODUCTION, TEAM):
        kubectl("create", "namespace", name)
        kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield
    kubectl("delete", "namespace", EXTERNAL, PRODUCTION, TEAM, "--timeout=180s")


@pytest.fixture(scope="module")
def images(kubectl: Kubectl) -> dict[str, str]:
    return development_images(kubectl)


@pytest.fixture(scope="module")
def services(
    kubectl: Kubectl,
    namespaces: None,
    images: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> ExternalServices:
    del namespaces
    authority = Authority(tmp_path_factory.mktemp("pki"))
    started = ExternalServices(kubectl, EXTERNAL, images, authority)
    started.start()
    for name, data in started.secrets().items():
        literals = [f"--from-literal={key}={value}" for key, value in data.items()]
        kubectl("--namespace", PRODUCTION, "create", "secret", "generic", name, *literals)
    return started


@pytest.fixture(scope="module")
def values(services: ExternalServices, images: dict[str, str]) -> Body:
    """Production values. Only three things bend to the cluster that the tests share.

    The definitions are there already, one namespace is served, not all of them, and every process
    has one replica: what stands by costs a start at each upgrade and does nothing here.
    """
    return services.values() | {
        "crds": {"install": False},
        "watchNamespaces": [TEAM],
        # The release of `make up` serves every namespace; it is paused while this one builds.
        "operator": OPERATOR,
        # The release of `make up` has registered it.
        "controlPlaneApi": {"replicas": 1, "apiService": False},
        "image": image_values(images["operator"]),
        "compiler": {"image": image_values(images["compiler"])},
        # One NATS server is all there is.
        "record": {
            "checkpoint": {"origin": "product.example.com/record"},
            "stream": {"replicas": 1, "maxBytes": 64 * 1024 * 1024},
            # By itself on a leap day only: a test starts it.
            "retention": {"months": 1, "schedule": "0 0 29 2 *"},
            "sequencer": {"replicas": 1},
            "relay": {"replicas": 1},
        },
    }


@pytest.fixture(scope="module")
def release(tools: Path, kubeconfig: Path, values: Body) -> Iterator[Release]:
    installed = Release(tools / "helm", kubeconfig, PRODUCTION)
    try:
        done = installed.upgrade(values)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Postgres, NATS, Redis and S3 answered." in done.stdout
        yield installed
    finally:
        installed.uninstall()


@pytest.fixture
def development_paused(kubectl: Kubectl) -> Iterator[None]:
    """Stop the release of `make up`, which serves every namespace, while another one is tried."""
    namespace, name = DEVELOPMENT
    scale = ("--namespace", namespace, "scale", "deployment", name)
    kubectl(*scale, "--replicas=0")
    component = "app.kubernetes.io/component=operator"
    kubectl(
        "--namespace", namespace, "wait", "--for=delete", "pod", "-l", component, "--timeout=90s"
    )
    yield
    kubectl(*scale, "--replicas=2")
    kubectl("--namespace", namespace, "rollout", "status", f"deployment/{name}", "--timeout=120s")


def test_the_release_holds_no_data_plane(kubectl: Kubectl, release: Release) -> None:
    pods = json.loads(kubectl("-n", release.namespace, "get", "pods", "-o", "json"))["items"]
    components = {one["metadata"]["labels"]["app.kubernetes.io/component"] for one in pods}
    assert components >= {"operator", "sequencer", "relay", "projector"}
    assert components.isdisjoint({"postgres", "nats", "valkey", "s3"})
    twice = {"webhooks", "policy-engine", "egress-proxy", "treasury-api"}
    assert len(pods) == len(components) + len(twice)
    claims = kubectl("-n", release.namespace, "get", "pvc,statefulsets,jobs", "-o", "name")
    assert claims == ""


@pytest.mark.usefixtures("release", "development_paused")
async def test_a_deck_is_built_into_the_external_s3(kubectl: Kubectl) -> None:
    deck = built(kubectl, "deck")
    assert_in_external_s3(kubectl, deck["status"]["artifact"])
    assert recorded(kubectl, deck["metadata"]["uid"]) == 4
    await delete(kubectl, deck)


def assert_in_external_s3(kubectl: Kubectl, artifact: Body) -> None:
    path = f"artifacts/sha256/{artifact['sha256']}/artifact"
    assert artifact["uri"] == f"s3://{BUCKET}/{path}"
    digest = kubectl("-n", EXTERNAL, "exec", "s3", "--", "sha256sum", f"/data/{BUCKET}/{path}")
    assert digest.split()[0] == artifact["sha256"]


def built(kubectl: Kubectl, name: str) -> Body:
    """Have the deck built under a name; return what came of it."""
    manifest = json.dumps(DECK | {"metadata": {"name": name}})
    kubectl("-n", TEAM, "create", "--filename", "-", stdin=manifest)
    ready = ("wait", "--for=condition=Ready", f"artifactbuild/{name}", "--timeout=90s")
    kubectl("-n", TEAM, *ready)
    body: Body = json.loads(kubectl("-n", TEAM, "get", "artifactbuild", name, "-o", "json"))
    return body


async def delete(kubectl: Kubectl, build: Body) -> None:
    """Delete a build, and wait until the record says so."""
    name, uid = build["metadata"]["name"], build["metadata"]["uid"]
    before = recorded(kubectl, uid)
    kubectl("-n", TEAM, "delete", "artifactbuild", name, "--timeout=60s")

    async def told() -> int:
        return recorded(kubectl, uid)

    await patiently(told, lambda events: events == before + 1)


@pytest.mark.usefixtures("release")
def test_its_rights_end_at_the_namespaces_it_serves(kubectl: Kubectl) -> None:
    account = f"--as=system:serviceaccount:{PRODUCTION}:venture"
    work = work_namespace(kubectl, PRODUCTION)
    rights = {
        ("list", "artifactbuilds"): {TEAM},
        ("get", "configmaps"): {TEAM},
        ("create", "jobs"): {work},
        ("list", "pods"): {work},
        # In the release's own, certificates of its services only: a policy sees to it.
        ("create", "secrets"): {work, PRODUCTION},
        ("list", "secrets"): set(),
        ("create", "pods"): set(),
        ("create", "networkpolicies"): set(),
    }
    for (verb, resource), allowed in rights.items():
        for namespace in (TEAM, work, PRODUCTION, "default", "kube-system"):
            can = ("-n", namespace, "auth", "can-i", verb, resource, account)
            kubectl(*can, fails=namespace not in allowed)


def test_an_upgrade_without_a_change_changes_nothing(
    kubectl: Kubectl, release: Release, values: Body
) -> None:
    kinds = "secrets,configmaps,deployments,replicasets,networkpolicies,services,roles"
    before = identities(kubectl, PRODUCTION, kinds)
    done = release.upgrade(values)
    assert done.returncode == 0, done.stdout + done.stderr
    assert identities(kubectl, PRODUCTION, kinds) == before


@pytest.mark.usefixtures("release")
def test_a_data_plane_that_does_not_answer_fails_the_release_with_a_sentence(
    kubectl: Kubectl, release: Release, values: Body, services: ExternalServices
) -> None:
    wrong = f"rediss://app:wrong-{services.password}@{services.host('redis')}/0"
    literal = f"--from-literal=url={wrong}"
    kubectl("-n", PRODUCTION, "create", "secret", "generic", "team-redis-wrong", literal)
    redis = values["redis"] | {"existingSecret": "team-redis-wrong"}
    done = release.upgrade(values | {"redis": redis})
    assert done.returncode != 0
    said = preflight_log(done)
    host = re.escape(services.host("redis"))
    assert re.search(rf"redis at {host}/0: FAILED after \d s: the login is refused\.", said), said
    assert "Check user and password in the Secret." in said
    assert services.password not in said


@pytest.mark.usefixtures("release")
def test_an_image_that_is_not_there_fails_the_release_with_a_sentence(
    release: Release, values: Body
) -> None:
    missing = values["compiler"]["image"] | {"tag": "missing"}
    short = {"preflight": {"deadlineSeconds": 15}}
    done = release.upgrade(values | short | {"compiler": {"image": missing}})
    assert done.returncode != 0
    said = preflight_log(done)
    reference = f"{missing['registry']}/{missing['repository']}:missing"
    assert f"the image of the compiler at {reference}: FAILED after" in said
    assert "no container of it has started. Check compiler.image" in said


@pytest.mark.usefixtures("release")
def test_an_authority_that_did_not_sign_fails_the_release_with_a_sentence(
    kubectl: Kubectl, release: Release, values: Body, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path).cert
    file = f"--from-file=authority.pem={stranger}"
    kubectl("-n", PRODUCTION, "create", "secret", "generic", "team-stranger", file)
    trusted = {"caSecret": {"name": "team-stranger", "key": "authority.pem"}}
    short = {"preflight": {"deadlineSeconds": 15}}
    endpoints = {name: values[name] | trusted for name in ("postgres", "nats", "redis", "s3")}
    done = release.upgrade(values | short | endpoints)
    kubectl("-n", PRODUCTION, "delete", "secret", "team-stranger")
    assert done.returncode != 0
    said = preflight_log(done)
    for name in endpoints:
        (line,) = re.findall(rf"^{name} at .*: FAILED.*$", said, re.MULTILINE)
        # The client of S3 tries for as long as it may, whatever it meets.
        assert "certificate" in line or (name == "s3" and "no answer in time" in line)


def preflight_log(done: subprocess.CompletedProcess[str]) -> str:
    """Return what helm says, with the log of its hook: helm escapes it, and cuts it every 4 KiB."""
    said = done.stdout + done.stderr
    return re.sub(r'"\nlevel=INFO msg="', "", said).replace("\\n", "\n")


@pytest.mark.usefixtures("release")
def test_a_secret_that_changed_restarts_who_reads_it_and_nobody_else(
    kubectl: Kubectl, release: Release, values: Body
) -> None:
    """After upgrades that failed, which left nothing in the way of this one."""
    before = templates(kubectl)
    change = {"stringData": {"note": "rotated"}}
    patch = ("patch", "secret", "team-nats", f"--patch={json.dumps(change)}")
    kubectl("-n", PRODUCTION, *patch)
    done = release.upgrade(values)
    assert done.returncode == 0, done.stdout + done.stderr
    after = templates(kubectl)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"venture-relay", "venture-projector", "venture-policy-engine"}


def templates(kubectl: Kubectl) -> dict[str, Body]:
    """Return the pod templates of the release: another one is another pod."""
    found = json.loads(kubectl("-n", PRODUCTION, "get", "deployments", "-o", "json"))
    return {each["metadata"]["name"]: each["spec"]["template"] for each in found["items"]}


def test_an_upgrade_with_a_change_rolls_the_operator_and_keeps_the_key(
    kubectl: Kubectl, release: Release, values: Body
) -> None:
    before = identities(kubectl, PRODUCTION, "secrets")
    done = release.upgrade(values | {"operator": OPERATOR | {"logLevel": "DEBUG"}})
    assert done.returncode == 0, done.stdout + done.stderr
    assert identities(kubectl, PRODUCTION, "secrets") == before
    deployment = kubectl("-n", PRODUCTION, "get", "deployment", "venture", "-o", "yaml")
    assert "DEBUG" in deployment


BACKED_UP = ("secret/venture-signing-key", "secret/venture-checkpoint-key")
PUBLIC_KEYS = "configmap/venture-signing-keys"


@pytest.mark.timeout(400)
async def test_a_backup_brings_back_what_an_uninstall_and_a_loss_took(
    kubectl: Kubectl,
    kubeconfig: Path,
    release: Release,
    values: Body,
    services: ExternalServices,
) -> None:
    """As docs/install.md says it: the database, then the bucket; the keys; everything is lost."""
    await patiently_signed(kubectl)
    events = set(query(kubectl, EVENTS).split())
    assert len(events) >= 4
    signed = int(query(kubectl, SIGNED))
    roles = postgres(kubectl, "pg_dumpall --globals-only --no-role-passwords")
    dump = postgres(kubectl, "pg_dump venture")
    objects = await services.objects(kubeconfig)
    keys = kubectl("-n", PRODUCTION, "get", *BACKED_UP, PUBLIC_KEYS, "-o", "json")

    release.uninstall()
    assert_left_as_the_docs_say(kubectl, services)
    kubectl("-n", PRODUCTION, "delete", *BACKED_UP, PUBLIC_KEYS)
    kubectl("-n", EXTERNAL, "delete", "pod", "postgres", "s3", "nats", "--grace-period=1")
    services.start()
    assert query(kubectl, "SELECT count(*) FROM pg_namespace WHERE nspname = 'record'") == "0"

    kubectl("-n", PRODUCTION, "create", "--filename", "-", stdin=without_identity(keys))
    await services.put_back(kubeconfig, objects)
    postgres(kubectl, "psql --quiet --dbname=postgres", stdin=roles)
    postgres(kubectl, "psql --quiet --set=ON_ERROR_STOP=1 --dbname=venture", stdin=dump)
    done = release.upgrade(values)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(query(kubectl, EVENTS).split()) >= events
    assert int(query(kubectl, SIGNED)) >= signed


EVENTS = "SELECT event_id FROM record.events"
SIGNED = "SELECT max(size) FROM record.checkpoints"


def assert_left_as_the_docs_say(kubectl: Kubectl, services: ExternalServices) -> None:
    """Check what an uninstall leaves, and that nothing is stuck."""
    kinds = "all,secrets,configmaps,networkpolicies,leases,serviceaccounts,roles,rolebindings,pdb"
    left = set(identities(kubectl, PRODUCTION, kinds))
    mine = {f"Secret/{name}" for name in services.secrets()}
    assert left - mine - {"Secret/team-redis-wrong"} == {
        "ConfigMap/kube-root-ca.crt",
        "ConfigMap/venture-signing-keys",
        "Lease/venture",
        "Secret/venture-checkpoint-key",
        "Secret/venture-founder-key",
        "Secret/venture-signing-key",
        "ServiceAccount/default",
    }
    cluster_wide = kubectl("get", "clusterroles,clusterrolebindings", "-o", "name")
    assert f"venture.{PRODUCTION}" not in cluster_wide
    assert kubectl("-n", TEAM, "get", "networkpolicies,jobs,configmaps", "-o", "name").split() == [
        "configmap/kube-root-ca.crt"
    ]


@pytest.mark.usefixtures("release", "development_paused")
async def test_what_came_back_goes_on_where_it_was(kubectl: Kubectl) -> None:
    """The cache has what was built before; the next checkpoint covers more."""
    signed = int(query(kubectl, SIGNED))
    new = built(kubectl, "new")
    assert new["status"]["cacheHit"] is True
    assert_in_external_s3(kubectl, new["status"]["artifact"])
    public = json.loads(kubectl("-n", PRODUCTION, "get", PUBLIC_KEYS, "-o", "json"))["data"]
    assert list(public) == [f"{new['status']['provenance']['keyId']}.pem"]
    await patiently_signed(kubectl)
    assert int(query(kubectl, SIGNED)) > signed
    await delete(kubectl, new)


AGE_EVERYTHING = """
SET ROLE venture_owner;
CREATE TABLE record.events_2025_03 PARTITION OF record.events
  FOR VALUES FROM ('2025-03-01 00:00Z') TO ('2025-04-01 00:00Z');
RESET ROLE;
SET session_replication_role = replica;
UPDATE record.events SET appended_at = '2025-03-09 12:00Z';
UPDATE record.event_ids SET appended_at = '2025-03-09 12:00Z';
UPDATE record.log_index SET appended_at = '2025-03-09 12:00Z';
"""


@pytest.mark.usefixtures("release")
async def test_a_month_past_the_retention_goes_to_the_external_s3(kubectl: Kubectl) -> None:
    """After events of builds, which are made to look old."""
    await patiently_signed(kubectl)
    events = int(query(kubectl, "SELECT count(*) FROM record.events"))
    assert events >= 4
    query(kubectl, AGE_EVERYTHING)
    job = ("--namespace", PRODUCTION, "create", "job", "archive", "--from=cronjob/venture-archiver")
    kubectl(*job)
    kubectl("-n", PRODUCTION, "wait", "--for=condition=Complete", "job/archive", "--timeout=120s")
    assert int(query(kubectl, "SELECT count(*) FROM record.events")) >= events
    kubectl(*job[:4], "confirm", "--from=cronjob/venture-confirmer")
    kubectl("-n", PRODUCTION, "wait", "--for=condition=Complete", "job/confirm", "--timeout=120s")
    assert query(kubectl, "SELECT count(*) FROM record.events") == "0"
    archived = "SELECT events || ' ' || uri || ' ' || encode(sha256, 'hex') FROM record.archives"
    count, uri, sha256 = query(kubectl, archived).split()
    assert int(count) == events
    path = uri.removeprefix("s3://")
    assert path == f"{BUCKET}/archive/events/events_2025_03-{sha256}.tar"
    digest = kubectl("-n", EXTERNAL, "exec", "s3", "--", "sha256sum", f"/data/{path}")
    assert digest.split()[0] == sha256
    for job in ("archive", "confirm"):
        kubectl("-n", PRODUCTION, "delete", "job", job, "--cascade=foreground", "--timeout=60s")


UNSIGNED = """
SELECT (SELECT count(*) FROM record.events e WHERE NOT EXISTS (
    SELECT FROM record.log_index l WHERE l.workflow_id = e.workflow_id AND l.seq = e.seq))
  + (SELECT max(log_index) + 1 FROM record.log_index) - (SELECT max(size) FROM record.checkpoints)
"""


async def patiently_signed(kubectl: Kubectl) -> None:
    """Wait until a checkpoint covers every event that there is."""

    async def left() -> str:
        return query(kubectl, UNSIGNED)

    await patiently(left, lambda count: count == "0", within_seconds=60)


def without_identity(listed: str) -> str:
    """Return objects as they can be created again."""
    bodies = json.loads(listed)["items"]
    for body in bodies:
        metadata = body["metadata"]
        kept = {key: metadata[key] for key in ("name", "labels", "annotations") if key in metadata}
        body["metadata"] = kept
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies})
