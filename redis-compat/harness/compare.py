"""Says whether two replies agree under the marks of a step. Without a mark: the same bytes."""

import re

from harness.resp import Reply

ERROR_CODE = re.compile(rb"^\S+")


def find_mismatch(marks, oracle, skua):
    """None when the replies agree under `marks`, else a few words saying what does not."""
    if oracle.raw == skua.raw:
        return None
    if "type" in marks or "store" in marks:
        return None if oracle.kind == skua.kind else "the types differ"
    if "shape" in marks:
        return None if _shape(oracle) == _shape(skua) else "the shapes differ"
    if "error-code" in marks and oracle.kind == skua.kind == "-":
        same = ERROR_CODE.match(oracle.value).group() == ERROR_CODE.match(skua.value).group()
        return None if same else "the error codes differ"
    if "within" in marks:
        return _find_far_number(oracle, skua, float(marks["within"]))
    if "drawn-from" in marks:
        return _find_stranger(marks["drawn-from"], oracle, skua)
    if "fields" in marks:
        return find_missing_field(marks["fields"], oracle, skua)
    if "same" in marks:
        return _find_other_value(marks["same"], oracle, skua)
    if "info" in marks:
        same = _deeply_sorted(_without_notes(oracle)) == _deeply_sorted(_without_notes(skua))
        return None if same else "the elements differ"
    if "deep" in marks:
        return None if _deeply_sorted(oracle) == _deeply_sorted(skua) else "the elements differ"
    if "unordered" in marks or "pairs" in marks:
        step = 2 if "pairs" in marks else 1
        same = _unordered(oracle, step) == _unordered(skua, step)
        return None if same else "the elements differ"
    return "the replies differ"


def _shape(reply):
    if reply.is_aggregate():
        return (reply.kind, [_shape(child) for child in reply.children()])
    return reply.kind


def _unordered(reply, step):
    """The reply with its elements (of `step` items in RESP2 each) in byte order."""
    if not reply.is_aggregate():
        return reply.raw
    if reply.kind in "%|":
        return (reply.kind, sorted((key.raw, item.raw) for key, item in reply.value))
    raws = [child.raw for child in reply.value]
    return (reply.kind, sorted(zip(*[raws[offset::step] for offset in range(step)])))


def _deeply_sorted(reply):
    """The reply with the elements of every aggregate in some canonical order."""
    if reply.is_aggregate():
        return (reply.kind, tuple(sorted(map(_deeply_sorted, reply.children()), key=repr)))
    return reply.raw


def _without_notes(reply):
    """COMMAND INFO without the notes of key specs, which are prose."""
    if not reply.is_aggregate():
        return reply
    if reply.kind == "%":
        pairs = [(key, _without_notes(item)) for key, item in reply.value if not _is_notes(key)]
        return Reply(reply.kind, pairs)
    items = reply.value
    if items and _is_notes(items[0]):
        items = items[2:]
    return Reply(reply.kind, [_without_notes(item) for item in items])


def _is_notes(reply):
    return reply.value == b"notes"


def _find_other_value(names, oracle, skua):
    """Each `name=` in both texts must stand with the same value."""
    missing = find_missing_field(names, oracle, skua)
    if missing:
        return missing
    for name in names.split(","):
        pattern = re.compile(rb"(?:^|\s)" + re.escape(name.encode()) + rb"[:=](\S*)")
        left, right = (pattern.search(reply.value).group(1) for reply in (oracle, skua))
        if left != right:
            return f"{name} is {left.decode()!r} and {right.decode()!r}"
    return None


def _find_far_number(oracle, skua, tolerance):
    if oracle.is_aggregate() and skua.is_aggregate():
        if _shape(oracle) != _shape(skua):
            return "the shapes differ"
        for left, right in zip(oracle.children(), skua.children()):
            mismatch = _find_far_number(left, right, tolerance)
            if mismatch:
                return mismatch
        return None
    if oracle.raw == skua.raw:
        return None
    try:
        far = abs(float(oracle.value) - float(skua.value)) > tolerance
    except (TypeError, ValueError):
        return "the replies differ"
    # The negative answers of TTL and its kin are words, not measures.
    if oracle.kind != skua.kind or (float(oracle.value) < 0) != (float(skua.value) < 0):
        return "the replies differ"
    return f"the numbers are more than {tolerance:g} apart" if far else None


def _find_stranger(words, oracle, skua):
    allowed = {word.encode() for word in words.split(",")}
    for reply in (oracle, skua):
        members = reply.value if reply.is_aggregate() else [reply]
        for member in members:
            if member.value not in allowed:
                return f"{member.value!r} is none of {words}"
    return None if oracle.kind == skua.kind else "the types differ"


def find_missing_field(names, oracle, skua):
    """`names` must stand in both texts as `name:`, `name=` at the start of a word or line."""
    for reply in (oracle, skua):
        if not isinstance(reply.value, bytes):
            return "not a text"
        for name in names.split(","):
            if not re.search(rb"(^|^txt:|\s)" + re.escape(name.encode()) + rb"[:=]", reply.value):
                return f"the field {name} is missing"
    return None if oracle.kind == skua.kind else "the types differ"
