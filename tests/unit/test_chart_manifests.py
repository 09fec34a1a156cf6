"""What the chart renders, over every example of values."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import yaml
from venture_crds.generator.files import chart_kinds
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic_settings import BaseSettings

REPOSITORY = Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "charts" / "venture"
EXAMPLES = sorted(f"ci/{file.name}" for file in (CHART / "ci").glob("*.yaml"))

WORK = "venture-work-e0c3cd41"
"""What `venture` in `venture-system` calls it."""
SOURCES = "VENTURE_SETTING_SOURCES"
"""What the reading of settings itself takes: where each comes from."""

MORE = ("orders", "rules")
"""Kinds that a test adds."""

type Json = dict[str, Any]
type Render = Callable[..., list[Json]]


@pytest.fixture(params=EXAMPLES)
def manifests(request: pytest.FixtureRequest, render_chart: Render) -> list[Json]:
    return render_chart(request.param)


def of_kind(manifests: list[Json], *kinds: str) -> list[Json]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def named(manifests: list[Json], kind: str, name: str, namespace: str | None = None) -> Json:
    (found,) = [
        one
        for one in of_kind(manifests, kind)
        if one["metadata"]["name"] == name and namespace in {None, one["metadata"].get("namespace")}
    ]
    return found


def work_namespace(manifests: list[Json]) -> str:
    return str(operator_env(manifests)["VENTURE_WORK_NAMESPACE"]["value"])


def workloads(manifests: list[Json]) -> list[Json]:
    scheduled = of_kind(manifests, "CronJob")
    jobs = [{**each["spec"]["jobTemplate"], **_named_as(each)} for each in scheduled]
    return [*of_kind(manifests, "Deployment", "StatefulSet", "Job"), *jobs]


def _named_as(cron_job: Json) -> Json:
    return {"kind": "Job", "metadata": cron_job["metadata"]}


def containers(manifests: list[Json]) -> Iterator[tuple[str, Json]]:
    for workload in workloads(manifests):
        pod = workload["spec"]["template"]["spec"]
        for container in pod.get("initContainers", []) + pod["containers"]:
            yield f"{workload['metadata']['name']}/{container['name']}", container


def operator_env(manifests: list[Json]) -> dict[str, Json]:
    (container,) = [one for name, one in containers(manifests) if name == "venture/operator"]
    return {variable["name"]: variable for variable in container["env"]}


def test_examples_cover_development_production_and_namespaces() -> None:
    assert EXAMPLES == ["ci/dev.yaml", "ci/namespaced.yaml", "ci/production.yaml"]


def test_the_development_example_is_what_values_dev_turns_on(render_chart: Render) -> None:
    def shape(values: str) -> set[tuple[str, str]]:
        rendered = render_chart(values)
        return {(one["kind"], one["metadata"]["name"]) for one in rendered}

    assert shape("ci/dev.yaml") == shape("values-dev.yaml")


def test_every_pod_is_restricted(manifests: list[Json]) -> None:
    for workload in workloads(manifests):
        pod = workload["spec"]["template"]["spec"]
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == 65532
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        for forbidden in ("hostNetwork", "hostPID", "hostIPC"):
            assert forbidden not in pod
        for volume in pod.get("volumes", []):
            assert volume.keys() - {"name"} <= {"secret", "configMap", "emptyDir", "projected"}


def test_every_container_is_restricted_and_bounded(manifests: list[Json]) -> None:
    for name, container in containers(manifests):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        for resource in ("cpu", "memory"):
            assert container["resources"]["limits"][resource], name
            assert container["resources"]["requests"][resource], name


def test_every_long_running_container_is_probed(manifests: list[Json]) -> None:
    for workload in of_kind(manifests, "Deployment", "StatefulSet"):
        for container in workload["spec"]["template"]["spec"]["containers"]:
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                assert probe in container, (workload["metadata"]["name"], probe)


def test_only_the_operator_has_a_token(manifests: list[Json]) -> None:
    for workload in workloads(manifests):
        pod = workload["spec"]["template"]["spec"]
        if workload["metadata"]["name"] == "venture":
            assert pod["serviceAccountName"] == "venture"
        else:
            assert pod["automountServiceAccountToken"] is False
            assert "serviceAccountName" not in pod


SECRET_VARIABLES = re.compile("_URL$|ACCESS_KEY|SECRET_KEY|PASSWORD$|AUTH$")


def test_no_secret_stands_in_a_manifest_other_than_a_secret(manifests: list[Json]) -> None:
    secret_values = {
        str(value)
        for secret in of_kind(manifests, "Secret")
        for value in (secret.get("stringData", {}) | secret.get("data", {})).values()
    }
    others = [one for one in manifests if one["kind"] != "Secret"]
    text = yaml.safe_dump_all(others, width=10**6)
    assert not [value for value in secret_values if value.strip() in text]
    for name, container in containers(manifests):
        for variable in container.get("env", []):
            if SECRET_VARIABLES.search(variable["name"]):
                assert "secretKeyRef" in variable.get("valueFrom", {}), (name, variable["name"])


def matches(selector: Json, labels: Json) -> bool:
    assert selector.keys() <= {"matchLabels"}
    return bool(selector.get("matchLabels", {}).items() <= labels.items())


def policies_of(manifests: list[Json], namespace: str) -> list[Json]:
    found = of_kind(manifests, "NetworkPolicy")
    return [each for each in found if each["metadata"]["namespace"] == namespace]


def test_one_network_policy_covers_each_pod_both_ways(manifests: list[Json]) -> None:
    policies = policies_of(manifests, "venture-system")
    for workload in workloads(manifests):
        labels = workload["spec"]["template"]["metadata"]["labels"]
        covering = [one for one in policies if matches(one["spec"]["podSelector"], labels)]
        assert len(covering) == 1, workload["metadata"]["name"]
        assert sorted(covering[0]["spec"]["policyTypes"]) == ["Egress", "Ingress"]
    assert len(policies) == len(workloads(manifests))


def test_services_and_budgets_select_pods_of_the_release(manifests: list[Json]) -> None:
    pods = [one["spec"]["template"]["metadata"]["labels"] for one in workloads(manifests)]
    for service in of_kind(manifests, "Service"):
        assert [one for one in pods if service["spec"]["selector"].items() <= one.items()]
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        assert [one for one in pods if matches(budget["spec"]["selector"], one)]


def rules(role: Json) -> set[tuple[str, str, str, str]]:
    return {
        (group, resource, name, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", ["*"])
        for verb in rule["verbs"]
    }


def allowed(group: str, resource: str, *verbs: str, name: str = "*") -> set[tuple[str, ...]]:
    return {(group, resource, name, verb) for verb in verbs}


def test_the_operator_may_do_this_and_nothing_else(manifests: list[Json]) -> None:
    group = "venture.parpour.dev"
    role = named(manifests, "ClusterRole", "venture.venture-system")
    assert rules(role) == (
        allowed(group, "artifactbuilds", "get", "list", "watch", "delete")
        | allowed(group, "artifactbuilds/status", "get", "patch")
        | allowed("", "configmaps", "get")
        | allowed("", "events", "create")
    )
    assert rules(named(manifests, "Role", "venture", work_namespace(manifests))) == (
        allowed("batch", "jobs", "get", "list", "watch", "create", "delete")
        | allowed("", "secrets", "get", "create", "delete")
        | allowed("", "pods", "get", "list", "watch")
        | allowed("", "events", "list")
    )
    assert rules(named(manifests, "Role", "venture", "venture-system")) == (
        allowed("coordination.k8s.io", "leases", "create")
        | allowed("coordination.k8s.io", "leases", "get", "update", name="venture")
        | allowed("", "configmaps", "create")
        | allowed("", "configmaps", "get", "update", "patch", name="venture-signing-keys")
    )


@pytest.fixture
def roles_of_more_kinds(tools: Path, tmp_path: Path) -> list[Json]:
    """The roles of a chart with one kind more that `edit` may change, and one that it may not."""

    class Order(ArtifactBuild):
        kind_info: ClassVar = replace(
            ArtifactBuild.kind_info, plural="orders", operator=("create", "patch")
        )

    class Rule(ArtifactBuild):
        kind_info: ClassVar = replace(
            ArtifactBuild.kind_info, plural="rules", operator=(), edit=False
        )

    chart = shutil.copytree(CHART, tmp_path / "venture")
    (chart / "templates/_kinds.tpl").write_text(chart_kinds([ArtifactBuild, Order, Rule]))
    command = [str(tools / "helm"), "template", "venture", str(chart)]
    command += ["--namespace=venture-system", f"--values={CHART / 'ci/production.yaml'}"]
    command += ["--show-only=templates/operator/rbac.yaml"]
    command += ["--show-only=templates/operator/aggregate.yaml"]
    rendered = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [document for document in yaml.safe_load_all(rendered.stdout) if document]


def test_roles_follow_from_the_kinds(roles_of_more_kinds: list[Json]) -> None:
    """What `edit` may not change has a role of its own, which is a part of no other."""
    group, read = "venture.parpour.dev", ("get", "list", "watch")
    change = (*read, "create", "update", "patch", "delete", "deletecollection")
    operator = named(roles_of_more_kinds, "ClusterRole", "venture.venture-system")
    assert {rule for rule in rules(operator) if rule[0] == group} == (
        allowed(group, "artifactbuilds", *read, "delete")
        | allowed(group, "orders", *read, "create", "patch")
        | allowed(group, "rules", *read)
    ).union(
        *(allowed(group, f"{one}/status", "get", "patch") for one in ("artifactbuilds", *MORE)),
    )
    edit = named(roles_of_more_kinds, "ClusterRole", "venture.venture-system.edit")
    assert rules(edit) == set().union(
        *(allowed(group, one, *change) for one in ("artifactbuilds", "orders")),
        *(allowed(group, f"{one}/status", "get") for one in ("artifactbuilds", "orders")),
    )
    view = named(roles_of_more_kinds, "ClusterRole", "venture.venture-system.view")
    assert rules(view) == set().union(
        *(allowed(group, one, *read) for one in ("artifactbuilds", *MORE)),
        *(allowed(group, f"{one}/status", *read) for one in ("artifactbuilds", *MORE)),
    )
    own = named(roles_of_more_kinds, "ClusterRole", "venture.venture-system.rules")
    assert rules(own) == allowed(group, "rules", *change) | allowed(group, "rules/status", "get")
    assert not [label for label in own["metadata"]["labels"] if "aggregate-to" in label]


def bindings(manifests: list[Json]) -> set[tuple[str, str | None, str]]:
    found = of_kind(manifests, "RoleBinding", "ClusterRoleBinding")
    for binding in found:
        (subject,) = binding["subjects"]
        assert subject == {
            "kind": "ServiceAccount",
            "name": "venture",
            "namespace": "venture-system",
        }
    return {
        (one["kind"], one["metadata"].get("namespace"), one["roleRef"]["name"]) for one in found
    }


def test_by_default_the_operator_serves_every_namespace(render_chart: Render) -> None:
    assert bindings(render_chart("ci/production.yaml")) == {
        ("ClusterRoleBinding", None, "venture.venture-system"),
        ("RoleBinding", WORK, "venture"),
        ("RoleBinding", "venture-system", "venture"),
    }


def test_named_namespaces_narrow_the_rights_to_them(render_chart: Render) -> None:
    manifests = render_chart("ci/namespaced.yaml")
    assert bindings(manifests) == {
        ("RoleBinding", "team-a", "venture.venture-system"),
        ("RoleBinding", "team-b", "venture.venture-system"),
        ("RoleBinding", "team-jobs", "venture"),
        ("RoleBinding", "venture-system", "venture"),
    }
    watched = operator_env(manifests)["VENTURE_WATCH_NAMESPACES"]["value"]
    assert json.loads(watched) == ["team-a", "team-b"]


def test_cluster_wide_names_tell_releases_apart(manifests: list[Json]) -> None:
    for manifest in manifests:
        if manifest["kind"] in {"ClusterRole", "ClusterRoleBinding"}:
            assert manifest["metadata"]["name"].startswith("venture.venture-system")
        elif manifest["kind"] not in {"CustomResourceDefinition", "Namespace"}:
            assert manifest["metadata"]["namespace"]


def test_the_work_namespace_is_restricted_and_closed(render_chart: Render) -> None:
    manifests = render_chart("ci/production.yaml")
    namespace = named(manifests, "Namespace", WORK)
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    closed = named(manifests, "NetworkPolicy", "venture-closed")
    assert closed["metadata"]["namespace"] == WORK
    types = ["Ingress", "Egress"]
    assert closed["spec"] == {"podSelector": {}, "policyTypes": types, "ingress": [], "egress": []}


def test_equal_release_names_have_work_namespaces_of_their_own(render_chart: Render) -> None:
    """The full name is the same; the digest is that of the release's namespace with it."""
    digest = hashlib.sha256(b"venture-system/venture").hexdigest()[:8]
    assert work_namespace(render_chart("ci/production.yaml")) == f"venture-work-{digest}"


