"""Reports in JUnit's XML, read by junitparser: every threshold of a summary is a case of it, with the end that it had.

    python3 tests/peers/junit.py HEADCOUNT RUN...          (the program; run directories of loads)
"""

import json
import pathlib
import subprocess
import sys
import tempfile

from junitparser import Error, Failure, JUnitXml

HEADCOUNT = sys.argv[1]
ENDS = {"pass": None, "fail": Failure, "no-data": Failure, "doubtful": Error, "invalid": Error}
held = failed = 0


def check(name, condition, shown=""):
    global held, failed
    held, failed = held + bool(condition), failed + (not condition)
    if not condition:
        print(f"FAILED {name} {shown}")


def end(case):
    kinds = [type(result) for result in case.result]
    return kinds[0] if kinds else None


for run in map(pathlib.Path, sys.argv[2:]):
    summary, manifest = (json.loads((run / name).read_text()) for name in ("summary.json", "run.json"))
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        subprocess.run([HEADCOUNT, "report", run, "--format", "junit"], stdout=file, check=True)
        suites = list(JUnitXml.fromfile(file.name))
    check(f"{run.name}: one suite", len(suites) == 1 and suites[0].name == summary["name"], suites)
    cases = list(suites[0])
    wanted = [(of["check"], ENDS[of["verdict"]]) for of in summary["thresholds"]] + [("verdict", ENDS[summary["verdict"]])]
    check(f"{run.name}: cases and their ends", [(case.name, end(case)) for case in cases] == wanted, wanted)
    check(f"{run.name}: all of the scenario's class", {case.classname for case in cases} == {summary["name"]})
    check(f"{run.name}: time", abs(suites[0].time - summary["seconds"]) < 0.001 and cases[-1].time == suites[0].time)
    told = (suites[0].tests, suites[0].failures, suites[0].errors)
    suites[0].update_statistics()
    check(f"{run.name}: counted as its reader counts", told == (suites[0].tests, suites[0].failures, suites[0].errors), told)
    properties = {of.name: of.value for of in suites[0].properties()}
    for name in ("seed", "endpoint", "id"):
        known = manifest[name]
        check(f"{run.name}: {name}", properties.get(name) == (None if known is None else str(known)), properties)
    for case, of in zip(cases, summary["thresholds"]):
        for result in case.result:
            check(f"{run.name}: {case.name} says why", result.message and result.text.startswith(result.message), result.message)

check("there was something to read", held > 0)
print(f"JUnit, by junitparser: {held} checks held, {failed} failed")
sys.exit(failed > 0)
