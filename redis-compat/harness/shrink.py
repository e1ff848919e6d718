"""Delta debugging: the fewest commands of a failing stream that still fail."""

import time


def shrink(commands, fails, deadline):
    """A list from `commands`, as short as found before `deadline`, for which `fails` holds."""
    if not fails(commands):
        return commands
    size = len(commands) // 2
    while size >= 1 and time.monotonic() < deadline:
        shorter = _drop_chunks(commands, size, fails, deadline)
        if len(shorter) == len(commands):
            size //= 2
        else:
            commands = shorter
            size = min(size, len(commands) // 2)
    return _shorten_words(_drop_words(commands, fails, deadline), fails, deadline)


def _drop_chunks(commands, size, fails, deadline):
    """Tries to leave out each run of `size` commands, from the last, which usually matter least."""
    at = len(commands) - size
    while at > -size and time.monotonic() < deadline:
        start = max(0, at)
        candidate = commands[:start] + commands[start + size :]
        if candidate and fails(candidate):
            commands = candidate
        at = min(at, len(commands)) - size
    return commands


def _drop_words(commands, fails, deadline):
    """Tries to leave out words of long commands, half of them at a time and then fewer."""
    for index, args in enumerate(commands):
        def still_fails(words, before=commands[:index], after=commands[index + 1 :]):
            return fails(before + [words] + after)

        size = len(args) // 2 if len(args) > 4 else 0
        while size >= 1 and time.monotonic() < deadline:
            args = _drop_chunks(args, size, still_fails, deadline)
            size //= 2
        commands = commands[:index] + [args] + commands[index + 1 :]
    return commands


def _shorten_words(commands, fails, deadline):
    """Tries a shorter word for each long one."""
    for index, args in enumerate(commands):
        for place, word in enumerate(args):
            for shorter in (b"x", word[: len(word) // 2]):
                if len(word) <= 8 or time.monotonic() > deadline:
                    break
                tried = args[:place] + [shorter] + args[place + 1 :]
                candidate = commands[:index] + [tried] + commands[index + 1 :]
                if fails(candidate):
                    commands, args = candidate, tried
                    break
    return commands
