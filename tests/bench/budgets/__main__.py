"""Runs all measurements and prints one table; fails if a budget is missed."""

import argparse
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import sys

from . import bus, controls, decoding, hid, home, polling, recorder, streams
from .figure import Measurement, measured, print_figures

MEASUREMENTS: tuple[Measurement, ...] = (
    decoding.decoding,
    streams.streams,
    polling.polling,
    hid.reads_per_second,
    hid.full_poll,
    bus.full_bus,
    bus.lonely_pack,
    controls.round_trips,
    home.one_pack,
    home.many_packs,
    home.memory,
    home.recovery_of_a_port,
    home.recovery_of_a_server,
    recorder.hour_of_states,
)


def main() -> int:
    """Measure everything, or the parts that are named; return the exit status."""
    parts = {each.__module__.rpartition(".")[2]: each.__module__ for each in MEASUREMENTS}
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*parts, []], help="what to measure")
    chosen = parser.parse_args().part or parts
    figures = []
    # A Home Assistant has a process for itself, and only one.
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for measure in MEASUREMENTS:
            if measure.__module__.rpartition(".")[2] not in chosen:
                continue
            print(f"measuring {measure.__name__}", file=sys.stderr)
            figures += processes.submit(measured, measure).result()
    print_figures(figures)
    missed = [figure.what for figure in figures if not figure.met]
    for what in missed:
        print(f"missed: {what}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
