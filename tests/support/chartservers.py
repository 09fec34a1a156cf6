"""The chart with servers of a test's own, as the chart's lists would have them."""

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from chartmanifests import documents
from surroundings import CHART

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

type Body = dict[str, Any]


def render(
    helm: Path,
    folder: Path,
    *,
    servers: Sequence[str],
    registrations: Sequence[dict[str, str]] = (),
    sets: Sequence[str] = (),
    template: str = "",
) -> list[Body]:
    """Return what the chart makes with these servers, and with a template more."""
    chart = shutil.copytree(CHART, folder / "venture", dirs_exist_ok=True)
    file = chart / "templates" / "_certificates.tpl"
    text = file.read_text()
    for name, items in (("servers", servers), ("registrations", registrations)):
        define = re.compile(
            rf'(define "venture\.{name}" -}}}}\n).*?(\n{{{{- end -}}}}\n\n)', re.DOTALL
        )
        text, found = define.subn(rf"\g<1>{json.dumps(list(items))}\g<2>", text)
        assert found == 1, name
    file.write_text(text)
    (chart / "templates" / "more.yaml").write_text(template)
    command = [str(helm), "template", "venture", str(chart), "--namespace=venture-system"]
    command += [f"--values={chart / 'ci' / 'production.yaml'}"]
    command += [f"--set-json={assignment}" for assignment in sets]
    rendered = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return documents(rendered.stdout)
