"""The command line: which cases, how many random commands, and the closing count."""

import argparse
import os
import random
import sys

from harness.cases import find_case_files, read_cases
from harness.differences import check_differences
from harness.play import Player
from harness.servers import CannotStart, Pair
from harness.text import BadCase

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FULL_RANDOM_COMMANDS = 100_000
QUICK_RANDOM_COMMANDS = 20_000
EVENT_COMMANDS = 8_000


def main(arguments):
    options = _parse_options(arguments)
    try:
        sections = _select_sections(options)
        if options.coverage:
            from harness.coverage import write_coverage

            return write_coverage(ROOT, options.skua)
        with Pair(options.skua) as pair:
            return _run(options, sections, pair)
    except (BadCase, CannotStart) as error:
        print(f"redis-compat: {error}", file=sys.stderr)
        return 1


def _parse_options(arguments):
    default_skua = os.environ.get(
        "SKUA_SERVER", os.path.join(os.path.dirname(ROOT), "build", "skua-server")
    )
    parser = argparse.ArgumentParser(
        prog="redis-compat/run", description="Compares Skua with a real redis-server."
    )
    parser.add_argument("--only", metavar="TEXT", help="cases whose path or section has TEXT")
    parser.add_argument("--family", help="cases of one folder")
    parser.add_argument("--random", type=int, metavar="N", help="how many random commands")
    parser.add_argument("--seed", type=int, help="of the random commands; default: a fresh one")
    parser.add_argument("--events", action="store_true",
                        help="compare the notifications of all random commands")
    parser.add_argument("--quick", action="store_true", help="fewer random commands, fixed seed")
    parser.add_argument("--skua", default=default_skua, metavar="PATH",
                        help="Skua's binary; 'redis' compares redis-server with itself")
    parser.add_argument("--syntax-from", choices=["redis", "skua"], default="redis",
                        help="whose COMMAND DOCS random commands are made from")
    parser.add_argument("--coverage", action="store_true", help="write coverage.md and stop")
    parser.add_argument("-v", action="store_true", dest="is_verbose", help="name each section")
    options = parser.parse_args(arguments)
    if options.random is None:
        is_selective = options.only or options.family
        full = QUICK_RANDOM_COMMANDS if options.quick else FULL_RANDOM_COMMANDS
        options.random = 0 if is_selective else full
        options.event_random = 0 if is_selective else EVENT_COMMANDS
    else:
        options.event_random = 0
    if options.events:
        options.random, options.event_random = 0, options.random
    if options.seed is None:
        options.seed = 1 if options.quick else random.SystemRandom().randrange(1 << 32)
    return options


def _select_sections(options):
    sections = []
    for path in find_case_files(ROOT, options.family):
        sections += read_cases(path)
    problems = check_differences(ROOT, sections) if not options.family else []
    if problems:
        raise BadCase("\n".join(problems))
    if options.only:
        sections = [one for one in sections if options.only in one.path + " " + one.title]
    return sections


def _run(options, sections, pair):
    passed, failed = _play_sections(options, sections, pair)
    for count, has_events in (options.random, False), (options.event_random, True):
        if count > 0:
            from harness.streams import play_streams

            more_passed, more_failed = play_streams(pair, options, count, has_events)
            passed, failed = passed + more_passed, failed + more_failed
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def _play_sections(options, sections, pair):
    player = Player(pair)
    passed = failed = 0
    for section in sections:
        for protocol in section.protocols:
            if options.is_verbose:
                print(f"{os.path.relpath(section.path, ROOT)}: {section.title} (RESP{protocol})")
            problems = player.play(section, protocol)
            for problem in problems:
                print(problem.replace(ROOT + os.sep, ""))
            passed += not problems
            failed += bool(problems)
    return passed, failed
