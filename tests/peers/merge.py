"""Two load runs at once and their merge: what the merged logs hold is what its members' hold, by HdrHistogram's own Python reader.

    python3 tests/peers/merge.py HEADCOUNT FOLDER          (the program; where the run directories go)

By tag and second of the clock, count by count: nothing is lost, added or averaged. The same of series.csv and counts.csv, and of the summary's
counts. The run directories stay, for hlog.py, schema.py and junit.py.
"""

import collections
import csv
import json
import math
import pathlib
import shutil
import subprocess
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

HEADCOUNT, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
SCENARIO = """
version: 1
name: shard
mock:
  latency: { lognormal: { p50: 20ms, p99: 90ms } }
  mischief: [{ name: some, share: 0.1, do: { error: { type: ServiceFailureException } } }]
operations: { weights: { create-attendee: 3, get-attendee: 1 } }
retry: { mode: standard, max_attempts: 3 }
load:
  open:
    stages: [{ name: up, warmup: true, rate: 5/s..60/s, duration: 2500ms }, { name: hold, rate: 60/s, duration: 3500ms }]
    max_in_flight: 2
    on_saturation: drop
thresholds: [errors.rate < 50%, dropped.rate < 90%]
"""
held = failed = 0


def check(name, condition, shown=""):
    global held, failed
    held, failed = held + bool(condition), failed + (not condition)
    if not condition:
        print(f"FAILED {name} {shown}")


def began(run):
    """When second 0 of a run began: the log's own base."""
    base = [line.split()[1] for line in (run / "latency.hlog").read_text().splitlines() if line.startswith("#[BaseTime: ")]
    return float(base[0])


def histograms(run):
    """(tag, second of the clock) -> value -> how often, by the reader, and the seconds by our own sums."""
    counts = collections.defaultdict(collections.Counter)
    reader = HistogramLogReader(str(run / "latency.hlog"), HdrHistogram(1, 3_600_000_000, 3))
    base = began(run)
    while interval := reader.get_next_interval_histogram():
        second = round(interval.get_start_time_stamp() / 1000 - base) + math.floor(base)
        for item in interval.get_recorded_iterator():
            counts[interval.get_tag(), second][item.value_iterated_to] += item.count_added_in_this_iter_step
    reader.close()
    return counts


def rows(run, file, key, columns):
    """(key columns with the second of the clock) -> sums of columns."""
    sums = collections.defaultdict(collections.Counter)
    with open(run / file, newline="") as lines:
        for row in csv.DictReader(lines):
            second = int(row["second"]) + math.floor(began(run))
            sums[(second, *(row[name] for name in key))].update({name: int(row[name]) for name in columns})
    return {at: +counted for at, counted in sums.items() if +counted}


def added(of):
    whole = collections.defaultdict(collections.Counter)
    for one in of:
        for at, counted in one.items():
            whole[at].update(counted)
    return dict(whole)


FOLDER.mkdir(parents=True, exist_ok=True)
(FOLDER / "shard.yaml").write_text(SCENARIO)
members = [FOLDER / f"shard-{n}.run" for n in (1, 2, 3)]
merged = FOLDER / "shards.run"
for run in [*members, merged]:
    shutil.rmtree(run, ignore_errors=True)
begun = [
    subprocess.Popen([HEADCOUNT, "load", FOLDER / "shard.yaml", "--run-dir", run, "--seed", str(n), "-q", "--set", f"load.open.stages.hold.rate={40 * n}/s"])
    for n, run in enumerate(members, 1)
]
codes = [process.wait(timeout=120) for process in begun]
check("the members end", all(code in (0, 96, 99) for code in codes), codes)
done = subprocess.run([HEADCOUNT, "merge", *members, "--run-dir", merged, "--min-coverage", "50%"], capture_output=True, text=True, timeout=60)
check("the merge ends", done.returncode in (0, 96, 99), done.stderr)

whole, parts = histograms(merged), [histograms(run) for run in members]
expected = added(parts)
check("something was measured", sum(sum(counted.values()) for counted in expected.values()) > 500)
check("the same tags and seconds", set(whole) == set(expected), set(whole) ^ set(expected))
for at, counted in expected.items():
    check(f"{at}: every value as often", whole[at] == counted, (whole[at], counted))

classes = [name for name in open(merged / "series.csv").readline().strip().split(",") if not name.endswith("_us")]
numbers = [name for name in classes if name not in ("second", "stage", "cpu_ms", "in_flight", "waiting")]
for file, key, columns in [("series.csv", (), numbers), ("counts.csv", ("stage", "call"), ["planned", "dropped", "retried"])]:
    ours, theirs = rows(merged, file, key, columns), added(rows(run, file, key, columns) for run in members)
    check(f"{file}: the same sums", ours == theirs, (ours, theirs))

summary, theirs = json.loads((merged / "summary.json").read_text()), [json.loads((run / "summary.json").read_text()) for run in members]
for name in summary["counts"]:
    check(f"counts: {name}", summary["counts"][name] == sum(one["counts"][name] for one in theirs))
check("some were dropped and some asked again", summary["counts"]["dropped"] > 0 and summary["counts"]["retries"] > 0, summary["counts"])
for of in ("stages", "operations"):
    for n, part in enumerate(summary[of]):
        for name in ("planned", "done", "dropped", "aborted"):
            check(f"{of}: {part['name']} {name}", part[name] == sum(one[of][n][name] for one in theirs), part)
check("errors by code", summary["errors"]["service-failure"]["count"] == sum(one["errors"]["service-failure"]["count"] for one in theirs))
check("all were there", len(summary["coverage"]["members"]) == 3, summary["coverage"])
print(f"merge, by HdrHistogram's own reader: {held} checks held, {failed} failed")
sys.exit(failed > 0)
