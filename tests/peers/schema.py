"""summary.json of load runs and capacity.json of searches, held to the schemas that `headcount schema` prints, by the jsonschema package.

    python3 tests/peers/schema.py HEADCOUNT RUN...          (the program; directories of runs or searches)

The schemas themselves are good ones of their dialect; every file is valid; and one with a member left out, or of another kind, is not.
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


def validator(name):
    schema = json.loads(subprocess.run([HEADCOUNT, "schema", name], capture_output=True, check=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


SUMMARY, CAPACITY = validator("summary"), validator("capacity")


def held_to(name, file, schema, left_out=()):
    """A file as it is, without each member, with each of another kind, and with one more."""
    faults = [f"{list(error.absolute_path)}: {error.message}" for error in schema.iter_errors(file)]
    check(f"{name}: valid", not faults, faults)
    for member in file:
        if member not in left_out:
            less = {other: value for other, value in file.items() if other != member}
            check(f"{name}: {member} is needed", not schema.is_valid(less))
        check(f"{name}: {member} is no -1", not schema.is_valid({**file, member: -1}))
    check(f"{name}: what it does not know is no fault", schema.is_valid({**file, "later": 1}))


for run in map(pathlib.Path, sys.argv[2:]):
    if (run / "capacity.json").exists():
        kept = json.loads((run / "capacity.json").read_text())
        held_to(run.name, kept, CAPACITY)
        for n in range(len(kept["steps"])):
            for member in kept["steps"][n]:
                other = copy.deepcopy(kept)
                del other["steps"][n][member]
                check(f"{run.name}: {member} of a step is needed", not CAPACITY.is_valid(other))
            other = copy.deepcopy(kept)
            other["steps"][n]["verdict"] = "splendid"
            check(f"{run.name}: no such verdict", not CAPACITY.is_valid(other))
        continue
    summary = json.loads((run / "summary.json").read_text())
    held_to(run.name, summary, SUMMARY, left_out=["traffic", "coverage"])
    other = copy.deepcopy(summary)
    other["classes"]["splendid"] = 1
    check(f"{run.name}: no such class", not SUMMARY.is_valid(other))

check("there was something to read", held > 0)
print(f"schemas of summary and search, by jsonschema: {held} checks held, {failed} failed")
sys.exit(failed > 0)
