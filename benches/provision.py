"""`provision` beside what people write today, against one mock in another process, in one run.

    python3 benches/provision.py [--rows 20000] [--million]

Prints a Markdown table: wall time, client CPU, CPU a row, peak memory. --million adds the roster of 1,000,000 rows (headcount
alone: first run, and the finished job again). Builds what it needs; boto3 comes from the interpreter's packages (tests/run
installs it pinned). Traffic goes to 127.0.0.1 alone.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEATS = 250
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDHEADCOUNTMOCK", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}


def build():
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.run(["cargo", "build", "--release"], cwd=ROOT, check=True)
    out = subprocess.run(["cargo", "bench", "--bench", "sdk_loop", "--no-run", "--message-format=json"], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    for line in out.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "sdk_loop":
            return target / "release/headcount", Path(message["executable"])
    sys.exit("sdk_loop was not built")


def start_mock(headcount, where):
    port_file = where / "port"
    mock = subprocess.Popen([headcount, "mock", "--listen", "127.0.0.1:0", "--port-file", port_file, "--auth", "on"], stderr=subprocess.DEVNULL)
    while not (port_file.exists() and port_file.read_text().strip()):
        if mock.poll() is not None:
            sys.exit("the mock did not start")
        time.sleep(0.02)
    return mock, "http://127.0.0.1:" + port_file.read_text().strip()


def make_roster(path, endpoint, rows):
    import boto3

    client = boto3.client("chime-sdk-meetings", region_name="us-east-1", endpoint_url=endpoint)
    meetings = []
    for n in range((rows + SEATS - 1) // SEATS):
        made = client.create_meeting(ClientRequestToken=f"{path.stem}-{n}", MediaRegion="us-east-1", ExternalMeetingId=f"bench {n}")
        meetings.append(made["Meeting"]["MeetingId"])
    with open(path, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["MeetingId", "ExternalUserId", "Audio", "Video", "Content"])
        for i in range(rows):
            writer.writerow([meetings[i // SEATS], f"user-{i:07d}", "Receive", "Receive", "Receive"])


def measure(command, env):
    began = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    if status:
        sys.exit(f"{command[0]} failed ({status}): {said[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def row(name, rows, figures):
    wall, cpu, memory = figures
    print(f"| {name} | {rows:,} | {wall:.1f} s | {cpu:.1f} s | {cpu / rows * 1e6:.0f} µs | {memory:.0f} MiB |", flush=True)
    return cpu / rows


def secret():
    # The mock's documented default, read where it is defined.
    for line in (ROOT / "src/mock/keys.rs").read_text().splitlines():
        if "DEFAULT_SECRET_KEY" in line and '"' in line:
            return line.split('"')[1]
    sys.exit("no default secret key in src/mock/keys.rs")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=20_000)
    arguments.add_argument("--million", action="store_true")
    arguments = arguments.parse_args()
    headcount, sdk_loop = build()
    for name, value in {**KEYS, "AWS_SECRET_ACCESS_KEY": secret()}.items():
        os.environ[name] = value
    with tempfile.TemporaryDirectory() as where:
        where = Path(where)
        mock, endpoint = start_mock(headcount, where)
        try:
            print("| client | rows | time | client CPU | CPU a row | peak memory |\n| --- | --- | --- | --- | --- | --- |")
            provision = lambda roster, out: [headcount, "provision", roster, "-o", out, "--endpoint-url", endpoint, "--rate", "unlimited", "--progress", "none"]
            costs = {}
            for name in ("headcount provision", "AWS SDK for Rust, 32 at once", "boto3, 16 threads"):
                roster, out = where / f"{name[0]}.csv", where / f"{name[0]}.out.csv"
                make_roster(roster, endpoint, arguments.rows)
                command = {
                    "h": provision(roster, out) + ["--rejects", where / "rejects-20k.csv"],
                    "A": [sdk_loop, roster, out, endpoint, "32"],
                    "b": [sys.executable, ROOT / "benches/peers/boto3_loop.py", roster, out, endpoint],
                }[name[0]]
                costs[name[0]] = row(name, arguments.rows, measure(command, os.environ))
            print(f"\nCPU a row, headcount to the SDK for Rust: {costs['h'] / costs['A']:.2f}; to boto3: {costs['h'] / costs['b']:.3f}")
            if arguments.million:
                print("\n| headcount provision | rows | time | client CPU | CPU a row | peak memory |\n| --- | --- | --- | --- | --- | --- |")
                roster, out = where / "million.csv", where / "million.out.csv"
                make_roster(roster, endpoint, 1_000_000)
                for name in ("first run", "the finished job again"):
                    row(name, 1_000_000, measure(provision(roster, out), os.environ))
                summary = json.loads((where / "million.out.csv.run/summary.json").read_text())
                print(f"\nthe finished job again: {summary['requests']} requests, all GetMeeting; {summary['counts']}")
        finally:
            mock.terminate()
            mock.wait()


main()
