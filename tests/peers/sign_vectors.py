"""Writes tests/it/vectors/botocore.json: requests of headcount's shapes, signed by botocore.

    python3 tests/peers/sign_vectors.py > tests/it/vectors/botocore.json

Kept in the repository, so that `cargo test` holds the signer to botocore without Python; tests/peers/run makes them again and
compares.
"""

import datetime
import json
import random
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
chance = random.Random(20261124)
vectors = []


def stamp(moment):
    botocore.auth.get_current_datetime = lambda *a, **k: moment


for n in range(60):
    moment = datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=chance.randrange(10**8))
    token = None if n % 2 else "".join(chance.choices("ABCabc123+/=", k=chance.randrange(8, 80)))
    host = chance.choice(["127.0.0.1:8787", "localhost:1", "meetings-chime.us-east-1.amazonaws.com", "[::1]:99"])
    region = chance.choice(["us-east-1", "eu-central-1", "us-gov-west-1"])
    meeting = "%08x-%04x-%04x-%04x-%012x" % tuple(chance.randrange(16**k) for k in (8, 4, 4, 4, 12))
    method, path, query, body = chance.choice(
        [
            ("GET", f"/meetings/{meeting}", "", ""),
            ("POST", f"/meetings/{meeting}/attendees", "", json.dumps({"ExternalUserId": f"Zoë {n}"}, ensure_ascii=bool(n % 3))),
            ("POST", f"/base/meetings/{meeting}/attendees", "operation=batch-create", json.dumps({"Attendees": [{"ExternalUserId": str(n)}]})),
            ("GET", f"/meetings/{meeting}/attendees", "max-results=5&next-token=a%20b%2Bc%2F%3D%26", ""),
        ]
    )
    url = f"https://{host}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method=method, url=url, data=body.encode() if body else None, headers={"Content-Type": "application/json"} if body else {})
    stamp(moment)
    botocore.auth.SigV4Auth(Credentials("AKIDEXAMPLE", SECRET, token), "chime", region).add_auth(request)
    authorization = request.headers["Authorization"]
    vectors.append(
        {
            "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "token": token, "host": host, "region": region, "method": method,
            "path": path, "query": query, "body": body, "authorization": authorization,
        }
    )

json.dump(vectors, sys.stdout, indent=1, ensure_ascii=True)
print()
