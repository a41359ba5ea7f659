"""latency.hlog of load runs, read back by HdrHistogram's own Python reader: every percentile of summary.json is found in it again.

    python3 tests/peers/hlog.py RUN...          (run directories)

A percentile is the value at a rank; the Python port rounds that rank where the Rust one takes the next whole number, so it is asked for the rank itself.
The METRIC tags are compared with the summary's `latency_ms`, and the METRIC/STAGE/CALL/CLASS tags, added up, with those of its stages and calls.
"""

import json
import math
import pathlib
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99_9": 0.999}
held = failed = 0


def check(name, condition, shown=""):
    global held, failed
    held, failed = held + bool(condition), failed + (not condition)
    if not condition:
        print(f"FAILED {name} {shown}")


def empty():
    return HdrHistogram(1, 3_600_000_000, 3)


def told(histogram):
    """As summary.json tells a histogram: milliseconds, of microseconds."""
    n = histogram.get_total_count()
    if n == 0:
        return {"count": 0}
    at = {name: histogram.get_value_at_percentile(100 * math.ceil(q * n) / n) / 1000 for name, q in QUANTILES.items()}
    return {"count": n, **at, "max": histogram.get_max_value() / 1000, "mean": histogram.get_mean_value() / 1000}


def same(name, histogram, summary):
    ours, theirs = dict(summary), told(histogram)
    means = ours.pop("mean", 0), theirs.pop("mean", 0)
    check(name, ours == theirs and abs(means[0] - means[1]) <= 0.001, (summary, theirs, means))


def compare(run):
    summary = json.loads((run / "summary.json").read_text())
    reader = HistogramLogReader(str(run / "latency.hlog"), empty())
    by_tag = {}
    while interval := reader.get_next_interval_histogram():
        by_tag.setdefault(interval.get_tag(), empty()).add(interval)
    reader.close()

    def added(meant):
        whole = empty()
        for tag, histogram in by_tag.items():
            if "/" in tag and meant(*tag.split("/")):
                whole.add(histogram)
        return whole

    warmup = {stage["name"] for stage in summary["stages"] if stage["warmup"]}
    for metric, latency in summary["latency_ms"].items():
        same(f"{run.name}: {metric}", by_tag.get(metric, empty()), latency)
        for stage in summary["stages"]:
            parts = added(lambda of, name, call, end: (of, name) == (metric, stage["name"]))
            same(f"{run.name}: {metric} of {stage['name']}", parts, stage["latency_ms"].get(metric, {"count": 0}))
        for call in summary["operations"]:
            parts = added(lambda of, name, which, end: (of, which) == (metric, call["name"]) and name not in warmup)
            same(f"{run.name}: {metric} of {call['name']}", parts, call["latency_ms"].get(metric, {"count": 0}))


for run in sys.argv[1:]:
    compare(pathlib.Path(run))
check("there was something to read", held > 0)
print(f"hlog, by HdrHistogram's own reader: {held} checks held, {failed} failed")
sys.exit(failed > 0)
