"""Writes webinar.csv, the same bytes every time: python3 samples/webinar.py > samples/webinar.csv"""

import sys

FIRST = """Zoë André Søren Łukasz Chloë Jürgen María Beyoncé François Ángel Örjan Mónica Günther Thérèse Inés Håkon Núria Émile
Renée Jörg Anaïs Mátyás Grace Linus Ada Edsger Barbara Niklaus Frances Alan Radia Tim Margaret Dennis Hedy Claude Katherine
Ken Joan Donald""".replace("Łukasz", "Lukas").split()
LAST = """Müller O'Hara García Ångström Lefèvre Jensen-Østergård Peña Grün Côté Nuñez Strauß Lindström D'Amico Håkansson Brontë
Þorsteinsdóttir Castelão Weiß Sørensen Ibáñez Lovelace Hopper Turing Dijkstra Liskov Wirth Allen Perlman Knuth Ritchie""".split()
TEAMS = ["Sales", "Support", "Platform", "Design", "Finance", "People & Culture", "Legal", "Field, EMEA"]
MEETINGS = [f"{n:08x}-5ea7-4c1b-9d02-0e0d40c{n}2713" for n in (0x1F0C3A11, 0x2B7E4D02, 0x3C91F5E3, 0x4D0A86B4, 0x5E6622C5)]
MEETINGS = [f"{m[:24]}0e0d40c{i}2713" for i, m in enumerate(MEETINGS, 1)]

PRESENTER = "SendReceive,SendReceive,SendReceive"
MODERATOR = "SendReceive,SendReceive,Receive"
AUDIENCE = "Receive,Receive,Receive"
LISTENER = "Receive,None,None"


def role(n):
    if n < 4:
        return "presenter", PRESENTER
    if n < 6:
        return "moderator", MODERATOR
    return ("listener", LISTENER) if n % 20 == 19 else ("audience", AUDIENCE)


def cell(text):
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n') else text


out = sys.stdout
out.reconfigure(encoding="utf-8", newline="\n")
out.write("ExternalUserId,MeetingId,Audio,Video,Content,name,team,role,email\n")
for person in range(1200):
    meeting, seat = divmod(person, 240)
    first, last = FIRST[person * 7 % len(FIRST)], LAST[(person * 11 + person // 40) % len(LAST)]
    name, (what, capabilities) = f"{first} {last}", role(seat)
    cells = [f"{name} #{person + 1:04}", MEETINGS[meeting], capabilities, name, TEAMS[person * 5 % len(TEAMS)], what]
    cells.append(f"attendee{person + 1:04}@example.com")
    out.write(",".join(c if c == capabilities else cell(c) for c in cells) + "\n")
