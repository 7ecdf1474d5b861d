"""What a soak found: troubles with their recoveries, needs, and broken rules."""

from collections import defaultdict
from dataclasses import dataclass, field
import statistics

from tests.e2e.soak.watch import Needs

# By how many objects a process may grow after it is warm: at once, since caches fill with what
# happens seldom, and in an hour on top.
OBJECTS, OBJECTS_AN_HOUR = 15_000, 15_000
# By how many MiB, likewise: garbage that waits for minutes, the recorder's cache, and what both
# leave between them, which is not given back.
MEMORY, MEMORY_AN_HOUR = 24.0, 8.0
FILES, THREADS, TASKS = 4, 12, 8


@dataclass
class Report:
    """Everything that is printed at the end."""

    recoveries: dict[tuple[str, str], list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )
    needs: list[tuple[str, Needs, Needs]] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def recovered(self, family: str, kind: str, seconds: float) -> None:
        """Note how long it took until all was well again behind a trouble."""
        self.recoveries[family, kind].append(seconds)

    def compare(self, what: str, before: Needs, after: Needs, seconds: float) -> None:
        """Note what a process needed when it was warm and at the end."""
        self.needs.append((what, before, after))
        hours = seconds / 3600
        for name, grown, most in (
            ("MiB", after.memory - before.memory, MEMORY + MEMORY_AN_HOUR * hours),
            ("objects", after.objects - before.objects, OBJECTS + OBJECTS_AN_HOUR * hours),
            ("open files", after.files - before.files, FILES),
            ("threads", after.threads - before.threads, THREADS),
            ("tasks", after.tasks - before.tasks, TASKS),
        ):
            if grown > most:
                self.broken.append(f"{what}: {grown:.0f} {name} more, {most:.0f} are allowed")

    def print(self) -> None:
        """Print tables of all but the broken rules."""
        by_kind: dict[str, list[float]] = defaultdict(list)
        for (_, kind), each in self.recoveries.items():
            by_kind[kind] += each
        by_family: dict[str, list[float]] = defaultdict(list)
        for (family, _), each in self.recoveries.items():
            by_family[family] += each
        print(
            f"{'trouble':<20}{'times':>7}{'median':>9}{'worst':>9}   back after it was over, in s"
        )
        for name, each in (*sorted(by_kind.items()), *sorted(by_family.items())):
            print(f"{name:<20}{len(each):>7}{statistics.median(each):>9.1f}{max(each):>9.1f}")
        print(
            f"{'Home Assistant':<20}{'MiB':>16}{'objects':>18}"
            f"{'files':>12}{'threads':>12}{'tasks':>12}"
        )
        for what, before, after in self.needs:
            print(
                f"{what:<20}{before.memory:>8.0f}{after.memory:>8.0f}"
                f"{before.objects:>9}{after.objects:>9}"
                f"{before.files:>6}{after.files:>6}{before.threads:>6}{after.threads:>6}"
                f"{before.tasks:>6}{after.tasks:>6}"
            )
        for fact in self.facts:
            print(fact)
