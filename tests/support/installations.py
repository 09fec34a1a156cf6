"""What a chart leaves of an installation in a cluster, and sessions of the command line on it."""

from typing import TYPE_CHECKING, Any

import yaml
from venture_cli.domain.choices import Connection
from venture_cli.services.session import Session
from venture_core.kubernetes.resources import Resource

if TYPE_CHECKING:
    from pathlib import Path

type Body = dict[str, Any]

DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")


def deployment(
    component: str, variables: list[Body], *, name: str = "", release: str = "venture"
) -> Body:
    """Return a Deployment of one container with those variables, labelled as the chart does."""
    labels = {"app.kubernetes.io/component": component, "app.kubernetes.io/instance": release}
    container = {"name": component, "image": "localhost/venture:test", "env": variables}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name or component, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def from_secret(name: str, key: str) -> Body:
    """Return where a variable has its value from."""
    return {"secretKeyRef": {"name": name, "key": key}}


def session(kubeconfig: Path, namespace: str, release: str | None = None) -> Session:
    """Return a session on what is installed in that namespace."""
    return Session(
        Connection(
            kubeconfig=str(kubeconfig),
            context=None,
            namespace=namespace,
            system_namespace=namespace,
            release=release,
        )
    )


def read_kubeconfig(path: Path) -> Body:
    """Return what a kubeconfig holds."""
    config: Body = yaml.safe_load(path.read_text(encoding="utf-8"))
    return config


def write_kubeconfig(
    config: Body, path: Path, *, user: Body | None = None, server: str | None = None
) -> Path:
    """Write a kubeconfig, with another user or server where one is given."""
    if user is not None:
        config = config | {"users": [each | {"user": user} for each in config["users"]]}
    if server is not None:
        cluster = config["clusters"][0]
        config = config | {
            "clusters": [cluster | {"cluster": cluster["cluster"] | {"server": server}}]
        }
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path
