"""summary.json of load runs, held to the schema that `headcount schema summary` prints, by the jsonschema package.

    python3 tests/peers/schema.py HEADCOUNT RUN...          (the program; run directories)

The schema itself is a good one of its dialect; every summary is valid; and a summary with a member left out, or of another kind, is not.
"""

import copy
import json
import pathlib
import subprocess
import sys

import jsonschema

HEADCOUNT = sys.argv[1]
held = failed = 0


def check(name, condition, shown=""):
    global held, failed
    held, failed = held + bool(condition), failed + (not condition)
    if not condition:
        print(f"FAILED {name} {shown}")


schema = json.loads(subprocess.run([HEADCOUNT, "schema", "summary"], capture_output=True, check=True).stdout)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)

for run in map(pathlib.Path, sys.argv[2:]):
    summary = json.loads((run / "summary.json").read_text())
    faults = [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(summary)]
    check(f"{run.name}: valid", not faults, faults)
    for name in summary:
        if name != "traffic":
            less = {other: value for other, value in summary.items() if other != name}
            check(f"{run.name}: {name} is needed", not validator.is_valid(less))
        other = copy.deepcopy(summary)
        other[name] = -1
        check(f"{run.name}: {name} is no -1", not validator.is_valid(other))
    other = copy.deepcopy(summary)
    other["classes"]["splendid"] = 1
    check(f"{run.name}: no such class", not validator.is_valid(other))
    check(f"{run.name}: what it does not know is no fault", validator.is_valid({**summary, "later": 1}))

check("there was something to read", held > 0)
print(f"schema of the summary, by jsonschema: {held} checks held, {failed} failed")
sys.exit(failed > 0)
