"""The peer of `provision` in Python: csv, sixteen threads, boto3, as people write it today.

boto3_loop.py ROSTER.csv TOKENS.csv ENDPOINT_URL. Run by benches/provision.py, which measures its CPU.
"""

import csv
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

roster, tokens, endpoint = sys.argv[1:4]
client = boto3.client("chime-sdk-meetings", region_name="us-east-1", endpoint_url=endpoint, config=Config(max_pool_connections=16))


def ask(row):
    capabilities = {name: row[name] for name in ("Audio", "Video", "Content")}
    reply = client.create_attendee(MeetingId=row["MeetingId"], ExternalUserId=row["ExternalUserId"], Capabilities=capabilities)
    return reply["Attendee"]


with open(roster, newline="") as source, open(tokens, "w", newline="") as target, ThreadPoolExecutor(16) as pool:
    writer = csv.writer(target)
    for attendee in pool.map(ask, csv.DictReader(source)):
        writer.writerow([attendee["ExternalUserId"], attendee["AttendeeId"], attendee["JoinToken"]])
