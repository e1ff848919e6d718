"""Expected replies in the notation of case files, turned into the bytes of either protocol.

    nil  nil-array  true  false      the nulls and booleans
    12                               an integer
    "text"                           a bulk string, with the escapes of commands
    +OK   -ERR words                 a simple string, an error (to the end of the line or , ] })
    +"text"                          a simple string of any characters
    ,1.5                             a double: a bulk string in RESP2
    [a, b]  ~[a, b]  {k: v}          an array, a set, a map; in RESP2 all are arrays, maps flat
    >[a, b]                          a push; in RESP2 an array
    -ERR words*                      any error that begins so (only as the whole reply)
"""

from harness.text import BadCase, unescape


def is_expected(text, protocol, reply):
    """Whether `reply` is what `text` announces for that protocol."""
    text = text.strip()
    if text.startswith("-") and text.endswith("*"):
        return reply.raw.startswith(text[:-1].encode("latin-1"))
    return reply.raw == encode_expected(text, protocol)


def encode_expected(text, protocol):
    """The bytes a server must send for `text` in RESP2 or RESP3."""
    encoder = _Encoder(text.strip(), protocol)
    data = encoder.encode_value()
    encoder.expect_end()
    return data


class _Encoder:
    def __init__(self, text, protocol):
        self.text = text
        self.at = 0
        self.is_resp3 = protocol == 3
        self.depth = 0

    def encode_value(self):
        self._skip_spaces()
        rest = self.text[self.at :]
        if rest.startswith('"'):
            return self._bulk(self._take_quoted())
        if rest.startswith('+"'):
            self.at += 1
            return b"+" + self._take_quoted() + b"\r\n"
        if rest[:1] in "+-" and not rest[1:2].isdigit():
            return self._take_line().encode("latin-1") + b"\r\n"
        if rest.startswith("~["):
            return self._take_list("~[", "]", b"~")
        if rest.startswith(">["):
            return self._take_list(">[", "]", b">")
        if rest.startswith("["):
            return self._take_list("[", "]", b"*")
        if rest.startswith("{"):
            return self._take_map()
        if rest.startswith(","):
            self.at += 1
            number = self._take_word().encode()
            return b",%b\r\n" % number if self.is_resp3 else self._bulk(number)
        return self._encode_word(self._take_word())

    def expect_end(self):
        self._skip_spaces()
        if self.at != len(self.text):
            raise BadCase(f"unexpected text after the reply: {self.text[self.at:]!r}")

    def _encode_word(self, word):
        if word == "nil":
            return b"_\r\n" if self.is_resp3 else b"$-1\r\n"
        if word == "nil-array":
            return b"_\r\n" if self.is_resp3 else b"*-1\r\n"
        if word in ("true", "false"):
            if self.is_resp3:
                return b"#%b\r\n" % word[:1].encode()
            return b":1\r\n" if word == "true" else b":0\r\n"
        try:
            return b":%d\r\n" % int(word)
        except ValueError:
            raise BadCase(f"no reply is written {word!r}") from None

    def _take_list(self, opening, closing, kind):
        items = self._take_items(opening, closing, self.encode_value)
        return (kind if self.is_resp3 else b"*") + b"%d\r\n" % len(items) + b"".join(items)

    def _take_map(self):
        items = self._take_items("{", "}", self._take_pair)
        count = len(items) if self.is_resp3 else 2 * len(items)
        return (b"%%" if self.is_resp3 else b"*")[:1] + b"%d\r\n" % count + b"".join(items)

    def _take_pair(self):
        key = self.encode_value()
        self._skip_spaces()
        if self.text[self.at : self.at + 1] != ":":
            raise BadCase("a map needs a colon between key and value")
        self.at += 1
        return key + self.encode_value()

    def _take_items(self, opening, closing, take):
        self.at += len(opening)
        self.depth += 1
        items = []
        self._skip_spaces()
        while not self.text.startswith(closing, self.at):
            if self.at >= len(self.text):
                raise BadCase(f"missing {closing}")
            items.append(take())
            self._skip_spaces()
            if self.text.startswith(",", self.at):
                self.at += 1
                self._skip_spaces()
        self.at += len(closing)
        self.depth -= 1
        return items

    def _take_quoted(self):
        end = self.at + 1
        while end < len(self.text) and self.text[end] != '"':
            end += 2 if self.text[end] == "\\" else 1
        body = self.text[self.at + 1 : end]
        self.at = end + 1
        return unescape(body)

    def _take_line(self):
        stops = ",]}" if self.depth else ""
        return self._take_until(stops)

    def _take_word(self):
        return self._take_until(",]}: ")

    def _take_until(self, stops):
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in stops:
            self.at += 1
        return self.text[start : self.at]

    def _skip_spaces(self):
        while self.text.startswith(" ", self.at):
            self.at += 1

    @staticmethod
    def _bulk(data):
        return b"$%d\r\n%b\r\n" % (len(data), data)