def test_a_work_namespace_of_ones_own_is_not_made(render_chart: Render) -> None:
    manifests = render_chart("ci/namespaced.yaml")
    assert of_kind(manifests, "Namespace") == []
    assert operator_env(manifests)["VENTURE_WORK_NAMESPACE"]["value"] == "team-jobs"


def test_compile_jobs_reach_s3_and_dns_only(render_chart: Render) -> None:
    dns = {
        "to": [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
        ],
        "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
    }

    def egress(values: str) -> list[Json]:
        policy = named(render_chart(values), "NetworkPolicy", "venture-compile")
        assert policy["metadata"]["namespace"] == WORK
        assert policy["spec"]["ingress"] == []
        rules: list[Json] = policy["spec"]["egress"]
        return rules

    s3 = named(render_chart("ci/dev.yaml"), "StatefulSet", "venture-s3")
    namespace = {"matchLabels": {"kubernetes.io/metadata.name": "venture-system"}}
    development = {
        "to": [{"namespaceSelector": namespace, "podSelector": s3["spec"]["selector"]}],
        "ports": [{"protocol": "TCP", "port": 7070}],
    }
    assert egress("ci/dev.yaml") == [development, dns]
    production = {
        "to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}],
        "ports": [{"protocol": "TCP", "port": 443}],
    }
    assert egress("ci/production.yaml") == [production, dns]


