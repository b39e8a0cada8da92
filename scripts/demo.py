"""`make demo` and `make down`: the demo company through a real Airflow, on one machine.

`up` starts the services, lets the ingest DAGs run and the build that their assets start, shows what
is going on, and ends with the numbers. It then stays attached, and Ctrl-C stops everything; with
`--detach` it returns and leaves the services up for `down`.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from scripts import summary
from scripts.airflow_api import FINISHED, Airflow, AirflowError, Run, Task
from scripts.checks import NotReadyError, check_ready
from scripts.health import is_up
from scripts.processes import Started, describe, exit_code, start, started, stop_all
from scripts.service import SERVICES
from scripts.settings import ROOT, Settings, SettingsError

INGEST = tuple(sorted(path.stem for path in (ROOT / "dags").glob("ingest_*.py")))
BUILD = "build_warehouse"
AIRFLOW = ("airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer")
PASSWORD = "CLOSEBOOK_AIRFLOW_PASSWORD"  # noqa: S105 (the variable's name)
START_SECONDS = 180.0
RUN_SECONDS = 1800.0
SAY_SECONDS = 5.0


class DemoError(Exception):
    """The demo did not reach its end; the message says where to look."""


class Stopwatch:
    """Seconds since the demo began, and how long each of its parts took."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.parts: dict[str, float] = {}

    def seconds(self) -> float:
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        print(f"{self.seconds():6.1f} s  {text}", flush=True)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = self.seconds()
        yield
        self.parts[name] = round(self.seconds() - began, 1)


def up(settings: Settings, detach: bool) -> None:
    """Starts everything and waits for the published version.

    Raises NotReadyError before anything is started. DemoError later: services that could not start
    are stopped again; after a red task they stay up, to be looked at.
    """
    check_ready(settings)
    is_new = not settings.environment_file.exists()
    watch = Stopwatch()
    try:
        settings = _start(settings, watch)
    except BaseException:
        stop_all(settings)
        raise
    airflow = Airflow(settings.airflow_url, settings.required(PASSWORD))
    try:
        _run(settings, airflow, watch)
        _show(settings, watch, settings.required(PASSWORD) if is_new else "")
        if not detach:
            print("Ctrl-C stops everything.", flush=True)
            _stay(settings)
        print("`make down` stops everything.")
    except KeyboardInterrupt:
        print("\nstopping", flush=True)
        down(settings)


def down(settings: Settings) -> None:
    """Stops every process of this home. Raises DemoError when one would not go."""
    names = [service.name for service in started(settings)]
    left = stop_all(settings)
    if left:
        raise DemoError(f"would not stop: {', '.join(describe(pid) for pid in left)}")
    print(f"stopped {', '.join(names)}" if names else "nothing was running", flush=True)


def _start(settings: Settings, watch: Stopwatch) -> Settings:
    """Starts all services; returns the settings with what the company's home has added."""
    watch.say(f"home {settings.home}")
    with watch.part("company and Airflow's database"):
        first = [
            start(SERVICES[name], settings) for name in ("company", "airflow-metadata", "docs")
        ]
        _wait_for_end(first[:2], watch)
    settings = Settings.load()
    with watch.part("services"):
        services = first[2:] + [start(SERVICES[name], settings) for name in (*AIRFLOW, "vendors")]
        airflow = Airflow(settings.airflow_url, settings.required(PASSWORD))
        for name in AIRFLOW:
            _wait_until(partial(is_up, name, settings), name, services)
        for run in airflow.unfinished():
            # Cut off by the last stop: it would hold up its DAG until its heartbeat is missed.
            airflow.fail(run)
        _wait_until(lambda: {*INGEST, BUILD} <= airflow.dag_ids(), "the DAGs", services)
        services.append(start(SERVICES["cockpit"], settings))
        for name in ("vendors", "docs"):
            _wait_until(partial(is_up, name, settings), name, services)
    watch.say(f"Airflow is up at {settings.airflow_url}")
    return settings


def _run(settings: Settings, airflow: Airflow, watch: Stopwatch) -> None:
    """Triggers the ingest DAGs, follows them and the build that they start."""
    known = frozenset(run.run_id for run in airflow.unfinished())
    before = airflow.latest(BUILD, frozenset())
    if before:
        known |= {before.run_id}
    with watch.part("ingest"):
        _follow([airflow.trigger(dag_id) for dag_id in INGEST], airflow, settings, watch)
    with watch.part("build"):
        build = _appears(airflow, known, started(settings))
        _follow([build], airflow, settings, watch)
    for task in airflow.tasks([build])[build.run_id]:
        watch.parts[f"build: {task.task_id}"] = round(task.seconds, 1)


def _appears(airflow: Airflow, known: frozenset[str], services: list[Started]) -> Run:
    found: list[Run] = []

    def look() -> bool:
        run = airflow.latest(BUILD, known)
        if run:
            found.append(run)
        return run is not None

    _wait_until(look, f"{BUILD}, which the landing assets start,", services)
    return found[0]


