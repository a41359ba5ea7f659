"""A webinar of ten thousand, for real: the published quotas, meetings that end, failures, kills, a late roster.

    python webinar.py HEADCOUNT DIR

The roster is provisioned over one primary and forty replicas, against the embedded mock and against `headcount mock` in another
process. What was given is counted by boto3 (ListAttendees), which knows nothing of our ledger. About two minutes.
"""
import concurrent.futures
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
from botocore.config import Config

HEADCOUNT, DIR = Path(sys.argv[1]).absolute(), Path(sys.argv[2])
KEY, SECRET = "AKIDHEADCOUNTMOCK", "headcount-mock-secret-key-EXAMPLE-0000000"
WEBINAR = ["--create-meetings", "--audience", "replicas", "--batch", "auto", "--rate", "10/s"]
PEOPLE = 10_000
checks = 0


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        raise SystemExit(f"webinar: {what}")


class Mock:
    """`headcount mock` on a port of its own."""

    def __init__(self, name, *args):
        port = DIR / f"{name}.port"
        port.unlink(missing_ok=True)
        command = [HEADCOUNT, "mock", "--listen", "127.0.0.1:0", "--port-file", port, *args]
        self.log = open(DIR / f"{name}.mock", "w")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        while not (port.exists() and port.read_text().strip()):
            check(self.process.poll() is None, f"the mock of {name} does not start")
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{port.read_text().strip()}"
        self.boto = boto3.client("chime-sdk-meetings", region_name="us-east-1", endpoint_url=self.url, aws_access_key_id=KEY,
                                 aws_secret_access_key=SECRET, config=Config(retries={"max_attempts": 20, "mode": "standard"}))

    def attendees(self, meeting):
        """AttendeeId and token by ExternalUserId, as the service lists them."""
        found, token = {}, None
        while True:
            page = self.boto.list_attendees(MeetingId=meeting, MaxResults=100, **({"NextToken": token} if token else {}))
            found |= {a["ExternalUserId"]: (a["AttendeeId"], a["JoinToken"]) for a in page["Attendees"]}
            token = page.get("NextToken")
            if not token:
                return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def begin(name, roster, *args):
    place = DIR / name
    place.mkdir(exist_ok=True)
    env = os.environ | {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    log = open(place / "log", "a")
    command = [HEADCOUNT, "provision", roster, "-o", place / "tokens.csv", *args]
    return place, subprocess.Popen(command, stdout=log, stderr=log, env=env)


def provision(name, roster, *args):
    started = time.monotonic()
    place, process = begin(name, roster, *args)
    code = process.wait()
    return place, code, time.monotonic() - started


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def whole(place, people):
    """Every row has its token, in a meeting that is told of, and no meeting is overfull."""
    tokens, meetings = rows(place / "tokens.csv"), rows(place / "meetings.csv")
    check({row["ExternalUserId"] for row in tokens} == set(people) and len(tokens) == len(people), f"{place.name}: every row once")
    seats = {}
    for row in tokens:
        seats[row["MeetingId"]] = seats.get(row["MeetingId"], 0) + 1
    check(max(seats.values()) <= 250, f"{place.name}: no meeting is overfull")
    check(set(seats) <= {row["MeetingId"] for row in meetings}, f"{place.name}: every meeting is told of")
    return tokens, meetings


def as_listed(mock, place, people):
    """The tokens file says what the service lists, and the service holds nobody else."""
    tokens, meetings = whole(place, people)
    listed = {m["MeetingId"]: mock.attendees(m["MeetingId"]) for m in meetings}
    check(sum(map(len, listed.values())) == len(people), f"{place.name}: nobody doubled, nobody lost")
    for row in tokens:
        check(listed[row["MeetingId"]].get(row["ExternalUserId"]) == (row["AttendeeId"], row["JoinToken"]), f"{place.name}: a wrong token")
    return tokens, meetings


def roster(name, rows_):
    path = DIR / name
    path.write_text("ExternalUserId,MeetingId\n" + "".join(f"{user},{session}\n" for user, session in rows_))
    return path


QUOTA = "published,replicas=40"
LIVES = ["--quota", QUOTA, "--lifetime", "on"]


def embedded(people, big):
    place, code, took = provision("embedded", big, "--mock", "--mock-quota", QUOTA, *WEBINAR)
    whole(place, people)
    calls = json.loads((place / "tokens.csv.run" / "summary.json").read_text())["requests"]
    # At 10 a second after a burst, so many calls take 15 s; the clock itself is not held to anything here.
    check(code == 0 and calls <= 170, f"embedded: {calls} calls, exit {code}")
    print(f"embedded mock, published quotas: {PEOPLE} tokens in {took:.1f} s by {calls} calls (one by one: 998 s)")


def trouble(people, big, mischief):
    with Mock("trouble", *LIVES, "--mischief", mischief) as mock:
        place, code, took = provision("trouble", big, "--endpoint-url", mock.url, *WEBINAR)
        as_listed(mock, place, people)
        check(code == 0, f"trouble: exit {code}")
        print(f"1 % of 503s and 1 % of lost replies: {took:.1f} s")


def killed(people, big, mischief):
    with Mock("killed", *LIVES, "--mischief", mischief) as mock:
        for after in (3, 4):
            _, process = begin("killed", big, "--endpoint-url", mock.url, *WEBINAR)
            time.sleep(after)
            process.send_signal(signal.SIGKILL)
            process.wait()
        place, code, took = provision("killed", big, "--endpoint-url", mock.url, *WEBINAR)
        as_listed(mock, place, people)
        check(code == 0, f"killed: exit {code}")
        print(f"killed twice on the way: the third run ends after {took:.1f} s; nobody lost, nobody doubled")


def died(people, big):
    # Six times faster than in life: five minutes are 50 s.
    with Mock("died", *LIVES, "--time-scale", "6x") as mock:
        place, code, _ = provision("died", big, "--endpoint-url", mock.url, *WEBINAR)
        before = {row["MeetingId"] for row in whole(place, people)[1]}
        time.sleep(51)
        place, code, took = provision("died", big, "--endpoint-url", mock.url, *WEBINAR)
        _, meetings = as_listed(mock, place, people)
        check(code == 0 and before.isdisjoint(row["MeetingId"] for row in meetings), "died: no token of an ended meeting is told as good")
        check({row["Generation"] for row in meetings} == {"2"}, "died: the next generation")
        print(f"run again after the meetings had died: the next generation, all tokens in {took:.1f} s")


def late():
    with Mock("late") as mock:
        first = [(f"user-{n}", ["Keynote", "Workshop"][n % 2]) for n in range(1000)]
        common = ["--endpoint-url", mock.url, "--create-meetings", "--batch", "auto", "--rate", "200/s"]
        place, code, _ = provision("late", roster("first.csv", first), *common)
        check(code == 0, f"late: exit {code}")
        swap = {"Keynote": "Workshop", "Workshop": "Keynote"}
        second = [(user, swap[session] if 100 <= n < 150 else session) for n, (user, session) in enumerate(first) if n >= 30]
        second += [(f"late-{n}", "Keynote") for n in range(200)]
        place, code, _ = provision("late", roster("second.csv", second), *common, "--prune", "--yes")
        check(code == 0, f"late: with --prune, exit {code}")
        as_listed(mock, place, [user for user, _ in second])
        asked = json.loads((place / "tokens.csv.run" / "summary.json").read_text())["requests"]
        check(asked <= 60, f"late: only the difference is asked for, and it took {asked} requests")
        env = os.environ | {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
        clean = subprocess.run([HEADCOUNT, "reconcile", place / "tokens.csv.run", "--endpoint-url", mock.url], capture_output=True, text=True, env=env)
        check(clean.returncode == 0 and re.search(r"\bclean\b", clean.stdout + clean.stderr), f"late: reconcile says {clean.stdout}{clean.stderr}")
        print("late roster (200 added, 50 moved, 30 removed), --prune: only the difference; reconcile: clean")



def main():
    subprocess.run(["rm", "-rf", DIR], check=True)
    DIR.mkdir(parents=True)
    people = [f"user-{i:05}@example.com" for i in range(PEOPLE)]
    big = DIR / "big.csv"
    big.write_text("ExternalUserId\n" + "\n".join(people) + "\n")
    mischief = DIR / "mischief.yaml"
    mischief.write_text("version: 1\nmischief:\n  - {name: unavailable, share: 0.01, do: {error: {type: ServiceUnavailableException}}}\n"
                        "  - {name: lost, share: 0.01, do: {reset: after_work}}\n")
    # The cases wait for their quotas most of the time, so they go side by side.
    with concurrent.futures.ThreadPoolExecutor() as pool:
        cases = [pool.submit(embedded, people, big), pool.submit(trouble, people, big, mischief),
                 pool.submit(killed, people, big, mischief), pool.submit(died, people, big), pool.submit(late)]
        for case in cases:
            case.result()
    print(f"webinar: {checks} checks, none failed")


main()
