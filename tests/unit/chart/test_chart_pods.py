"""The pods of the chart: restricted, bounded, probed, and what all of them take from the values."""

from __future__ import annotations

import json
import re

import yaml
from chartmanifests import Json, Render, containers, named, of_kind, operator_env, workloads
from surroundings import CHART
from venture_operator.settings import MediaSettings


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


WITH_A_TOKEN = {
    "venture",
    "venture-control-plane-api",
    "venture-egress-proxy",
    "venture-llm-gateway",
    "venture-policy-engine",
    "venture-preflight-api",
    "venture-tool-gateway",
    "venture-treasury-api",
    "venture-webhooks",
}


def test_only_who_speaks_to_the_api_server_has_a_token(manifests: list[Json]) -> None:
    for workload in workloads(manifests):
        pod = workload["spec"]["template"]["spec"]
        if (name := workload["metadata"]["name"]) in WITH_A_TOKEN:
            assert pod["serviceAccountName"] == name
        else:
            assert pod["automountServiceAccountToken"] is False
            assert "serviceAccountName" not in pod


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


def test_videos_are_made_where_their_image_is_enabled(render_chart: Render) -> None:
    assert "VENTURE_COMPILER_MEDIA" not in operator_env(render_chart("ci/dev.yaml"))
    own = '{"registry": "own.test", "digest": "sha256:%s", "pullPolicy": "Never"}' % ("a" * 64)
    manifests = render_chart(
        "ci/dev.yaml", sets=("compiler.media.enabled=true", f"compiler.media.image={own}")
    )
    settings = MediaSettings.model_validate_json(
        operator_env(manifests)["VENTURE_COMPILER_MEDIA"]["value"]
    )
    assert settings.image == f"own.test/venture-artifact-compiler-media@sha256:{'a' * 64}"
    assert settings.pull_policy == "Never"
    assert settings.resources["limits"]["memory"] == "1536Mi"
    started = dict(containers(manifests))["venture-preflight/media"]
    assert (started["image"], started["imagePullPolicy"]) == (settings.image, "Never")


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


def test_the_operator_s_pods_are_as_its_values_say(render_chart: Render) -> None:
    spread = {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    manifests = render_chart(
        "ci/production.yaml",
        sets=(
            'operator.podLabels={"example.com/cost": "platform"}',
            'operator.podAnnotations={"example.com/seen": "yes"}',
            f"operator.topologySpreadConstraints=[{json.dumps(spread)}]",
            "operator.terminationGracePeriodSeconds=45",
            "operator.podDisruptionBudget.enabled=false",
            'serviceAccount={"create": false, "name": "their-own"}',
        ),
    )
    template = named(manifests, "Deployment", "venture")["spec"]["template"]
    assert template["metadata"]["labels"]["example.com/cost"] == "platform"
    assert template["metadata"]["annotations"]["example.com/seen"] == "yes"
    pod = template["spec"]
    assert pod["topologySpreadConstraints"] == [spread]
    assert pod["terminationGracePeriodSeconds"] == 45
    assert pod["serviceAccountName"] == "their-own"
    budgets = {one["metadata"]["name"] for one in of_kind(manifests, "PodDisruptionBudget")}
    assert budgets == {
        "venture-control-plane-api",
        "venture-egress-proxy",
        "venture-policy-engine",
        "venture-treasury-api",
        "venture-sequencer",
        "venture-relay",
        "venture-webhooks",
    }
    # The others have the spread that is everybody's, and make no account.
    other = named(manifests, "Deployment", "venture-relay")["spec"]["template"]["spec"]
    assert other["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "ScheduleAnyway"
    assert "terminationGracePeriodSeconds" not in other
    accounts = {one["metadata"]["name"] for one in of_kind(manifests, "ServiceAccount")}
    assert not accounts & {"venture", "their-own", "venture-relay"}


def test_the_projector_never_runs_twice(manifests: list[Json]) -> None:
    spec = named(manifests, "Deployment", "venture-projector")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


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
        container = pod["containers"][0]
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
        container = pod["containers"][0]
        if "venture-dev-" in container["image"]:
            continue
        ours += 1
        env = {one["name"]: one.get("value") for one in container["env"]}
        assert (env["TZ"], env["HTTPS_PROXY"]) == ("UTC", "http://proxy.example.com:3128")
        assert ".svc" in env["NO_PROXY"]
        assert "HTTP_PROXY" not in env
        assert "/extra" in {one["mountPath"] for one in container["volumeMounts"]}
        assert "extra" in {one["name"] for one in pod["volumes"]}
    assert ours == 16
    jobs = operator_env(manifests)
    assert json.loads(jobs["VENTURE_COMPILER_SCHEDULING"]["value"]) == {
        "priorityClassName": "important"
    }
    assert json.loads(jobs["VENTURE_COMPILER_LABELS"]["value"]) == {"example.com/team": "platform"}
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
