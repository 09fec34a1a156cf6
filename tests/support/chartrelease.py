"""A release of the chart in a namespace of its own, through real helm."""

import base64
import json
import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "charts" / "venture"
GUIDE = REPOSITORY / "docs" / "install.md"
DEVELOPMENT = ("venture-system", "venture")
"""Namespace and name of the release that `make up` installs: its images are used again here."""

type Body = dict[str, Any]
type Kubectl = Callable[..., str]


@dataclass(frozen=True)
class Release:
    """One release, called `venture` as most are, in `namespace`."""

    helm: Path
    kubeconfig: Path
    namespace: str

    def upgrade(
        self, values: Body, *more: str, timeout: str = "4m"
    ) -> subprocess.CompletedProcess[str]:
        """Install or upgrade and wait; a failure is the caller's to judge."""
        arguments = ["upgrade", "--install", "venture", str(CHART), "--values", "-"]
        arguments += ["--wait", f"--timeout={timeout}", *more]
        return self._run(*arguments, stdin=yaml.safe_dump(values))

    def values(self) -> Body:
        """Return the values that it was installed with, over the chart's own."""
        done = self._run("get", "values", "venture", "--output", "json")
        assert done.returncode == 0, done.stderr
        found: Body = json.loads(done.stdout) or {}
        return found

    def description(self) -> str:
        """Return what its last installation was called."""
        done = self._run("status", "venture", "--output", "json")
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["info"]["description"])

    def uninstall(self) -> str:
        """Uninstall, wait until its objects and their pods are gone, and return what helm says."""
        done = self._run(*uninstall_command(), "--timeout=3m", "--ignore-not-found")
        assert done.returncode == 0, done.stdout + done.stderr
        self._wait_until_gone()
        return done.stdout

    def _wait_until_gone(self) -> None:
        """Wait for the pods, which outlive their owners by as long as they drain.

        A preflight that failed stays for an hour, to be looked at.
        """
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), "-n", self.namespace, "wait"]
        command += ["--for=delete", "deployments,statefulsets,replicasets,pods", "--timeout=90s"]
        selector = "app.kubernetes.io/instance=venture,!batch.kubernetes.io/job-name"
        gone = subprocess.run(
            [*command, "--selector", selector], capture_output=True, text=True, check=False
        )
        assert gone.returncode == 0, gone.stderr

    def _run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.helm), *arguments, "--namespace", self.namespace],
            input=stdin,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
            capture_output=True,
            text=True,
            check=False,
        )


def uninstall_command() -> list[str]:
    """Return the arguments that the installation guide gives helm, without the namespace."""
    (line,) = re.findall(r"^helm (uninstall .*)$", GUIDE.read_text(), re.MULTILINE)
    words = shlex.split(line)
    place = words.index("--namespace")
    return [*words[:place], *words[place + 2 :]]


def development_images(kubectl: Kubectl) -> dict[str, str]:
    """Return the images of the release that `make up` installed, by component."""
    namespace, name = DEVELOPMENT
    found = json.loads(
        kubectl("--namespace", namespace, "get", "deployments,statefulsets", "--output", "json")
    )
    images = {
        item["metadata"]["name"].removeprefix(f"{name}-"): container["image"]
        for item in found["items"]
        for container in item["spec"]["template"]["spec"]["containers"]
    }
    (operator,) = [one for one in found["items"] if one["metadata"]["name"] == name]
    (container,) = operator["spec"]["template"]["spec"]["containers"]
    env = {variable["name"]: variable.get("value", "") for variable in container["env"]}
    images["operator"] = images.pop(name)
    images["compiler"] = env["VENTURE_COMPILER_IMAGE"]
    return images


def image_values(reference: str) -> Body:
    """Return the values of an image from its reference."""
    name, _, tag = reference.rpartition(":")
    registry, _, repository = name.partition("/")
    return {"registry": registry, "repository": repository, "tag": tag}


def secret_data(kubectl: Kubectl, namespace: str, name: str) -> dict[str, str]:
    """Return a Secret's values."""
    text = kubectl("--namespace", namespace, "get", "secret", name, "--output", "json")
    return {
        key: base64.b64decode(value).decode() for key, value in json.loads(text)["data"].items()
    }


def identities(kubectl: Kubectl, namespace: str, kinds: str) -> dict[str, str]:
    """Return kind/name → uid and resource version of the objects of a namespace.

    An upgrade that changes nothing leaves both as they were; helm's own records are left out.
    """
    text = kubectl("--namespace", namespace, "get", kinds, "--output", "json")
    return {
        f"{item['kind']}/{item['metadata']['name']}": (
            f"{item['metadata']['uid']} {item['metadata']['resourceVersion']}"
        )
        for item in json.loads(text)["items"]
        if not item["metadata"]["name"].startswith("sh.helm.release")
    }
