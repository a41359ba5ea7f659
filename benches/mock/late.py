"""Asks 4,000 times at some 800 a second, and reads from the mock's own log how much later than the latency asked for it answered."""

import http.client
import json
import sys
import threading
import time

port, log = int(sys.argv[1]), sys.argv[2]


def ask(n):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(n):
        connection.request("DELETE", "/meetings/00000000-0000-0000-0000-000000000000")
        connection.getresponse().read()


threads = [threading.Thread(target=ask, args=(1000,)) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
time.sleep(0.3)
late = sorted(r["replied_us"] - r["arrived_us"] - r["latency_us"] for r in map(json.loads, open(log)))
print(f"{len(late)} answers: late by p50 {late[len(late) // 2]} us, p99 {late[len(late) * 99 // 100]} us")
