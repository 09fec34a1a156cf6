"""Write docs/reference/rights.md: who may do what at the API server, from the rendered chart.

    python hack/rights.py HELM          write it
    python hack/rights.py HELM --check  fail if it is not up to date

HELM is the program: `$(python hack/cluster programs tools)/helm`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

type Body = dict[str, Any]
type Row = tuple[str, ...]

REPOSITORY: Final = Path(__file__).resolve().parents[1]
CHART: Final = REPOSITORY / "charts" / "venture"
PAGE: Final = REPOSITORY / "docs" / "reference" / "rights.md"
RELEASE, NAMESPACE = "venture", "venture"
EVERYTHING: Final = (
    "record.retention.months=13",
    "llmGateway.enabled=true",
    "toolGateway.enabled=true",
)
"""Values that add what the development values leave out."""
AGGREGATE: Final = "rbac.authorization.k8s.io/aggregate-to-"
COMPONENT: Final = "app.kubernetes.io/component"

HEAD: Final = """# Rights

<!-- written by hack/rights.py -->

Who may do what at the API server, as the chart gives it with its defaults. What the database and
NATS let each program do stands in [Install](../install.md#logins-of-the-programs), what it comes to
in the [threat model](../threat-model.md).
"""
PEOPLE: Final = """
## People

What the cluster's own roles learn of Venture's kinds (`rbac.aggregate`), in the namespaces where
somebody has them. In the release's namespace and in the work namespace nobody but you has any.
"""
PROGRAMS: Final = """
## Programs

*Everywhere* means the namespaces of `watchNamespaces`, where that is set.
"""
NOTHING: Final = """
Nothing at all, and no token of the API server: {}.
"""


def main() -> None:
    """Write the page, or compare it."""
    helm, *flags = sys.argv[1:]
    text = page(rendered(helm))
    if "--check" not in flags:
        PAGE.write_text(text)
    elif PAGE.read_text() != text:
        sys.exit("docs/reference/rights.md is not up to date: run `python hack/rights.py HELM`")


def rendered(helm: str) -> list[Body]:
    """Return the manifests of a release with everything in it."""
    command = [helm, "template", RELEASE, str(CHART), "--namespace", NAMESPACE]
    command += ["--values", str(CHART / "values-dev.yaml")]
    command += [f"--set={each}" for each in EVERYTHING]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def page(manifests: Sequence[Body]) -> str:
    """Return the page of a rendered chart."""
    people = table(("who has", "kinds", "may"), sorted(set(of_people(manifests))))
    programs = table(("program", "where", "resources", "may"), of_programs(manifests))
    without = ", ".join(sorted(tokenless(manifests)))
    return HEAD + PEOPLE + people + PROGRAMS + programs + NOTHING.format(without)


_FILLED_LATER: Final[Body] = {
    "resources": ["users"],
    "resourceNames": ["venture:<account>"],
    "verbs": ["impersonate"],
}
"""The only rules that are not the chart's: `venture account` keeps them."""


def of_people(manifests: Iterable[Body]) -> Iterator[Row]:
    """Yield what each role of the cluster learns, and who has no role of the cluster for it."""
    for role in manifests:
        if role["kind"] != "ClusterRole":
            continue
        labels = role["metadata"]["labels"]
        roles = sorted(key.removeprefix(AGGREGATE) for key in labels if key.startswith(AGGREGATE))
        name = ", ".join(f"`{each}`" for each in roles)
        if not roles and labels.get(COMPONENT):
            continue
        for rule in role.get("rules", ()):
            yield (name or f"`{role['metadata']['name']}`", *_rule(rule))


def of_programs(manifests: Sequence[Body]) -> list[Row]:
    """Return what each program may do, by way of its service account."""
    roles = {
        # What the chart leaves out is filled in later, by whoever keeps it.
        _place(each): each.get("rules", [_FILLED_LATER])
        for each in manifests
        if each["kind"].endswith("Role")
    }
    programs = {account: name for name, account in accounts(manifests)}
    rows = []
    for binding in manifests:
        if not binding["kind"].endswith("RoleBinding"):
            continue
        reference = binding["roleRef"]
        namespace = binding["metadata"].get("namespace", "")
        scope = namespace if reference["kind"] == "Role" else ""
        # A role of the cluster's own, which the chart only binds, stands by its name.
        rules = roles.get((reference["kind"], scope, reference["name"]))
        for subject in binding["subjects"]:
            who = programs.get(subject["name"], f"`{subject['name']}`")
            what = [_rule(each) for each in rules or ()]
            what = what or [(f"the role `{reference['name']}`", "")]
            rows += [(who, _where(namespace), *each) for each in what]
    return sorted(set(rows))


def accounts(manifests: Iterable[Body]) -> Iterator[tuple[str, str]]:
    """Yield every program with its service account; empty where no token is mounted."""
    for body in manifests:
        spec = body.get("spec") or {}
        pod = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if body["kind"] in {"Secret", "ConfigMap"} or not pod:
            continue
        name = pod["metadata"]["labels"].get(COMPONENT, body["metadata"]["name"])
        inner = pod["spec"]
        mounted = inner.get("automountServiceAccountToken", True) or _projects_token(inner)
        yield name, inner.get("serviceAccountName", "default") if mounted else ""


def tokenless(manifests: Iterable[Body]) -> Iterator[str]:
    """Yield the programs that cannot even ask the API server."""
    yield from {name for name, account in accounts(manifests) if not account}
    yield "every Job in the work namespace"


def table(head: Row, rows: Iterable[Row]) -> str:
    """Return a table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n" + "".join(f"| {' | '.join(each)} |\n" for each in lines)


def _rule(rule: Body) -> tuple[str, str]:
    named = [f"`{each}`" for each in rule.get("resourceNames", ())]
    only = f" ({', '.join(named)} only)" if named else ""
    groups = [each for each in rule.get("apiGroups", ()) if each]
    of = f" of {', '.join(groups)}" if groups else ""
    what = rule.get("resources") or rule["nonResourceURLs"]
    return ", ".join(f"`{each}`" for each in what) + of + only, ", ".join(rule["verbs"])


def _projects_token(pod: Body) -> bool:
    sources = [
        source
        for volume in pod.get("volumes", ())
        for source in volume.get("projected", {}).get("sources", ())
    ]
    # A token with an audience of ours is not taken by the API server.
    return any(
        "serviceAccountToken" in each and not each["serviceAccountToken"].get("audience")
        for each in sources
    )


def _place(role: Body) -> tuple[str, str, str]:
    metadata = role["metadata"]
    return role["kind"], metadata.get("namespace", ""), metadata["name"]


def _where(namespace: str) -> str:
    if namespace == NAMESPACE:
        return "the release's namespace"
    if namespace.startswith(f"{RELEASE}-work"):
        return "the work namespace"
    return f"`{namespace}`" if namespace else "everywhere"


if __name__ == "__main__":
    main()
