"""The shipped load scenarios, run for real in a shortened form: the program, its embedded mock, sockets, the real clock.

    python3 tests/peers/scenarios.py HEADCOUNT FOLDER          (the program; where the run directories go)

Of each run the exit code, the verdict and what the scenario is there to show are checked, and the law: planned + retries = done + dropped +
aborted + unissued. A run that calls itself invalid was made on a busy machine, which is nobody's fault: it is made again, twice at the most.
The run directories stay, for hlog.py and schema.py.
"""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import time

HEADCOUNT, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
FILES = pathlib.Path(__file__).parents[2] / "scenarios"
held = failed = 0


def check(name, condition, shown=""):
    global held, failed
    held, failed = held + bool(condition), failed + (not condition)
    if not condition:
        print(f"FAILED {name} {shown}")


def load(name, *settings):
    """Runs a scenario with these values put into it, and returns its exit code, its summary and its manifest."""
    words = [word for setting in settings for word in ("--set", setting)]
    for attempt in range(3):
        run = FOLDER / f"{name}.run"
        shutil.rmtree(run, ignore_errors=True)
        done = subprocess.run([HEADCOUNT, "load", str(FILES / f"{name}.yaml"), "--run-dir", str(run), "--progress", "none", *words],
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 96:
            break
        print(f"{name}: invalid, once more: {done.stderr.strip()}")
    if not (run / "summary.json").exists():
        check(f"{name}: a summary", False, done.stderr)
        sys.exit(1)
    return done.returncode, *(json.loads((run / file).read_text()) for file in ("summary.json", "run.json"))


def run(name, *settings, code=0, verdict="pass"):
    """A run whose end is known, and what holds of every run."""
    began = time.monotonic()
    was, summary, manifest = load(name, *settings)
    counts, classes = summary["counts"], summary["classes"]
    check(f"{name}: the exit code", was == code, (was, summary["reasons"]))
    check(f"{name}: the verdict", summary["verdict"] == verdict, (summary["verdict"], summary["reasons"]))
    check(f"{name}: the law", counts["planned"] + counts["retries"] == counts["done"] + counts["dropped"] + counts["aborted"] + counts["unissued"], counts)
    check(f"{name}: sent = done + aborted", counts["sent"] == counts["done"] + counts["aborted"], counts)
    check(f"{name}: classes add up", sum(classes.values()) == counts["done"] + counts["dropped"] + counts["aborted"], classes)
    check(f"{name}: it ended by itself, with calls", (summary["ending"], counts["done"] > 0) == ("finished", True), summary["ending"])
    check(f"{name}: no meeting is left", (summary["meetings"]["made"], summary["meetings"]["left_over"]) == (summary["meetings"]["deleted"], []), summary["meetings"])
    check(f"{name}: the manifest", (manifest["verdict"], manifest["state"]) == (verdict, "finished") and manifest["set"] == list(settings), manifest)
    print(f"  {name}: {verdict}, {counts['done']:,} calls, {time.monotonic() - began:.1f} s")
    return summary


FOLDER.mkdir(parents=True, exist_ok=True)

smoke = run("smoke", "load.open.stages.steady.duration=2s")
check("smoke: 10 calls", smoke["classes"] == {"ok": 10}, smoke["classes"])

doors = run("doors-open", "target.meetings.create=4", "load.open.stages.warm-up.duration=1s", "load.open.stages.ramp.duration=2s", "load.open.stages.hold.duration=2s",
            "thresholds.2.over=1s", "thresholds.2.after=1s")
check("doors-open: warm-up is kept and not judged", doors["stages"][0]["warmup"] and doors["latency_ms"]["service"]["count"] == sum(s["done"] for s in doors["stages"][1:]))

spike = run("spike", "load.open.stages.before.duration=2s", "load.open.stages.spike.duration=2s", "load.open.stages.after.duration=3s", "thresholds.2.after=1s")
check("spike: it is one", spike["stages"][1]["done"] > 4 * spike["stages"][0]["done"], spike["stages"])

soak = run("soak", "load.open.stages.warm-up.duration=1s", "load.open.stages.soak.duration=4s", "target.meetings.renew=2s", "thresholds.0.over=1s")
check("soak: meetings are renewed", soak["meetings"]["renewed"] >= 1, soak["meetings"])
check("soak: three calls in a mix", [part["name"] for part in soak["operations"]] == ["create-attendee", "get-attendee", "delete-attendee"], soak["operations"])

wall = run("quota-wall", "load.open.stages.below.duration=2s", "load.open.stages.wall.duration=1s", "load.open.stages.beyond.duration=2s", "load.open.stages.beyond.rate=60/s",
           "load.open.stages.back.duration=4s", "load.open.stages.back.rate=4/s", "thresholds.2.after=2s")
check("quota-wall: the service's own word", "ThrottlingException" in wall["errors"]["throttled"]["codes"], wall["errors"])

closed = run("closed-loop", "load.closed.think=exponential:100ms", "load.closed.stages.arrive={ name: arrive, users: 0..10, duration: 2s, warmup: true }",
             "load.closed.stages.stay={ name: stay, users: 10, duration: 3s }", "load.closed.stages.leave={ name: leave, users: 10..0, duration: 1s }")
check("closed-loop: plans no rate, and says what its response is", closed["rate"]["planned"] is None and "response time is service time" in closed["notes"][0], closed["notes"])

trace = run("trace", "load.trace.speed=60")
told = json.loads((FOLDER / "trace.run" / "run.json").read_text())["scenario"]["leans_on"]
check("trace: the manifest knows the file", told == [{"file": "trace.csv", "sha256": hashlib.sha256((FILES / "trace.csv").read_bytes()).hexdigest()}], told)
lines = [line for line in (FILES / "trace.csv").read_text().splitlines() if line[:1].isdigit()]
check("trace: every arrival of the file", trace["counts"]["planned"] == len(lines), (trace["counts"], len(lines)))

stall = run("stall", "load.open.stages.steady.duration=5s", "mock.mischief.0.from=1s", "mock.mischief.0.until=2500ms", code=99, verdict="fail")
check("stall: what it fails by", [threshold["ok"] for threshold in stall["thresholds"]] == [True, False, True, True], stall["thresholds"])
check("stall: the wait is told from the service", stall["latency_ms"]["response"]["p99"] > 1000 > 100 > stall["latency_ms"]["service"]["p99"], stall["latency_ms"])

print(f"scenarios: {held} checks held, {failed} failed")
sys.exit(failed > 0)
