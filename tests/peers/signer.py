"""botocore's signer as the peer of the mock's verifier: let in as signed, refused with any part changed.

    python3 tests/peers/signer.py PORT

Requests go over plain sockets, byte for byte as signed, because an HTTP library would tidy them up. The mock must know, beside
its usual key, AKIDTOKEN with a session token (tests/peers/keys.yaml).
"""

import http.client
import random
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PORT = int(sys.argv[1])
PLAIN = Credentials("AKIDHEADCOUNTMOCK", "headcount-mock-secret-key-EXAMPLE-0000000")
TOKEN = Credentials("AKIDTOKEN", "another/secret+key", "a-session-token/with+signs==")
HOST = f"127.0.0.1:{PORT}"
held = failed = 0
FRONT = {"InvalidSignatureException", "UnrecognizedClientException", "IncompleteSignatureException", "MissingAuthenticationTokenException"}


def check(name, condition, shown=""):
    global held, failed
    held, failed = held + bool(condition), failed + (not condition)
    if not condition:
        print(f"FAILED {name} {shown}")


def sign(method, target, headers, body, credentials):
    request = AWSRequest(method, f"http://{HOST}{target}", data=body, headers=dict(headers))
    SigV4Auth(credentials, "chime", "us-east-1").add_auth(request)
    out = dict(request.headers.items())
    out.setdefault("host", HOST)
    return [method, target, out, body]


def send(method, target, headers, body):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value.encode() if isinstance(value, str) else value)
    if body:
        connection.putheader("content-length", str(len(body)))
    connection.endheaders(body or None)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers.get("x-amzn-errortype")


def let_in(name, request):
    status, kind = send(*request)
    check(name, kind not in FRONT and status != 403, (status, kind))


M = "11111111-2222-3333-4444-555555555555"
TARGETS = [
    f"/meetings/{M}", f"/meetings/{M}/attendees?max-results=5&next-token=a%20b%2Bc%2F%3D%26", f"/meetings/{M}/attendees?operation=batch-create", "/tags?arn=arn%3Aaws%3Achime%3Aus-east-1%3A1%3Ameeting%2Fx",
    "/meetings/a%20b", "/meetings/%C3%A9%E2%82%AC", "/meetings/a%2Fb", "/meetings/~_-.", "/meetings/x//y", "/meetings/./x/../y", "/meetings/a+b", "/meetings/a:b@c", "/meetings/x?b=2&a=1&a=0&empty=&flag", "/meetings/%7Bx%7D?q=%5B%5D",
]
for credentials in (PLAIN, TOKEN):
    for target in TARGETS:
        for method, body in (("GET", b""), ("POST", b'{"ExternalUserId": "Zo\\u00eb"}'), ("POST", '{"ExternalUserId": "Zoë 🦀"}'.encode())):
            headers = {"Content-Type": "application/json", "X-Odd": "  many   spaces \t here ", "X-Amz-Meta": "a  b"} if body else {}
            let_in(f"{method} {target} {credentials.access_key}", sign(method, target, headers, body, credentials))

chance = random.Random(7)
for n in range(200):
    credentials = chance.choice((PLAIN, TOKEN))
    target = f"/meetings/{M}/attendees?" + "&".join(f"{chance.choice('abcxyz')}=%{chance.randrange(33, 126):02X}{chance.randrange(99)}" for _ in range(chance.randrange(4)))
    body = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 300)))
    request = sign("POST", target, {"Content-Type": "application/json", "X-Amz-N": str(n)}, body, credentials)
    let_in(f"random {n}", request)
    method, target, headers, body = request
    which = chance.randrange(8)
    other = dict(headers)
    auth = other["Authorization"]
    if which == 0:
        method = "PUT"
    elif which == 1:
        target = target.replace("1111", "1112", 1)
    elif which == 2:
        target += "&z=1"
    elif which == 3:
        at = chance.randrange(len(body))
        body = body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1:]
    elif which == 4:
        other["X-Amz-N"] = str(n + 1)
    elif which == 5:
        other["Authorization"] = auth[:-1] + ("0" if auth[-1] != "0" else "1")
    elif which == 6:
        other["X-Amz-Date"] = other["X-Amz-Date"][:9] + "000000Z"
    else:
        other["Authorization"] = auth.replace("us-east-1", "us-west-2")
    status, kind = send(method, target, other, body)
    check(f"spoilt {n} ({which})", status == 403 and kind in FRONT, (status, kind))

print(f"botocore's signer: {held} checks held, {failed} failed")
sys.exit(failed > 0)
