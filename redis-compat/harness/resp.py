"""RESP as the comparison needs it: replies as values that still know their type byte.

A reply is a `Reply(kind, value, raw)`. `kind` is the type byte as a one-letter string and `value`

    + - $ = , (    bytes, None for the RESP2 null bulk
    :              int
    #              bool
    _              None
    * ~ >          list of Reply, None for the RESP2 null array
    % |            list of (Reply, Reply)

so that nothing the wire said is lost, and `raw` holds the very bytes.
"""


class Incomplete(Exception):
    """The buffer ends before the reply does."""


class Malformed(Exception):
    """These bytes are no RESP."""


class Reply:
    __slots__ = ("kind", "value", "raw")

    def __init__(self, kind, value, raw=b""):
        self.kind = kind
        self.value = value
        self.raw = raw

    def is_aggregate(self):
        return self.kind in "*~>%|" and self.value is not None

    def children(self):
        """The nested replies in wire order."""
        if self.kind in "%|":
            return [part for pair in self.value for part in pair]
        return self.value


def parse_reply(data, start=0):
    """The reply that begins at `start` and the offset just after it."""
    end = data.find(b"\r\n", start)
    if end < 0:
        raise Incomplete
    kind = chr(data[start])
    line = bytes(data[start + 1 : end])
    after = end + 2
    if kind in "+-,(":
        value = line
    elif kind == ":":
        value = _number(line)
    elif kind == "#":
        value = line == b"t"
    elif kind == "_":
        value = None
    elif kind in "$=":
        value, after = _parse_bulk(data, after, _number(line))
    elif kind in "*~>":
        value, after = _parse_items(data, after, _number(line))
    elif kind in "%|":
        items, after = _parse_items(data, after, 2 * _number(line))
        value = list(zip(items[::2], items[1::2]))
    else:
        raise Malformed(f"a reply cannot start with {data[start:start + 20]!r}")
    return Reply(kind, value, bytes(data[start:after])), after


def _number(line):
    try:
        return int(line)
    except ValueError:
        raise Malformed(f"not a number: {line!r}") from None


def _parse_bulk(data, start, length):
    if length < 0:
        return None, start
    if len(data) < start + length + 2:
        raise Incomplete
    return bytes(data[start : start + length]), start + length + 2


def _parse_items(data, start, count):
    if count < 0:
        return None, start
    items = []
    for _ in range(count):
        item, start = parse_reply(data, start)
        items.append(item)
    return items, start


def parse_all(data):
    """Every whole reply in `data`."""
    replies, at = [], 0
    while at < len(data):
        reply, at = parse_reply(data, at)
        replies.append(reply)
    return replies


def encode_command(args):
    """A command as clients send it: an array of bulk strings."""
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        parts.append(b"$%d\r\n%b\r\n" % (len(arg), arg))
    return b"".join(parts)


def quote(data):
    """Bytes as a case file writes them: bare where that is unambiguous, else quoted."""
    text = "".join(_quote_byte(byte) for byte in data)
    is_bare = text and not any(letter in " \"'\\#\t=~@>[]{}," for letter in text)
    return text if is_bare else f'"{text}"'


def _quote_byte(byte):
    named = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x22: '\\"', 0x5C: "\\\\"}
    if byte in named:
        return named[byte]
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"


def describe(reply):
    """A reply in the notation that case files use for expected replies."""
    kind, value = reply.kind, reply.value
    if kind == "_" or (kind == "$" and value is None):
        return "nil"
    if value is None:
        return "nil-array"
    if kind in "+-":
        return kind + "".join(_quote_byte(byte) for byte in value)
    if kind == ":":
        return str(value)
    if kind == "#":
        return "true" if value else "false"
    if kind == "$":
        return '"' + "".join(_quote_byte(byte) for byte in value) + '"'
    if kind in ",(=":
        return kind + "".join(_quote_byte(byte) for byte in value)
    if kind in "%|":
        pairs = ", ".join(f"{describe(key)}: {describe(item)}" for key, item in value)
        return "{" + pairs + "}"
    opening = {"*": "[", "~": "~[", ">": ">["}[kind]
    return opening + ", ".join(describe(item) for item in value) + "]"