def test_s3_in_development_admits_those_who_use_it_and_compile_jobs(
    render_chart: Render,
) -> None:
    policy = named(render_chart("ci/dev.yaml"), "NetworkPolicy", "venture-s3")
    (rule,) = policy["spec"]["ingress"]
    *ours, compile_jobs = rule["from"]
    component = "app.kubernetes.io/component"
    admitted = [each["podSelector"]["matchLabels"][component] for each in ours]
    assert admitted == ["operator", "preflight", "sequencer", "relay"]
    assert compile_jobs == {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": WORK}},
        "podSelector": {
            "matchLabels": {
                "app.kubernetes.io/managed-by": "venture",
                "venture.parpour.dev/job": "compile",
            }
        },
    }


def test_the_data_plane_calls_nobody(render_chart: Render) -> None:
    policies = of_kind(render_chart("ci/dev.yaml"), "NetworkPolicy")
    for name in ("venture-postgres", "venture-nats", "venture-valkey", "venture-s3"):
        (policy,) = [one for one in policies if one["metadata"]["name"] == name]
        assert "egress" not in policy["spec"]
        assert len(policy["spec"]["ingress"]) == 1


def images(manifests: list[Json]) -> dict[str, str]:
    found = {name: container["image"] for name, container in containers(manifests)}
    found["compile Job"] = operator_env(manifests)["VENTURE_COMPILER_IMAGE"]["value"]
    return found


