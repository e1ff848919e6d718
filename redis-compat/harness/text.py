"""The words of a case line: shell-like quoting with the escapes that redis-cli knows."""

import re


class BadCase(Exception):
    """A case file that cannot be understood; the message says what and where."""


_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)", re.S)
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b"}
_WORD = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<single>'[^']*')|(?P<bare>[^\s"']\S*))(?=\s|$)"""
)
_REPEAT = re.compile(r'\s*rep\(("(?:[^"\\]|\\.)*"),(\d+)\)(?=\s|$)')


def unescape(text):
    """The bytes of the inside of a double-quoted word. Letters above ASCII stand for UTF-8."""

    def replace(match):
        code = match.group(1)
        if code[0] == "x" and len(code) == 3:
            return "\udc00" + chr(int(code[1:], 16))
        return _NAMED.get(code, code)

    parts = _ESCAPE.sub(replace, text).split("\udc00")
    data = parts[0].encode()
    for part in parts[1:]:
        data += bytes([ord(part[0])]) + part[1:].encode()
    return data



def split_words(line):
    """The words of `line` as bytes. `rep("ab",3)` stands for ababab."""
    words, at = [], 0
    line = line.rstrip()
    while at < len(line):
        repeat = _REPEAT.match(line, at)
        if repeat:
            words.append(unescape(repeat.group(1)[1:-1]) * int(repeat.group(2)))
            at = repeat.end()
            continue
        match = _WORD.match(line, at)
        if not match:
            raise BadCase(f"cannot split {line[at:]!r}")
        if match.group("quoted") is not None:
            words.append(unescape(match.group("quoted")[1:-1]))
        elif match.group("single") is not None:
            words.append(match.group("single")[1:-1].encode())
        else:
            words.append(match.group("bare").encode())
        at = match.end()
    return words
