"""differences.md and the cases vouch for each other: every id is explained, every one is used."""

import os
import re

HEADING = re.compile(r"^## ([a-z0-9.-]+)\s*$", re.M)


def check_differences(root, sections):
    """Ids that only one of the two sides knows, as texts."""
    with open(os.path.join(root, "differences.md"), encoding="utf-8") as file:
        explained = set(HEADING.findall(file.read()))
    used = {}
    for section in sections:
        for step in section.steps:
            if "differs" in step.marks:
                used.setdefault(step.marks["differs"], f"{section.path}:{step.line_number}")
    problems = [f"{used[id]}: differences.md does not explain {id}"
                for id in sorted(used.keys() - explained)]
    return problems + [f"differences.md explains {id}, which no case uses"
                       for id in sorted(explained - used.keys())]
