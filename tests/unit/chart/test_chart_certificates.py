"""Certificates of what the release serves: who issues them, who may, and how they come to a pod."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chartmanifests import COMPONENT, WORK, allowed, named, of_kind, operator_env, rules
from chartservers import render

if TYPE_CHECKING:
    from pathlib import Path

TLS_PORT = {"protocol": "TCP", "port": 8443}


def test_the_operator_may_do_this_for_certificates(tools: Path, tmp_path: Path) -> None:
    registrations = [{"resource": "apiservices", "name": "v1.teapots.example.com"}]
    manifests = render(tools / "helm", tmp_path, servers=["teapot"], registrations=registrations)
    assert rules(named(manifests, "Role", "venture-serving", "venture-system")) == (
        allowed("", "secrets", "create")
        | allowed("", "secrets", "get", "update", name="venture-serving-authority")
        | allowed("", "secrets", "get", "update", name="venture-teapot-tls")
        | allowed("", "configmaps", "create")
        | allowed("", "configmaps", "get", "update", name="venture-serving-ca")
    )
    assert rules(named(manifests, "Role", "venture-serving", WORK)) == (
        allowed("", "configmaps", "create")
        | allowed("", "configmaps", "get", "update", name="venture-serving-ca")
    )
    assert rules(named(manifests, "ClusterRole", "venture.venture-system.serving")) == (
        allowed(
            "apiregistration.k8s.io", "apiservices", "get", "patch", name="v1.teapots.example.com"
        )
    )
    for kind, name in (("Secret", "venture-teapot-tls"), ("ConfigMap", "venture-serving-ca")):
        for each in of_kind(manifests, kind):
            if each["metadata"]["name"] == name:
                assert "data" not in each, "an upgrade would take away what the operator wrote"


TEAPOT = """
{{- define "venture.teapot.env" }}{{ end -}}
{{- define "venture.teapot.secrets" }}{{ end -}}
{{ include "venture.process" (dict "root" . "component" "teapot" "command" "venture-teapot"
  "replicas" 1 "values" .Values.record.relay "shared" .Values.record
  "api" (dict "from" (list (dict "podSelector" dict))) "calls" (list "kettle")) }}
"""


def test_a_server_waits_for_its_certificate_and_for_whom_to_trust(
    tools: Path, tmp_path: Path
) -> None:
    manifests = render(tools / "helm", tmp_path, servers=["teapot"], template=TEAPOT)
    pod = named(manifests, "Deployment", "venture-teapot")["spec"]["template"]["spec"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    # Keys by name: without them the kubelet mounts what there is, and the program finds no file.
    tls = volumes["tls"]["secret"]
    assert (tls["secretName"], [each["key"] for each in tls["items"]]) == (
        "venture-teapot-tls",
        ["tls.crt", "tls.key"],
    )
    authorities = volumes["serving-ca"]["configMap"]
    assert (authorities["name"], [each["key"] for each in authorities["items"]]) == (
        "venture-serving-ca",
        ["ca.crt"],
    )
    (container,) = pod["containers"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    env = {each["name"]: each.get("value") for each in container["env"]}
    assert env["VENTURE_SERVING_CA_FILE"] == f"{mounts['serving-ca']}/ca.crt"
    assert env["VENTURE_TLS_CERTIFICATE_FILE"] == f"{mounts['tls']}/tls.crt"
    policy = named(manifests, "NetworkPolicy", "venture-teapot")["spec"]
    assert [each for each in policy["egress"] if each["ports"] == [TLS_PORT]] == [
        {
            "to": [
                {
                    "podSelector": {
                        "matchLabels": {
                            "app.kubernetes.io/name": "venture",
                            "app.kubernetes.io/instance": "venture",
                            COMPONENT: "kettle",
                        }
                    }
                }
            ],
            "ports": [TLS_PORT],
        }
    ]


def test_cert_manager_issues_in_place_of_the_operator(tools: Path, tmp_path: Path) -> None:
    issuer = {"name": "platform", "kind": "ClusterIssuer", "group": "cert-manager.io"}
    manifests = render(
        tools / "helm",
        tmp_path,
        servers=["teapot"],
        sets=[f"certificates.issuerRef={json.dumps(issuer)}"],
    )
    certificate = named(manifests, "Certificate", "venture-teapot-tls")
    assert certificate["spec"]["secretName"] == "venture-teapot-tls"
    assert certificate["spec"]["dnsNames"] == ["venture-teapot.venture-system.svc"]
    assert certificate["spec"]["issuerRef"] == issuer
    assert not [each for each in of_kind(manifests, "Secret") if "tls" in each["metadata"]["name"]]
    assert rules(named(manifests, "Role", "venture-serving", "venture-system")) == (
        allowed("", "secrets", "get", name="venture-teapot-tls")
        | allowed("", "configmaps", "create")
        | allowed("", "configmaps", "get", "update", name="venture-serving-ca")
    )
    told = json.loads(operator_env(manifests)["VENTURE_SERVING"]["value"])
    assert told["issued_elsewhere"] is True
