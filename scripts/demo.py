"""`make demo` and `make down`: the demo company through a real Airflow, on one machine.

`up` starts the services, lets the ingest DAGs run and the build that their assets start, shows what
is going on, and ends with the numbers. It then stays attached, and Ctrl-C stops everything; with
`--detach` it returns and leaves the services up for `down`.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from scripts import summary
from scripts.airflow_api import FINISHED, Airflow, AirflowError, Run, Task
from scripts.checks import NotReadyError, check_ready
from scripts.processes import Started, describe, exit_code, start, started, stop_all
from scripts.service import SERVICES
from scripts.settings import Settings, SettingsError

INGEST = ("ingest_policy", "ingest_salesforce", "ingest_stripe", "ingest_zendesk", "ingest_files")
BUILD = "build_warehouse"
AIRFLOW = ("airflow-scheduler", "airflow-api-server", "airflow-dag-processor", "airflow-triggerer")
START_SECONDS = 180.0
RUN_SECONDS = 1800.0


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
    watch = Stopwatch()
    try:
        settings = _start(settings, watch)
    except BaseException:
        stop_all(settings)
        raise
    airflow = Airflow(settings.airflow_url, settings.required("CLOSEBOOK_AIRFLOW_PASSWORD"))
    try:
        _run(settings, airflow, watch)
        _show(settings, watch)
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
        airflow = Airflow(settings.airflow_url, settings.required("CLOSEBOOK_AIRFLOW_PASSWORD"))
        _wait_until(lambda: airflow.unhealthy() == [], "Airflow", services)
        for run in airflow.unfinished():
            # Cut off by the last stop: it would hold up its DAG until its heartbeat is missed.
            airflow.fail(run)
        _wait_until(lambda: {*INGEST, BUILD} <= airflow.dag_ids(), "the DAGs", services)
        services.append(start(SERVICES["cockpit"], settings))
        for port, name in ((settings.vendor_port, "vendors"), (settings.docs_port, "docs")):
            _wait_until(_answers(f"http://127.0.0.1:{port}/"), f"the {name}", services)
    watch.say(f"Airflow is up at {settings.airflow_url}")
    return settings


def _run(settings: Settings, airflow: Airflow, watch: Stopwatch) -> None:
    """Triggers the ingest DAGs, follows them and the build that they start."""
    services = started(settings)
    known = frozenset(run.run_id for run in airflow.unfinished())
    before = airflow.latest(BUILD, frozenset())
    if before:
        known |= {before.run_id}
    with watch.part("ingest"):
        _follow([airflow.trigger(dag_id) for dag_id in INGEST], airflow, services, watch)
    with watch.part("build"):
        build = _appears(airflow, known, services)
        _follow([build], airflow, services, watch)
    for task in airflow.tasks(build):
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


def _follow(runs: list[Run], airflow: Airflow, services: list[Started], watch: Stopwatch) -> None:
    """Prints what changes until every run has ended. Raises DemoError when one is red."""
    said: dict[str, str] = {}
    failed: list[str] = []
    open_runs = list(runs)
    until = time.monotonic() + RUN_SECONDS
    while open_runs:
        _check_services(services)
        if time.monotonic() > until:
            raise DemoError(f"not done after {RUN_SECONDS / 60:.0f} minutes: see {airflow.url}")
        for run in list(open_runs):
            now = airflow.run(run)
            tasks = airflow.tasks(run)
            line = _progress(now, tasks)
            if said.get(run.dag_id) != line:
                said[run.dag_id] = line
                watch.say(f"{run.dag_id:<18} {line}")
            if now.state in FINISHED:
                open_runs.remove(run)
                if now.state == "failed":
                    red = [
                        f"{task.task_id} {task.label}".strip()
                        for task in tasks
                        if task.state == "failed"
                    ]
                    failed.append(f"{run.dag_id}: {', '.join(red)}")
        time.sleep(1)
    if failed:
        raise DemoError(
            "red: " + "; ".join(failed) + f"\nthe notices in $CLOSEBOOK_HOME/notices say why; "
            f"look at {airflow.url}, then `make down`"
        )


def _progress(run: Run, tasks: list[Task]) -> str:
    """``12 of 20 done, running: extract aurora lead``; for the build, what each step took."""
    states = Counter(task.state for task in tasks)
    running = [task.label or task.task_id for task in tasks if task.state == "running"]
    if run.state in FINISHED:
        return f"{run.state}: " + ", ".join(f"{n} {state}" for state, n in sorted(states.items()))
    done = states["success"] + states["skipped"]
    retrying = f", {states['up_for_retry']} to be retried" if states["up_for_retry"] else ""
    now = f", now {', '.join(running)}" if running else ""
    return f"{done} of {len(tasks)} tasks done{retrying}{now}"


def _show(settings: Settings, watch: Stopwatch) -> None:
    manifest = summary.published_manifest(settings.home)
    if manifest is None:
        raise DemoError(f"the build ended and nothing is published: see {settings.airflow_url}")
    _wait_until(
        _answers(f"http://127.0.0.1:{settings.cockpit_port}/_stcore/health"),
        "the cockpit",
        started(settings),
    )
    watch.say(f"published {manifest['version']}, as of {manifest['as_of_date']}")
    watch.parts["all"] = round(watch.seconds(), 1)
    (settings.run / "seconds").write_text(json.dumps(watch.parts, indent=1), encoding="utf-8")
    for title, lines in (
        ("The last complete month", summary.headline(settings.home)),
        ("The gates", summary.gates(manifest)),
        ("Open", summary.addresses(settings)),
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


def _answers(url: str) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            with urlopen(url, timeout=2):  # noqa: S310 (this installation's own address)
                return True
        except URLError as error:
            # Any HTTP answer, a refusal too, comes from a server that is up.
            return hasattr(error, "code")
        except OSError:
            return False

    return ask


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