def test_one_registry_serves_every_image(render_chart: Render) -> None:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    mirrored = render_chart("ci/dev.yaml", sets=('global.imageRegistry="mirror.test:5000/x"',))
    for image in images(mirrored).values():
        assert re.fullmatch(rf"mirror\.test:5000/x/venture[a-z-]*:{re.escape(version)}", image)


def test_each_image_can_be_set_by_itself(render_chart: Render) -> None:
    paths = {
        "venture/operator": "image",
        "compile Job": "compiler.image",
        "venture-postgres/postgres": "dataPlane.postgres.image",
        "venture-nats/nats": "dataPlane.nats.image",
        "venture-valkey/valkey": "dataPlane.valkey.image",
        "venture-s3/s3": "dataPlane.s3.image",
    }
    digest = "sha256:" + "a" * 64
    for container, path in paths.items():
        own = '{"registry": "own.test", "repository": "other/image", "tag": "v2", "digest": "%s"}'
        by_tag = render_chart("ci/dev.yaml", sets=(f"{path}={own % ''}",))
        assert images(by_tag)[container] == "own.test/other/image:v2"
        by_digest = render_chart("ci/dev.yaml", sets=(f"{path}={own % digest}",))
        assert images(by_digest)[container] == f"own.test/other/image@{digest}"
        changed = images(by_tag).items() - images(render_chart("ci/dev.yaml")).items()
        assert all(image == "own.test/other/image:v2" for _, image in changed)


def test_pull_secrets_and_scheduling_reach_every_pod_and_the_jobs(render_chart: Render) -> None:
    toleration = {"key": "dedicated", "operator": "Exists"}
    manifests = render_chart(
        "ci/dev.yaml",
        sets=(
            'global={"imageRegistry": "r.test", "imagePullSecrets": [{"name": "pull"}]}',
            'global.nodeSelector={"disk": "fast"}',
            f"global.tolerations=[{json.dumps(toleration)}]",
        ),
    )
    for workload in workloads(manifests):
        pod = workload["spec"]["template"]["spec"]
        assert pod["imagePullSecrets"] == [{"name": "pull"}]
        assert pod["nodeSelector"] == {"disk": "fast"}
        assert pod["tolerations"] == [toleration]
    env = operator_env(manifests)
    assert json.loads(env["VENTURE_COMPILER_IMAGE_PULL_SECRETS"]["value"]) == ["pull"]
    assert json.loads(env["VENTURE_COMPILER_SCHEDULING"]["value"]) == {
        "nodeSelector": {"disk": "fast"},
        "tolerations": [toleration],
    }


def test_the_operator_gets_every_setting_it_requires(manifests: list[Json]) -> None:
    from venture_operator.settings import OperatorSettings

    env = operator_env(manifests)
    for name, field in OperatorSettings.model_fields.items():
        if field.is_required():
            assert str(field.validation_alias or f"VENTURE_{name.upper()}") in env
    known = {
        str(field.validation_alias or f"VENTURE_{name.upper()}")
        for name, field in OperatorSettings.model_fields.items()
    }
    assert env.keys() - {SOURCES} <= known


def from_a_secret(variable: Json) -> str:
    """Return what a Secret might hold for a setting."""
    schemes = {"VENTURE_POSTGRES_URL": "postgresql", "VENTURE_NATS_URL": "nats"}
    scheme = schemes.get(variable["name"])
    return f"{scheme}://from.elsewhere" if scheme else "from elsewhere"


def record_processes() -> list[tuple[str, type[BaseSettings]]]:
    from venture_record.settings import ProjectorSettings, RelaySettings, SequencerSettings

    return [
        ("sequencer", SequencerSettings),
        ("relay", RelaySettings),
        ("projector", ProjectorSettings),
    ]


def test_the_record_s_processes_get_every_setting_they_require(manifests: list[Json]) -> None:
    for component, settings in record_processes():
        (container,) = [
            one for name, one in containers(manifests) if name == f"venture-{component}/{component}"
        ]
        given = {variable["name"] for variable in container["env"]}
        fields = settings.model_fields
        required = {f"VENTURE_{name.upper()}" for name in fields if fields[name].is_required()}
        assert required <= given - {SOURCES} <= {f"VENTURE_{name.upper()}" for name in fields}


