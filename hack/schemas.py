"""Turn an API server's OpenAPI document into strict JSON schemas for kubeconform.

Custom resources are included.

    kubectl get --raw /openapi/v2 | python hack/schemas.py FOLDER
    kubeconform -strict -schema-location 'FOLDER/{{.ResourceKind}}{{.KindSuffix}}.json' MANIFEST…

Nothing is downloaded: a manifest is compared with what this very server serves.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

type Schema = dict[str, Any]

DEFINITIONS = "_definitions.json"
INT_OR_STRING: Schema = {"type": ["integer", "string"]}
# The document calls a quantity a string; the server takes `cpu: 1` too.
QUANTITY: Schema = {"type": ["number", "string"]}
OVERRIDES = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": INT_OR_STRING,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": QUANTITY,
}


def strict(node: Any) -> Any:
    """Return a schema in which an object takes no property but those it names."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "int-or-string" or node.get("x-kubernetes-int-or-string"):
        return INT_OR_STRING
    if isinstance(reference := node.get("$ref"), str):
        return {"$ref": DEFINITIONS + reference}
    result = {key: strict(value) for key, value in node.items()}
    # A map named "properties" holds schemas by name, so its keys are no keywords.
    if isinstance(properties := node.get("properties"), dict):
        result["properties"] = {name: strict(schema) for name, schema in properties.items()}
        if not node.get("x-kubernetes-preserve-unknown-fields"):
            result.setdefault("additionalProperties", False)
    return result


def file_name(kind: Schema) -> str:
    """Return the name under which kubeconform looks a kind up."""
    group = [kind["group"].partition(".")[0]] if kind["group"] else []
    return "-".join([kind["kind"], *group, kind["version"]]).lower() + ".json"


def write(document: Schema, folder: Path) -> int:
    """Write the definitions and one file for every kind; return how many kinds there are."""
    folder.mkdir(parents=True, exist_ok=True)
    definitions = {
        name: OVERRIDES.get(name) or strict(schema)
        for name, schema in document["definitions"].items()
    }
    (folder / DEFINITIONS).write_text(json.dumps({"definitions": definitions}))
    count = 0
    for name, schema in document["definitions"].items():
        kinds = schema.get("x-kubernetes-group-version-kind", [])
        # Types such as DeleteOptions belong to every group: no manifest is one of them.
        if len(kinds) != 1:
            continue
        (kind,) = kinds
        api_version = f"{kind['group']}/{kind['version']}".lstrip("/")
        identity = {"apiVersion": {"const": api_version}, "kind": {"const": kind["kind"]}}
        root = {
            "allOf": [
                {"$ref": f"{DEFINITIONS}#/definitions/{name}"},
                {"required": ["apiVersion", "kind"], "properties": identity},
            ]
        }
        (folder / file_name(kind)).write_text(json.dumps(root))
        count += 1
    return count


def main() -> None:
    """Read the document from standard input."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    count = write(json.load(sys.stdin), Path(sys.argv[1]))
    if not count:
        sys.exit("the document describes no kind")


if __name__ == "__main__":
    main()
