"""Which values the chart takes, and how it refuses the others."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from surroundings import CHART, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type Json = dict[str, Any]
type Template = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def schema() -> Json:
    loaded: Json = json.loads((CHART / "values.schema.json").read_text())
    return loaded


def refusal(rendered: subprocess.CompletedProcess[str]) -> str:
    assert rendered.returncode != 0, "helm took these values"
    return rendered.stderr


def test_bare_values_are_refused_with_everything_that_is_to_be_set(helm_template: Template) -> None:
    message = refusal(helm_template())
    for sentence in (
        "Set global.imageRegistry (or image.registry) to the registry that holds venture.",
        "Set migration.existingSecret to a Secret whose key",
        "Set postgres.address (host:port/database), and the logins of all programs are made",
        "Set nats.existingSecret to a Secret whose key",
        "Set redis.existingSecret to a Secret whose key",
        "Set s3.endpoint to the URL of an S3 endpoint.",
        "Set s3.bucket to a bucket that exists.",
        "Set s3.existingSecret to a Secret with the keys",
        "Set s3.egress to the NetworkPolicyEgressRules that lead to S3",
        "values-dev.yaml",
    ):
        assert sentence in message


@pytest.mark.parametrize(
    ("sets", "sentence"),
    [
        (('migration.url="mysql://db.test/x"',), "Set migration.url to a URL of the Postgres"),
        (('migration.existingSecret="other"',), "Set migration.url or migration.existingSecret"),
        (('postgres.address="postgresql://u:p@db/x"',), "Set postgres.address to host:port/data"),
        (('postgres.address=""',), "or set postgres.logins.relay.existingSecret"),
        (('nats.logins={"teapot": {"existingSecret": "x"}}',), "nats.logins.teapot: no program"),
        (('nats.url="http://nats.test"',), "Set nats.url to a URL of NATS"),
        (('redis.url="memcached://redis.test"',), "Set redis.url to a URL of Redis"),
        (('record.checkpoint.origin=""',), "Set record.checkpoint.origin to the name of your log"),
        (('record.checkpoint.furtherKeys=["old"]',), "Set record.checkpoint.existingSecret to"),
        (('redis.existingSecret="other"',), "Set redis.url or redis.existingSecret, not both."),
        (('s3.endpoint="https://user:pass@s3.test"',), "URL without user and password"),
        (("dataPlane.enabled=true",), "brings its own S3"),
        (("serviceAccount.create=false",), "Set serviceAccount.name"),
        (("record.sequencer.replicas=0",), "Set record.sequencer.replicas to 1 or more"),
        (("record.relay.replicas=0",), "Set record.relay.replicas to 1 or more"),
    ],
)
def test_contradictions_are_named(
    helm_template: Template, sets: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refusal(helm_template("ci/namespaced.yaml", sets=sets))


def test_a_development_release_may_go_without_the_record_s_processes(
    helm_template: Template,
) -> None:
    none = ("record.sequencer.replicas=0", "record.relay.replicas=0")
    assert helm_template("ci/dev.yaml", sets=none).returncode == 0


def test_a_refused_url_is_not_repeated(helm_template: Template) -> None:
    for sets in (
        'migration.url="mysql://u:hunter2@db.test"',
        'postgres.address="u:hunter2@db.test/x"',
        's3.endpoint="ftp://u:hunter2@s3"',
    ):
        assert "hunter2" not in refusal(helm_template("ci/namespaced.yaml", sets=(sets,)))


@pytest.mark.parametrize(
    ("assignment", "where"),
    [
        ("operator.replicas=-1", "/operator/replicas"),
        ('operator.replicas="two"', "/operator/replicas"),
        ('operator.logLevel="LOUD"', "/operator/logLevel"),
        ("operator.resources.limits.memory=null", "/operator/resources/limits"),
        ('operator.resources.limits.memory="much"', "/operator/resources/limits/memory"),
        ('image.digest="sha256:short"', "/image/digest"),
        ('image.pullPolicy="Sometimes"', "/image/pullPolicy"),
        ('watchNamespaces=["Team_A"]', "/watchNamespaces/0"),
        ('watchNamespaces=["a", "a"]', "/watchNamespaces"),
        ("s3.egress=[]", "/s3/egress"),
        ('s3.egress=[{"too": []}]', "/s3/egress/0"),
        ('s3.egress=[{"to": [{"ipBlock": {"cidr": "anywhere"}}]}]', "/s3/egress/0/to/0/ipBlock"),
        ('s3.bucket="UPPER"', "/s3/bucket"),
        ("networkPolicy.dnsEgress=[]", "/networkPolicy/dnsEgress"),
        ('record.checkpoint.origin="two words"', "/record/checkpoint/origin"),
        ("record.stream.replicas=2", "/record/stream/replicas"),
        ("record.stream.maxBytes=1024", "/record/stream/maxBytes"),
        ("record.relay.replicas=-1", "/record/relay/replicas"),
        ("migration.deadlineSeconds=0", "/migration/deadlineSeconds"),
        ("preflight.deadlineSeconds=0", "/preflight/deadlineSeconds"),
        ('dataPlane.postgres.size="big"', "/dataPlane/postgres/size"),
        ('extraObjects=[{"kind": "ConfigMap"}]', "/extraObjects/0"),
        ('global.tolerations=[{"operator": "Perhaps"}]', "/global/tolerations/0/operator"),
        ("unknown=1", "'unknown'"),
        ("operator.replica=1", "'replica'"),
    ],
)
def test_the_schema_says_where_a_value_does_not_fit(
    helm_template: Template, assignment: str, where: str
) -> None:
    message = refusal(helm_template("ci/namespaced.yaml", sets=(assignment,)))
    assert "don't meet the specifications" in message
    assert where in message


def test_every_example_fits_the_schema(schema: Json) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    base = yaml.safe_load((CHART / "values.yaml").read_text())
    jsonschema.Draft202012Validator(schema).validate(base)


def leaves(values: Any, schema: Json, root: Json, path: str = "") -> Iterator[str]:
    """Walk values and schema together; yield where one has a key that the other has not."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if not isinstance(values, dict) or "properties" not in schema:
        return
    assert schema["additionalProperties"] is False, path
    if values.keys() != schema["properties"].keys():
        yield f"{path}: {sorted(values.keys() ^ schema['properties'].keys())}"
    for key, value in values.items():
        if key in schema["properties"]:
            yield from leaves(value, schema["properties"][key], root, f"{path}/{key}")


def test_values_and_schema_name_the_same_keys(schema: Json) -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert list(leaves(values, schema, schema)) == []


def test_the_readme_describes_the_values_as_they_are() -> None:
    command = [sys.executable, str(REPOSITORY / "hack" / "chart_readme.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_every_value_is_described() -> None:
    readme = (CHART / "README.md").read_text()
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    described = {line.split("`")[1] for line in readme.splitlines() if line.startswith("| `")}

    def undescribed(node: Json, path: tuple[str, ...]) -> Iterator[str]:
        for key, value in node.items():
            name = ".".join((*path, key))
            if name in described:
                continue
            if isinstance(value, dict) and value:
                yield from undescribed(value, (*path, key))
            else:
                yield name

    assert list(undescribed(values, ())) == []