def test_the_record_s_processes_take_the_settings(
    manifests: list[Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in the manifest is what the process can read, but for what Secrets hold."""
    for component, settings in record_processes():
        deployment = named(manifests, "Deployment", f"venture-{component}")
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        for variable in container["env"]:
            if variable["name"].endswith("_CA_FILE"):
                continue  # there in the pod only
            monkeypatch.setenv(variable["name"], variable.get("value", from_a_secret(variable)))
        settings()


def test_checkpoint_keys_of_a_rotation_are_mounted(render_chart: Render) -> None:
    deployment = named(render_chart("ci/production.yaml"), "Deployment", "venture-sequencer")
    pod = deployment["spec"]["template"]["spec"]
    env = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
    assert env["VENTURE_CHECKPOINT_ORIGIN"] == "venture.example.com/record"
    assert env["VENTURE_CHECKPOINT_KEY_FILE"] == "/etc/venture/keys/key-2.pem"
    further = json.loads(env["VENTURE_CHECKPOINT_FURTHER_KEY_FILES"] or "")
    assert further == ["/etc/venture/keys/key-1.pem"]
    secrets = [volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume]
    assert secrets == ["venture-checkpoints", "venture-db-ca"]


def test_the_projector_never_runs_twice(manifests: list[Json]) -> None:
    spec = named(manifests, "Deployment", "venture-projector")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_the_preflight_gets_every_setting_it_requires(manifests: list[Json]) -> None:
    from venture_core.preflight.settings import PreflightSettings

    (container,) = [one for name, one in containers(manifests) if name.endswith("/preflight")]
    given = {variable["name"] for variable in container["env"]}
    fields = PreflightSettings.model_fields
    required = {f"VENTURE_{name.upper()}" for name in fields if fields[name].is_required()}
    keys = {"VENTURE_S3_ACCESS_KEY_ID", "VENTURE_S3_SECRET_ACCESS_KEY"}
    known = {f"VENTURE_{name.upper()}" for name in fields}
    assert required | keys <= given - {SOURCES} <= known


@pytest.mark.parametrize("program", ["archiver", "confirmer"])
def test_both_halves_come_with_a_retention_and_get_their_settings(
    program: str, render_chart: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    from venture_record.settings import ArchiverSettings

    assert of_kind(render_chart("ci/dev.yaml"), "CronJob") == []
    manifests = render_chart("ci/dev.yaml", sets=("record.retention.months=3",))
    named(manifests, "CronJob", f"venture-{program}")
    (container,) = [one for name, one in containers(manifests) if name.endswith(f"/{program}")]
    given = {variable["name"] for variable in container["env"]}
    known = {f"VENTURE_{name.upper()}" for name in ArchiverSettings.model_fields}
    assert given - {SOURCES} <= known
    for variable in container["env"]:
        monkeypatch.setenv(variable["name"], variable.get("value", from_a_secret(variable)))
    assert ArchiverSettings().retention_months == 3
    for endpoint, port in (("postgres", 5432), ("s3", 7070)):
        (rule,) = named(manifests, "NetworkPolicy", f"venture-{endpoint}")["spec"]["ingress"]
        labels = [peer["podSelector"]["matchLabels"] for peer in rule["from"]]
        assert program in {each.get(COMPONENT) for each in labels}
        assert program in components_that_reach(manifests, port)


HELM_TIMEOUT_SECONDS = 300


def test_the_preflight_ends_before_helm_gives_up(manifests: list[Json]) -> None:
    job = named(manifests, "Job", "venture-preflight")
    assert job["spec"]["activeDeadlineSeconds"] <= HELM_TIMEOUT_SECONDS
    (container,) = job["spec"]["template"]["spec"]["containers"]
    env = {variable["name"]: variable.get("value") for variable in container["env"]}
    deadline = float(env["VENTURE_PREFLIGHT_DEADLINE_SECONDS"] or 0)
    assert deadline < job["spec"]["activeDeadlineSeconds"]


def hooks(manifests: list[Json], name: str) -> set[str]:
    return {
        one["metadata"]["annotations"]["helm.sh/hook"]
        for one in manifests
        if one["metadata"]["name"] == name
    }


def weight(manifests: list[Json], kind: str, name: str) -> int:
    return int(named(manifests, kind, name)["metadata"]["annotations"]["helm.sh/hook-weight"])


def test_what_is_wrong_outside_is_found_before_anything_starts(render_chart: Render) -> None:
    """Preflight, then migration, then the release: nothing waits for what cannot come."""
    for example in ("ci/production.yaml", "ci/namespaced.yaml"):
        manifests = render_chart(example)
        for name in ("venture-preflight", "venture-migrate"):
            assert hooks(manifests, name) == {"pre-install,pre-upgrade"}
        weights = [
            weight(manifests, "NetworkPolicy", "venture-preflight"),
            weight(manifests, "Job", "venture-preflight"),
            weight(manifests, "NetworkPolicy", "venture-migrate"),
            weight(manifests, "Job", "venture-migrate"),
        ]
        assert weights == sorted(set(weights))
    # The development data plane is part of the release: it has to be there first.
    manifests = render_chart("ci/dev.yaml")
    assert hooks(manifests, "venture-migrate") == {"post-install,pre-upgrade"}
    assert hooks(manifests, "venture-preflight") == {"post-install,post-upgrade"}
    job = named(manifests, "Job", "venture-migrate")
    assert job["spec"]["activeDeadlineSeconds"] < HELM_TIMEOUT_SECONDS
    assert weight(manifests, "Job", "venture-migrate") < weight(
        manifests, "Job", "venture-preflight"
    )


def test_what_runs_before_the_release_needs_nothing_of_it(render_chart: Render) -> None:
    """Secrets of the release are not there yet: hooks have their own, or the user's."""
    manifests = render_chart("ci/namespaced.yaml")
    hook_secrets = {
        one["metadata"]["name"]
        for one in of_kind(manifests, "Secret")
        if "helm.sh/hook" in one["metadata"].get("annotations", {})
    }
    released = {one["metadata"]["name"] for one in of_kind(manifests, "Secret")} - hook_secrets
    for name in ("venture-preflight", "venture-migrate"):
        pod = named(manifests, "Job", name)["spec"]["template"]["spec"]
        text = json.dumps(pod)
        used = set(re.findall(r'"(?:name|secretName)": "(venture-[a-z-]+)"', text))
        assert not used & released


def test_the_migration_gets_the_settings_that_it_knows(
    manifests: list[Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    from venture_core.record.migrate import MigrateSettings

    (container,) = [one for name, one in containers(manifests) if name.endswith("/migrate")]
    given = {variable["name"] for variable in container["env"]}
    known = {f"VENTURE_{name.upper()}" for name in MigrateSettings.model_fields}
    assert {"VENTURE_POSTGRES_URL", "VENTURE_LOGINS"} <= given <= known
    for variable in container["env"]:
        if not variable["name"].endswith("_CA_FILE"):
            monkeypatch.setenv(variable["name"], variable.get("value", from_a_secret(variable)))
    assert "venture_relay" in MigrateSettings().logins["relay"].roles


def test_the_migration_has_a_login_of_its_own(render_chart: Render) -> None:
    manifests = render_chart("ci/production.yaml")
    (container,) = [one for name, one in containers(manifests) if name.endswith("/migrate")]
    variable = next(one for one in container["env"] if one["name"] == "VENTURE_POSTGRES_URL")
    reference = variable["valueFrom"]["secretKeyRef"]
    assert (reference["name"], reference["key"]) == ("venture-db-owner", "uri")


def test_every_program_logs_in_as_itself(manifests: list[Json]) -> None:
    for variable in ("VENTURE_POSTGRES_URL", "VENTURE_NATS_URL"):
        used: dict[tuple[str, str], set[str]] = {}
        for name, container in containers(manifests):
            for one in container.get("env", []):
                if one["name"] == variable:
                    reference = one["valueFrom"]["secretKeyRef"]
                    key = (reference["name"], reference["key"])
                    used.setdefault(key, set()).add(name.partition("/")[2])
        owner = {"migrate", "preflight"}
        for key, programs in used.items():
            shared_broker = key == ("venture-nats", "url")
            assert len(programs) == 1 or programs == owner or shared_broker, (key, programs)


COMPONENT = "app.kubernetes.io/component"


@pytest.mark.parametrize(("endpoint", "port"), [("postgres", 5432), ("nats", 4222)])
def test_who_has_an_endpoint_s_url_reaches_it_and_nobody_else(
    render_chart: Render, endpoint: str, port: int
) -> None:
    manifests = render_chart("ci/dev.yaml")
    (rule,) = named(manifests, "NetworkPolicy", f"venture-{endpoint}")["spec"]["ingress"]
    admitted = {peer["podSelector"]["matchLabels"][COMPONENT] for peer in rule["from"]}
    assert admitted == components_with(manifests, f"VENTURE_{endpoint.upper()}_URL")
    assert admitted == components_that_reach(manifests, port)


def components_with(manifests: list[Json], variable: str) -> set[str]:
    return {
        workload["spec"]["template"]["metadata"]["labels"][COMPONENT]
        for workload in workloads(manifests)
        for container in workload["spec"]["template"]["spec"]["containers"]
        if variable in {one["name"] for one in container.get("env", [])}
    }


def components_that_reach(manifests: list[Json], port: int) -> set[str]:
    return {
        policy["spec"]["podSelector"]["matchLabels"][COMPONENT]
        for policy in policies_of(manifests, "venture-system")
        for rule in policy["spec"].get("egress", [])
        if port in {one["port"] for one in rule.get("ports", [])}
    }


def test_the_nats_server_maps_requests_away_from_streams(render_chart: Render) -> None:
    from venture_core.messaging.subjects import SERVICE_MAPPINGS

    config = named(render_chart("ci/dev.yaml"), "ConfigMap", "venture-nats")["data"]["nats.conf"]
    (block,) = re.findall(r"mappings \{\n(.*?)\n\}", config, re.DOTALL)
    assert dict(re.findall(r'"(\S+)": "(\S+)"', block)) == SERVICE_MAPPINGS


def test_urls_in_the_values_go_to_secrets_of_the_release(render_chart: Render) -> None:
    manifests = render_chart("ci/namespaced.yaml")
    values = yaml.safe_load((CHART / "ci" / "namespaced.yaml").read_text())
    for endpoint in ("nats", "redis"):
        secret = named(manifests, "Secret", f"venture-{endpoint}")
        assert secret["stringData"] == {"url": values[endpoint]["url"]}


def test_the_logins_of_an_external_database_are_made_from_its_address(
    render_chart: Render,
) -> None:
    manifests = render_chart("ci/namespaced.yaml")
    made = named(manifests, "Secret", "venture-migrate")["stringData"]
    for program in ("operator", "sequencer", "relay", "projector", "auditor", "recovery"):
        secret = named(manifests, "Secret", f"venture-login-{program}")
        assert secret["metadata"]["labels"]["venture.parpour.dev/login"] == program
        url = secret["stringData"]["postgres-url"]
        # The migration gives the login the same password that its program gets.
        assert url == made[f"{program}.postgres-url"]
        assert url == (
            f"postgresql://venture_system_venture_{program}:"
            f"{secret['stringData']['postgres-password']}"
            "@postgres.example.com:5432/venture?sslmode=require"
        )


def test_the_login_of_recovery_is_for_people_and_may_be_left_out(render_chart: Render) -> None:
    for example in ("ci/dev.yaml", "ci/namespaced.yaml"):
        manifests = render_chart(example)
        secret = named(manifests, "Secret", "venture-login-recovery")
        assert set(secret["stringData"]) == {"postgres-password", "postgres-url"}
        assert migration_logins(manifests)["recovery"] == {
            "roles": ["venture_recovery"],
            "own": True,
        }
        assert "venture-login-recovery" not in json.dumps(of_kind(manifests, "Deployment"))
    assert "recovery" not in migration_logins(render_chart("ci/production.yaml"))
    given = 'postgres.logins.recovery={"existingSecret": "duty"}'
    logins = migration_logins(render_chart("ci/production.yaml", sets=(given,)))
    assert logins["recovery"] == {"roles": ["venture_recovery"], "own": False}


def migration_logins(manifests: list[Json]) -> Json:
    (container,) = [one for name, one in containers(manifests) if name.endswith("/migrate")]
    (text,) = [one["value"] for one in container["env"] if one["name"] == "VENTURE_LOGINS"]
    logins: Json = json.loads(text)
    return logins


def test_existing_secrets_are_used_and_none_is_made(render_chart: Render) -> None:
    manifests = render_chart("ci/production.yaml")
    assert not of_kind(manifests, "Secret", "StatefulSet", "PersistentVolumeClaim")
    (container,) = [one for name, one in containers(manifests) if name.endswith("/preflight")]
    references = {
        variable["name"]: (reference["name"], reference["key"])
        for variable in container["env"]
        if (reference := variable.get("valueFrom", {}).get("secretKeyRef"))
    }
    assert references == {
        "VENTURE_POSTGRES_URL": ("venture-db-owner", "uri"),
        "VENTURE_NATS_URL": ("venture-nats-preflight", "url"),
        "VENTURE_REDIS_URL": ("venture-redis-user", "url"),
        "VENTURE_S3_ACCESS_KEY_ID": ("venture-s3-user", "accessKeyId"),
        "VENTURE_S3_SECRET_ACCESS_KEY": ("venture-s3-user", "secretAccessKey"),
    }


GENERATED_KEYS = (
    ("venture-signing-key", "signing-key.pem"),
    ("venture-checkpoint-key", "checkpoint-key.pem"),
)


@pytest.mark.parametrize("retain", [True, False])
def test_volumes_and_their_credentials_stay_or_go_together(
    render_chart: Render, *, retain: bool
) -> None:
    manifests = render_chart("ci/dev.yaml", sets=(f"dataPlane.retain={json.dumps(retain)}",))
    for stateful in of_kind(manifests, "StatefulSet"):
        policy = stateful["spec"]["persistentVolumeClaimRetentionPolicy"]
        assert policy["whenDeleted"] == ("Retain" if retain else "Delete")
    for secret in of_kind(manifests, "Secret"):
        annotations = secret["metadata"].get("annotations", {})
        if "helm.sh/hook" in annotations:
            assert "hook-succeeded" in annotations["helm.sh/hook-delete-policy"]
            continue
        kept = annotations.get("helm.sh/resource-policy")
        signing = secret["metadata"]["name"] in {name for name, _ in GENERATED_KEYS}
        assert kept == ("keep" if retain or signing else None)


@pytest.mark.parametrize(("name", "key"), GENERATED_KEYS)
def test_the_generated_keys_are_ed25519(render_chart: Render, name: str, key: str) -> None:
    from base64 import b64decode

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    secret = named(render_chart("ci/dev.yaml"), "Secret", name)
    pem = b64decode(secret["data"][key])
    assert isinstance(load_pem_private_key(pem, password=None), Ed25519PrivateKey)


def test_generated_credentials_begin_with_a_letter_and_differ(render_chart: Render) -> None:
    secrets = of_kind(render_chart("ci/dev.yaml"), "Secret")
    generated = [
        secret["stringData"][key]
        for secret in secrets
        for key in ("password", "superuser-password", "accessKeyId", "secretAccessKey")
        if key in secret.get("stringData", {})
    ]
    logins = [
        secret["stringData"][key]
        for secret in secrets
        for key in ("postgres-password", "nats-password")
        if key in secret.get("stringData", {})
    ]
    assert len(set(generated)) == 6
    assert len({*generated, *logins}) == 6 + len(logins)
    generated += logins
    for credential in generated:
        assert re.fullmatch(r"[a-z][A-Za-z0-9]{39}", credential)


def test_a_single_replica_has_no_disruption_budget(render_chart: Render) -> None:
    assert not of_kind(render_chart("ci/namespaced.yaml"), "PodDisruptionBudget")
    budgets = of_kind(render_chart("ci/production.yaml"), "PodDisruptionBudget")
    names = {budget["metadata"]["name"] for budget in budgets}
    assert names == {"venture", "venture-sequencer", "venture-relay"}
    assert {budget["spec"]["maxUnavailable"] for budget in budgets} == {1}


def test_a_service_monitor_only_on_demand(render_chart: Render) -> None:
    assert not of_kind(render_chart("ci/production.yaml"), "ServiceMonitor")
    monitored = render_chart(
        "ci/production.yaml",
        sets=('metrics.serviceMonitor={"enabled": true, "labels": {"release": "prometheus"}}',),
    )
    (monitor,) = of_kind(monitored, "ServiceMonitor")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    scraped = {
        service["metadata"]["name"]
        for service in of_kind(monitored, "Service")
        if matches(monitor["spec"]["selector"], service["metadata"]["labels"])
    }
    assert scraped == {
        "venture-metrics",
        "venture-sequencer-metrics",
        "venture-relay-metrics",
        "venture-projector-metrics",
    }


def test_definitions_are_installed_kept_or_left_out(render_chart: Render) -> None:
    keep = "helm.sh/resource-policy"
    for definition in of_kind(render_chart("ci/production.yaml"), "CustomResourceDefinition"):
        assert definition["metadata"]["annotations"][keep] == "keep"
    for definition in of_kind(render_chart("ci/dev.yaml"), "CustomResourceDefinition"):
        assert keep not in definition["metadata"].get("annotations", {})
    assert not of_kind(render_chart("ci/namespaced.yaml"), "CustomResourceDefinition")


def test_extra_objects_are_rendered_as_templates(render_chart: Render) -> None:
    extra = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "{{ .Release.Name }}-extra"},
    }
    manifests = render_chart("ci/dev.yaml", sets=(f"extraObjects=[{json.dumps(extra)}]",))
    assert named(manifests, "ConfigMap", "venture-extra")


def test_network_policies_can_be_left_to_someone_else(render_chart: Render) -> None:
    manifests = render_chart("ci/dev.yaml", sets=("networkPolicy.enabled=false",))
    assert not policies_of(manifests, "venture-system")
    # Those around Jobs are no choice: Jobs run on what people wrote.
    assert len(policies_of(manifests, WORK)) == 2


def test_the_chart_has_the_version_of_the_workspace() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == project["version"]


AUTHORITIES = (
    'postgres.caSecret={"name": "private-ca", "key": "ca.crt"}',
    'nats.caSecret={"name": "private-ca", "key": "ca.crt"}',
    'redis.caSecret={"name": "private-ca", "key": "ca.crt"}',
    's3.caSecret={"name": "private-ca", "key": "ca.crt"}',
)


def test_a_private_authority_reaches_whoever_speaks_to_an_endpoint(render_chart: Render) -> None:
    manifests = render_chart("ci/dev.yaml", sets=(*AUTHORITIES, "record.retention.months=1"))
    speaks = {
        "operator": {"postgres", "s3"},
        "sequencer": {"postgres", "s3"},
        "relay": {"postgres", "nats", "s3"},
        "projector": {"postgres", "nats"},
        "archiver": {"postgres", "s3"},
        "confirmer": {"postgres", "s3"},
        "migrate": {"postgres"},
        "preflight": {"postgres", "nats", "redis", "s3"},
    }
    for workload in workloads(manifests):
        pod = workload["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        if container["name"] not in speaks:
            continue
        env = {one["name"]: one.get("value") for one in container["env"]}
        mounts = {one["mountPath"] for one in container["volumeMounts"]}
        for endpoint in ("postgres", "nats", "redis", "s3"):
            given = env.get(f"VENTURE_{endpoint.upper()}_CA_FILE")
            if endpoint in speaks[container["name"]]:
                assert given == f"/etc/venture/ca/{endpoint}/ca.crt"
                assert f"/etc/venture/ca/{endpoint}" in mounts
            else:
                assert given is None


def test_what_every_program_is_to_have_reaches_every_program(render_chart: Render) -> None:
    manifests = render_chart(
        "ci/dev.yaml",
        sets=(
            'global.extraEnv=[{"name": "TZ", "value": "UTC"}]',
            'global.extraVolumes=[{"name": "extra", "emptyDir": {}}]',
            'global.extraVolumeMounts=[{"name": "extra", "mountPath": "/extra"}]',
            'global.proxy.httpsProxy="http://proxy.example.com:3128"',
            'global.priorityClassName="important"',
            'global.commonLabels={"example.com/team": "platform"}',
            "record.retention.months=1",
        ),
    )
    ours = 0
    for workload in workloads(manifests):
        pod = workload["spec"]["template"]["spec"]
        assert pod["priorityClassName"] == "important"
        (container,) = pod["containers"]
        if "venture-dev-" in container["image"]:
            continue
        ours += 1
        env = {one["name"]: one.get("value") for one in container["env"]}
        assert (env["TZ"], env["HTTPS_PROXY"]) == ("UTC", "http://proxy.example.com:3128")
        assert ".svc" in env["NO_PROXY"]
        assert "HTTP_PROXY" not in env
        assert "/extra" in {one["mountPath"] for one in container["volumeMounts"]}
        assert "extra" in {one["name"] for one in pod["volumes"]}
    assert ours == 8
    for one in manifests:
        if one["kind"] != "CustomResourceDefinition":
            assert one["metadata"]["labels"]["example.com/team"] == "platform", one["metadata"]


def test_the_identity_of_the_workload_takes_the_place_of_keys(render_chart: Render) -> None:
    annotation = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/venture"}
    manifests = render_chart(
        "ci/production.yaml",
        sets=(
            's3.credentials="WorkloadIdentity"',
            's3.existingSecret=""',
            f"s3.serviceAccountAnnotations={json.dumps(annotation)}",
        ),
    )
    for name, container in containers(manifests):
        env = {one["name"]: one.get("value") for one in container.get("env", [])}
        if "VENTURE_S3_ENDPOINT" in env:
            assert env["VENTURE_S3_CREDENTIALS"] == "WorkloadIdentity"
            assert "VENTURE_S3_ACCESS_KEY_ID" not in env, name
    for program in ("archiver", "confirmer", "preflight"):
        account = named(manifests, "ServiceAccount", f"venture-{program}")
        assert annotation.items() <= account["metadata"]["annotations"].items()
    pod = named(manifests, "Job", "venture-preflight")["spec"]["template"]["spec"]
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == (
        "venture-preflight",
        False,
    )