def _follow(
    runs: list[Run],
    airflow: Airflow,
    settings: Settings,
    watch: Stopwatch,
) -> None:
    """Prints what goes on until every run has ended. Raises DemoError when one is red."""
    services = started(settings)
    failed: list[Run] = []
    going = list(runs)
    until = time.monotonic() + RUN_SECONDS
    said, said_at = "", 0.0
    while going:
        _check_services(services)
        if time.monotonic() > until:
            raise DemoError(f"not done after {RUN_SECONDS / 60:.0f} minutes: see {airflow.url}")
        lines = []
        now = airflow.runs(going)
        tasks = airflow.tasks(going)
        for run in now:
            if run.state in FINISHED:
                watch.say(f"{run.dag_id}: {run.state}, {_outcome(tasks[run.run_id])}")
                going = [other for other in going if other.run_id != run.run_id]
                if run.state == "failed":
                    failed.append(run)
            else:
                lines.append(f"{run.dag_id} {_progress(tasks[run.run_id])}")
        line = "; ".join(lines)
        if line not in ("", said) and watch.seconds() - said_at >= SAY_SECONDS:
            said, said_at = line, watch.seconds()
            watch.say(line)
        time.sleep(2)
    if failed:
        raise DemoError(_why(failed, settings))


def _progress(tasks: list[Task]) -> str:
    """``12/22 (aurora lead)``: tasks that ended, of all that are known, and those running now."""
    ended = sum(task.state in ("success", "skipped") for task in tasks)
    running = [task.label or task.task_id for task in tasks if task.state == "running"]
    again = sum(task.state == "up_for_retry" for task in tasks)
    notes = [*running, *([f"{again} to be tried again"] if again else [])]
    return f"{ended}/{len(tasks)}" + (f" ({', '.join(notes)})" if notes else "")


def _outcome(tasks: list[Task]) -> str:
    """How many tasks ended how; for a handful of them, how long each took."""
    states = Counter(task.state for task in tasks)
    text = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    if any(task.label for task in tasks):
        return text
    return f"{text}: " + ", ".join(f"{task.task_id} {task.seconds:.1f} s" for task in tasks)


def _why(failed: list[Run], settings: Settings) -> str:
    """The notices of the red runs, and what to do."""
    lines = []
    for path in sorted((settings.home / "notices").glob("*.json")):
        notice = json.loads(path.read_text(encoding="utf-8"))
        if notice["run_id"] in {run.run_id for run in failed}:
            lines += [notice["subject"], f"  {notice['because']}", f"  {notice['link']}"]
    names = ", ".join(run.dag_id for run in failed)
    return "\n".join((f"red: {names}", *lines, "Airflow is still up; `make down` stops it."))


def _show(settings: Settings, watch: Stopwatch, password: str) -> None:
    manifest = summary.published_manifest(settings.home)
    if manifest is None:
        raise DemoError(f"the build ended and nothing is published: see {settings.airflow_url}")
    _wait_until(partial(is_up, "cockpit", settings), "cockpit", started(settings))
    watch.say(f"published {manifest['version']}, as of {manifest['as_of_date']}")
    watch.parts["all"] = round(watch.seconds(), 1)
    (settings.run / "seconds").write_text(json.dumps(watch.parts, indent=1), encoding="utf-8")
    for title, lines in (
        ("The last complete month", summary.headline(settings.home)),
        ("The gates", summary.gates(manifest)),
        ("Open", summary.addresses(settings, password)),
    ):
        print(f"\n{title}", *lines, sep="\n  ")
    print(flush=True)


def _stay(settings: Settings) -> None:
    """Until Ctrl-C; a service that ends by itself is told once."""
    services = started(settings)
    while True:
        for service in list(services):
            code = exit_code(service)
            if code is not None and not SERVICES[service.name].one_shot:
                print(f"{service.name} ended ({code}): see {service.log}", flush=True)
                services.remove(service)
        time.sleep(1)


def _wait_for_end(services: list[Started], watch: Stopwatch) -> None:
    waiting = list(services)
    while waiting:
        for service in list(waiting):
            code = exit_code(service)
            if code == 0:
                watch.say(f"{service.name}: done")
                waiting.remove(service)
            elif code is not None:
                raise DemoError(_died(service, code))
        time.sleep(0.1)


def _wait_until(holds: Callable[[], bool], what: str, services: list[Started]) -> None:
    until = time.monotonic() + START_SECONDS
    while not holds():
        _check_services(services)
        if time.monotonic() > until:
            logs = Path(services[0].log).parent
            raise DemoError(f"{what} did not come within {START_SECONDS:.0f} s: see {logs}")
        time.sleep(0.3)


def _check_services(services: list[Started]) -> None:
    for service in services:
        code = exit_code(service)
        if code is not None and not SERVICES[service.name].one_shot:
            raise DemoError(_died(service, code))


def _died(service: Started, code: int) -> str:
    log = Path(service.log).read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(
        (f"{service.name} ended with {code}; its log, {service.log}, ends:", *log[-12:])
    )


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One `up` or `down` of a home at a time. Raises NotReadyError when another is at work."""
    settings.run.mkdir(parents=True, exist_ok=True)
    with (settings.run / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotReadyError(f"another `make demo` is attached to {settings.home}") from None
        yield


def main() -> int:
    """Returns 0, or 1 with the reason printed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.demo", description=__doc__)
    parser.add_argument("do", choices=("up", "down"))
    parser.add_argument(
        "--detach", action="store_true", help="return when the version is published"
    )
    options = parser.parse_args()
    # A shell that starts this in the background lets it ignore Ctrl-C; `kill` stops it as well.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        settings = Settings.load()
        if options.do == "down":
            down(settings)
        else:
            with _alone(settings):
                up(settings, options.detach)
    except (DemoError, NotReadyError, SettingsError, AirflowError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
