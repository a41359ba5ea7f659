"""Writes so many distinct pre-signed CreateAttendee requests, as they go over the wire, to a file; NUL between them.

    python3 benches/mock/presign.py HOST:PORT COUNT FILE          (meetings' ids on stdin, one a line)

Half of them create an attendee that is new, the other half repeat one of those, later. Signed by the standard library alone,
for five minutes from now.
"""

import datetime
import hashlib
import hmac
import json
import random
import sys

host, count, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
meetings = sys.stdin.read().split()
date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
scope = f"{date[:8]}/us-east-1/chime/aws4_request"
key = b"AWS4headcount-mock-secret-key-EXAMPLE-0000000"
for part in scope.split("/"):
    key = hmac.new(key, part.encode(), hashlib.sha256).digest()

users = [(meetings[n % len(meetings)], f"user-{n:06d}") for n in range(count // 2)]
chance = random.Random(1)
order = []
for n, seat in enumerate(users):
    order.append(seat)
    order.append(users[chance.randrange(n + 1)])

SIGNED = "content-type;host;x-amz-date;x-nr"
with open(path, "wb") as out:
    for n, (meeting, user) in enumerate(order):
        body = json.dumps({"ExternalUserId": user}).encode()
        target = f"/meetings/{meeting}/attendees"
        # The number makes every request, and so every signature, another.
        canonical = f"POST\n{target}\n\ncontent-type:application/json\nhost:{host}\nx-amz-date:{date}\nx-nr:{n}\n\n{SIGNED}\n{hashlib.sha256(body).hexdigest()}"
        to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        out.write((f"POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nX-Amz-Date: {date}\r\nX-Nr: {n}\r\n"
                   f"Authorization: AWS4-HMAC-SHA256 Credential=AKIDHEADCOUNTMOCK/{scope}, SignedHeaders={SIGNED}, Signature={signature}\r\n"
                   f"Content-Length: {len(body)}\r\n\r\n").encode() + body + b"\0")
