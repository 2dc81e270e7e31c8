"""`python -m cli.contracts` writes the contracts; with `--check` it only compares."""

import sys

from cli.contracts.compatibility import incompatibilities
from cli.contracts.consuming import expiring, unserved
from cli.contracts.gathering import TopicContracts, contracts_in
from cli.contracts.problems import Problem, unfinished
from cli.contracts.published import PUBLISHED
from cli.contracts.writing import differing, files_of, gather_all, write
from cli.local.paths import PROJECT
from shared.messaging.consumers import read_consumers

FOLDER = PROJECT / "docs" / "contracts"


def main() -> int:
    """Write the contracts, or with --check say which differ; 1 if something is wrong."""
    topics = gather_all(PUBLISHED, FOLDER)
    consumers = list(read_consumers(FOLDER / "consumers").values())
    problems = [problem for topic in topics for problem in _problems(topic)]
    problems += unserved(consumers, topics)
    for told in [*problems, *expiring(consumers, topics)]:
        print(told)
    if problems:
        return 1
    files = files_of(topics, consumers, FOLDER)
    wrong = differing(files, FOLDER)
    is_check = "--check" in sys.argv[1:]
    for path in wrong:
        name = path.relative_to(PROJECT)
        print(f"{name} is not what the code says. Fix: make contracts" if is_check else name)
    if not is_check:
        write(files, wrong)
    return 1 if is_check and wrong else 0


def _problems(topic: TopicContracts) -> list[Problem]:
    before = contracts_in(FOLDER / topic.published.folder)
    # The story can only be told once the events are what they should be.
    return list(incompatibilities(before, topic)) or list(unfinished(topic))


if __name__ == "__main__":
    sys.exit(main())
