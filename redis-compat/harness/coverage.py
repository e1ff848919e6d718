"""coverage.md: which commands and which of their tokens the cases exercise.

Tokens come from the syntax trees of both servers, so an option that only Skua knows counts as well.
"""

import os

from harness.cases import find_case_files, read_cases
from harness.servers import Pair
from harness.syntax import read_syntax

HEAD = """# What the cases cover

Made by `redis-compat/run --coverage` from the command syntax and the case files; do not edit.
A command counts as covered when a case sends it, an option when a case sends the command with it.
"""


def write_coverage(root, skua_path):
    """Writes coverage.md and prints what is missing; 1 when anything is."""
    with Pair(skua_path) as pair:
        syntaxes = [read_syntax(server.connect()) for server in pair.both()]
    used = _collect_words(root)
    rows, missing = [], []
    for name in _read_scope(root):
        tokens = []
        for syntax in syntaxes:
            if name in syntax:
                tokens += [one for one in syntax[name].tokens() if one not in tokens]
        lines, words = used.get(name, (0, set()))
        absent = [token for token in tokens if token not in words]
        rows.append(_tell_row(name, lines, tokens, absent))
        missing += [name] * (lines == 0) + [f"{name} {token}" for token in absent]
    _write(root, rows)
    for one in missing:
        print(f"not covered: {one}")
    print(f"coverage: {len(rows)} commands, {len(missing)} gaps")
    return 1 if missing else 0


def _read_scope(root):
    with open(os.path.join(root, "scope"), encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return [line for line in lines if line and not line.startswith("#")]


def _collect_words(root):
    """For each command: how many case lines send it, and the words they give it."""
    scope = set(_read_scope(root))
    used = {}
    for path in find_case_files(root):
        for section in read_cases(path):
            for step in section.steps:
                if step.action is None:
                    _count_step(scope, used, step.args)
    return used


def _count_step(scope, used, args):
    words = [arg.decode("latin-1") for arg in args]
    name = words[0].lower()
    if len(words) > 1 and f"{name} {words[1].lower()}" in scope:
        name = f"{name} {words[1].lower()}"
    lines, seen = used.get(name, (0, set()))
    seen.update(word.upper() for word in words[1:])
    used[name] = (lines + 1, seen)


def _tell_row(name, lines, tokens, absent):
    told = " ".join(token for token in tokens if token not in absent)
    return f"| {name.upper()} | {lines} | {told} | {' '.join(absent)} |"


def _write(root, rows):
    with open(os.path.join(root, "coverage.md"), "w", encoding="utf-8") as file:
        file.write(HEAD + "\n| command | case lines | options covered | options missing |\n")
        file.write("| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n")
