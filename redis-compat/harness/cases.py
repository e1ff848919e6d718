"""Case files: plain text, one command a line; README.md describes the notation.

A file is a list of sections; a section is a list of steps. A step is what one line asks for,
with the marks that say how its two replies are compared.
"""

import os
import re

from harness.text import BadCase, split_words

MARKS_WITH_WORD = {"within", "fields", "same", "drawn-from", "differs", "store"}
MARKS = MARKS_WITH_WORD | {
    "unordered", "pairs", "deep", "info", "type", "shape", "error-code",
    "walk", "eventually", "closes", "silent", "pending", "blocks", "all",
}
# Marks of steps that no reply is read for.
UNANSWERED = {"silent", "pending", "blocks"}
ACTIONS = {"raw", "raw-close", "await", "disconnect", "pushes"}


class Step:
    """One line of a case: `action` is None for a command, whose words are `args`."""

    def __init__(self, line_number, text):
        self.line_number = line_number
        self.text = text
        self.connection = 1
        self.marks = {}
        self.action = None
        self.args = []
        self.reply_count = 1  # None: all until a PING is answered
        self.is_skua_only = False
        self.expected = {}


class Section:
    """Steps that start together from empty databases and fresh connections."""

    def __init__(self, path, title):
        self.path = path
        self.title = title
        self.steps = []
        self.configs = []
        self.protocols = (2, 3)
        self.is_skua_only = False


def find_case_files(root, family=None):
    """Case files under root/cases, sorted, or of one family."""
    base = os.path.join(root, "cases", family) if family else os.path.join(root, "cases")
    paths = []
    for folder, _, names in os.walk(base):
        paths += [os.path.join(folder, name) for name in names if name.endswith(".case")]
    return sorted(paths)


def read_cases(path):
    """The sections of the case file at `path`."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    stem = os.path.splitext(os.path.basename(path))[0]
    sections = [Section(path, stem)]
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            _read_line(sections, number, line)
        except BadCase as error:
            raise BadCase(f"{path}:{number}: {error}") from None
    for section in sections:
        _check_section(section)
    return [section for section in sections if section.steps]


def _read_line(sections, number, line):
    section = sections[-1]
    if line.startswith("== "):
        new = Section(section.path, line[3:].strip())
        sections.append(new)
    elif line.startswith("@"):
        _read_directive(section, line)
    elif re.match(r"[23]?= ", line):
        _read_expected(section, line)
    else:
        section.steps.append(_read_step(section, number, line))


def _read_directive(section, line):
    words = line.split(None, 2)
    if words[0] == "@config" and len(words) == 3:
        section.configs.append((words[1], split_words(words[2])[0]))
    elif words[0] == "@resp" and words[1:] in (["2"], ["3"]):
        section.protocols = (int(words[1]),)
    elif words == ["@skua-only"]:
        section.is_skua_only = True
    else:
        raise BadCase(f"unknown directive {line!r}")


def _read_expected(section, line):
    if not section.steps:
        raise BadCase("an expected reply needs a command before it")
    text = line.split("= ", 1)[1]
    for protocol in (int(line[0]),) if line[0] in "23" else (2, 3):
        section.steps[-1].expected[protocol] = text


def _read_step(section, number, line):
    step = Step(number, line)
    step.is_skua_only = section.is_skua_only
    rest = line
    while True:
        if rest.startswith("~"):
            rest = _read_mark(step, rest)
        elif rest.startswith("> "):
            step.is_skua_only = True
            rest = rest[2:].lstrip()
        elif re.match(r"\d+: ", rest):
            number_text, rest = rest.split(": ", 1)
            step.connection = int(number_text)
        else:
            break
    words = split_words(rest)
    if not words:
        raise BadCase("no command")
    _read_action(step, words)
    if "all" in step.marks:
        step.reply_count = None
    return step


def _read_mark(step, rest):
    name, _, rest = rest[1:].partition(" ")
    if name not in MARKS:
        raise BadCase(f"unknown mark ~{name}")
    word = True
    if name in MARKS_WITH_WORD:
        word, _, rest = rest.lstrip().partition(" ")
    step.marks[name] = word
    return rest.lstrip()


def _read_action(step, words):
    name = words[0].decode("utf-8", "replace")
    base, _, count = name.partition(":")
    if base not in ACTIONS:
        step.args = words
        return
    step.action = base
    step.reply_count = int(count) if count else None if base == "pushes" else 1
    step.args = words[1:]


def _check_section(section):
    for step in section.steps:
        where = f"{section.path}:{step.line_number}: "
        needs = step.is_skua_only or "differs" in step.marks or "eventually" in step.marks
        reads = not (UNANSWERED & step.marks.keys()) and step.action != "disconnect"
        if needs and reads and not set(section.protocols) <= step.expected.keys():
            if not {"type", "closes", "store", "fields", "same"} & step.marks.keys():
                raise BadCase(where + "this command needs an expected reply (a line '= ...')")
