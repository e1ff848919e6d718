"""The syntax of commands as COMMAND DOCS tells it: a tree of arguments for each command."""


class Argument:
    """One argument: `kind` is key, string, integer, double, pattern, unix-time, pure-token,
    oneof or block; `children` are the alternatives or the sequence of the last two."""

    def __init__(self, fields):
        self.name = fields[b"name"].decode()
        self.kind = fields[b"type"].decode()
        self.token = fields.get(b"token", b"")
        flags = {flag.decode() for flag in fields.get(b"flags", [])}
        self.is_optional = "optional" in flags
        self.is_multiple = "multiple" in flags
        self.repeats_token = "multiple_token" in flags
        self.children = [Argument(child) for child in fields.get(b"arguments", [])]

    def tokens(self):
        """Every token that may appear here or below."""
        found = [self.token.decode()] if self.token else []
        for child in self.children:
            found += child.tokens()
        return found

    def without(self, tokens):
        """This argument with none of `tokens` in it, or None when nothing is left."""
        if self.token.decode().upper() in tokens:
            return None
        self.children = _without(self.children, tokens)
        is_empty = self.kind in ("oneof", "block") and not self.children
        return None if is_empty else self


class Command:
    """A command or, with a space in its name, a subcommand."""

    def __init__(self, name, fields):
        self.name = name
        self.words = [word.upper().encode() for word in name.split(" ")]
        self.arguments = [Argument(one) for one in fields.get(b"arguments", [])]

    def tokens(self):
        found = []
        for argument in self.arguments:
            found += argument.tokens()
        return list(dict.fromkeys(token.upper() for token in found))

    def drop_tokens(self, tokens):
        self.arguments = _without(self.arguments, tokens)


def _without(arguments, tokens):
    kept = [argument.without(tokens) for argument in arguments]
    return [argument for argument in kept if argument is not None]


def read_syntax(connection):
    """All commands a server documents, by lower-case name ("set", "client kill")."""
    docs = _to_plain(connection.ask("COMMAND", "DOCS"))
    commands = {}
    for name, fields in _pairs(docs):
        _add_command(commands, name.decode().lower(), dict(_pairs(fields)))
    return commands


def _add_command(commands, name, fields):
    fields[b"arguments"] = [_to_argument(one) for one in fields.get(b"arguments", [])]
    commands[name] = Command(name, fields)
    for full_name, subfields in _pairs(fields.get(b"subcommands", [])):
        subname = full_name.decode().lower().replace("|", " ")
        _add_command(commands, subname, dict(_pairs(subfields)))


def _to_argument(plain):
    fields = dict(_pairs(plain))
    fields[b"arguments"] = [_to_argument(one) for one in fields.get(b"arguments", [])]
    return fields


def _to_plain(reply):
    if reply.is_aggregate():
        return [_to_plain(child) for child in reply.children()]
    return reply.value


def _pairs(items):
    return list(zip(items[::2], items[1::2]))
