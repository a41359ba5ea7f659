"""Every number on a page of searches for capacity, computed again from their directories by other means. Called by numbers.py.

Reads latency.hlog with the hdrhistogram package and series.csv with Python's csv, holds capacity.json to both, and then the page to all three;
it shares no code with headcount. What the answer says (rate, interval, knees, confidence) is computed from the steps. A table, tile or plot
that is not known here is a failure.
"""

import csv
import json
import math
import re
from collections import Counter, defaultdict

from told import BURST, METRICS, NONE, RATE, WIDTHS, Check, Values, clock, count, ms, share, some, span, us

CAUSES = ["throttle", "latency", "errors"]


def per_second(rate):
    return f"{rate:.0f}/s" if rate >= 1000 else f"{rate:.1f}/s" if rate >= 10 else f"{rate:.2f}/s"


def percent(part):
    return f"{part * 100:.2f} %"


class Search:
    def __init__(self, path, label):
        self.label = label
        self.kept = json.loads((path / "capacity.json").read_text())
        self.manifest = json.loads((path / "run.json").read_text())
        scenario = path / "scenario.yaml"
        self.scenario = scenario.read_text() if scenario.exists() else None
        self.steps, self.answer, self.found = self.kept["steps"], self.kept["answer"], self.kept["quota"]
        self.quota = self.kept["mode"] == "quota"
        # (stage, metric) → values; (stage, class) → calls.
        self.values, self.classes = defaultdict(Values), defaultdict(Counter)
        for line in (path / "latency.hlog").read_text().splitlines():
            if line.startswith("Tag="):
                tag, _, _, _, encoded = line.split(",", 4)
                metric, rest = tag.removeprefix("Tag=").split("/", 1)
                stage, _, ended = rest.rsplit("/", 2)
                values = Values.decode(encoded)
                self.values[stage, metric].update(values)
                if metric == "response":
                    self.classes[stage][ended] += values.n
        self.seconds = list(csv.DictReader((path / "series.csv").open()))
        for row in self.seconds:
            row.update({name: int(value) for name, value in row.items() if name != "stage" and value != ""})

    def name(self, step):
        return f"step-{step['n']}-{step['kind']}"

    def of(self, step, metric):
        return self.values[self.name(step), metric]

    def answered(self, step):
        mine = [row["ok"] for row in self.seconds if row["stage"] == self.name(step)][: max(1, math.floor(step["seconds"] + 0.5))]
        return sum(mine) / len(mine) if mine else None

    def overruled(self, step):
        later = [s for s in self.steps if s["n"] > step["n"] and s["rate"] == step["rate"] and s["verdict"] != "invalid"]
        return any(s["verdict"] != step["verdict"] for s in later)

    def verdict(self, step):
        return step["verdict"] + (", overruled" if step["verdict"] != "invalid" and self.overruled(step) else "")

    def by_rate(self):
        return sorted(self.steps, key=lambda step: (step["rate"], step["n"]))

    def bucket(self):
        found = (self.found or {}).get("bucket")
        return found or next((step["bucket"] for step in reversed(self.steps) if step["bucket"]), None)

    def why(self, step):
        return "; ".join(broke["check"] for broke in step["broke"]) or (step["reasons"] or [NONE])[0]

    def bins(self):
        last = max(row["second"] for row in self.seconds)
        width = next(width for width in WIDTHS if -(-(last + 1) // width) <= 240)
        for at in range(0, last + 1, width):
            rows = [row for row in self.seconds if at <= row["second"] < at + width]
            sums = {name: sum(row[name] for row in rows) for name in ["sent", "done", "throttled"]}
            label = clock(at) if width == 1 else f"{clock(at)}–{clock(at + width)}"
            yield at, label, min(width, last + 1 - at), sums["sent"], sums["done"] - sums["throttled"], sums["throttled"]


class Searches(Check):
    def whole(self, search):
        """capacity.json, held to the logs."""
        for step in search.steps:
            where = f"{search.label}, step {step['n']}"
            response, lag = search.of(step, "response"), search.of(step, "lag")
            for name, values, q in [("p50_ms", response, 0.5), ("p99_ms", response, 0.99), ("lag_p99_ms", lag, 0.99)]:
                self.same(f"{where}: {name}", step[name], values.at(q) / 1e3 if values else None)
            classes = search.classes[search.name(step)]
            total = sum(classes.values())
            self.same(f"{where}: throttled", step["throttled"], round(classes["throttled"] / max(total, 1), 5))
            self.same(f"{where}: errors", step["errors"], round((total - classes["ok"]) / max(total, 1), 5))
            near = abs(step["achieved"] - classes["ok"] / step["seconds"]) <= 0.002 * max(1, step["achieved"] / step["seconds"])
            self.same(f"{where}: achieved {step['achieved']}, recomputed {classes['ok'] / step['seconds']}", near, True)
            mine = lambda stage: stage.split("/")[0] == search.name(step)
            self.same(f"{where}: calls", step["calls"], sum(sum(c.values()) for stage, c in search.classes.items() if mine(stage)))
            self.same(f"{where}: sent", step["calls"], sum(row["sent"] for row in search.seconds if mine(row["stage"])))
            for broke in step["broke"]:
                metric, _, q = broke["check"].split()[0].partition(".")
                if metric in METRICS and re.fullmatch(r"p[\d.]+", q) and "(" not in broke["check"]:
                    self.same(f"{where}: {broke['check']}", broke["value"], round(search.of(step, metric).at(float(q[1:]) / 100) / 1e3, 3))
        stages = {row["stage"].split("/")[0] for row in search.seconds} | {stage.split("/")[0] for stage, _ in search.values}
        self.same(f"{search.label}: steps in the logs", stages, {"quota"} if search.quota else {search.name(step) for step in search.steps})
        if search.found:
            classes = search.classes["quota"] + search.classes["quota/grace"]
            self.same("quota: calls", search.found["calls"], sum(classes.values()))
            self.same("quota: throttled", search.found["throttled"], classes["throttled"])
            self.same("quota: peak", search.found["peak"], max(row["done"] - row["throttled"] for row in search.seconds))
        if search.answer:
            self.answered(search)

    def answered(self, search):
        """What the steps come to."""
        steps, answer = search.steps, search.answer
        decided = lambda verdict: [s["rate"] for s in steps if s["decided"] and s["verdict"] == verdict and not search.overruled(s)]
        self.same("answer: high", answer["high"], min(decided("fail"), default=None))
        self.same("answer: low", answer["low"], max((r for r in decided("pass") if answer["rate"] and r <= answer["rate"]), default=None))
        self.same("answer: confidence", round(answer["confidence"], 9), round(max(0, 1 - 0.01 * sum(s["decided"] for s in steps)), 9))
        self.same("answer: calls", answer["calls"], sum(s["calls"] for s in steps))
        if answer["ending"] == "found":
            latest = {}
            for step in steps:
                if step["verdict"] != "invalid":
                    latest[step["rate"]] = step["verdict"]
            breaks = min(rate for rate, verdict in latest.items() if verdict == "fail")
            self.same("answer: rate", answer["rate"], max(rate for rate, verdict in latest.items() if verdict == "pass" and rate < breaks))
        knees = []
        for cause in CAUSES:
            mine = [(s["rate"], s["n"], b["check"]) for s in steps if s["verdict"] == "fail" for b in s["broke"] if b["cause"] == cause]
            if mine:
                breaks, _, check = min(mine, key=lambda one: one[0])
                holds = max((s["rate"] for s in steps if s["verdict"] == "pass" and s["rate"] < breaks), default=None)
                knees.append({"cause": cause, "holds": holds, "breaks": breaks, "check": check})
        self.same("answer: knees", answer["knees"], knees)

    def lines(self, figure, mine):
        """Lines in order, each (name, points, shapes); the page's are rounded to thousandths."""
        shown = [one for one in self.page.plots[figure]["series"] if one["name"] != "marks"]
        self.same(f"plot {figure}: lines", [one["name"] for one in shown], [name for name, _, _ in mine])
        near = lambda a, b: a == b or (a is not None and b is not None and abs(a - b) <= 0.000501)
        for one, (name, points, shapes) in zip(shown, mine):
            self.same(f"plot {figure}, {name}: points", len(one["data"]), len(points))
            self.same(f"plot {figure}, {name}: shapes", one.get("shapes"), shapes)
            for page, own in zip(one["data"], points):
                self.numbers += 1
                if not all(near(a, b) for a, b in zip(page, own)):
                    self.faults.append(f"plot {figure}, {name}: the page draws {page}, recomputed {own}")
        self.drawn |= {figure}

    def shape(self, step):
        return {"pass": "circle", "fail": "triangle", "invalid": "rect"}[step["verdict"]] + ("" if step["decided"] else " hollow")

    def curve(self):
        mine, rows, marks = [], [], []
        for search in self.runs:
            kinds = [
                ("answered ok", search.answered),
                ("response p99", lambda s: search.of(s, "response").at(0.99) / 1e3 if search.of(s, "response") else None),
                ("response p50", lambda s: search.of(s, "response").at(0.5) / 1e3 if search.of(s, "response") else None),
                ("throttled", lambda s: s["throttled"] * 100),
                ("not ok", lambda s: s["errors"] * 100),
            ]
            counts = lambda s: s["verdict"] != "invalid" and not search.overruled(s)
            for name, of in kinds:
                if not self.alone and name in ("response p50", "not ok"):
                    continue
                for steps in [[s for s in search.by_rate() if counts(s)], [s for s in search.by_rate() if not counts(s)]]:
                    if steps:
                        mine.append((self.named(search, name), [[s["rate"], of(s)] for s in steps], [self.shape(s) for s in steps]))
            for step in search.by_rate():
                response = search.of(step, "response")
                cells = [some(search.answered(step), per_second), *(ms(response.at(q) / 1e3) if response else NONE for q in [0.5, 0.99])]
                parts = [percent(step["throttled"]), percent(step["errors"])]
                rows.append([search.label, per_second(step["rate"]), *cells, *parts, step["n"], search.verdict(step)])
            if search.answer:
                answer = search.answer
                whose = "" if self.alone else f"{search.label}: "
                names = {"throttle": ("throttle knee", 2), "latency": ("latency knee", 1), "errors": ("errors knee", 0)}
                for grid in range(3):
                    of_grid = [("holds", answer["rate"], 0)] if answer["rate"] else []
                    of_grid += [(names[k["cause"]][0], k["breaks"], names[k["cause"]][1]) for k in answer["knees"]]
                    lines = [[round(at, 3), f"{whose}{what} {per_second(at)}" if home == grid else ""] for what, at, home in of_grid]
                    both = answer["low"] is not None and answer["high"] is not None
                    marks.append((lines, [[round(answer["low"], 3), round(answer["high"], 3)]] if both else []))
        if not mine:
            return
        rates = sorted({step["rate"] for search in self.runs for step in search.steps})
        self.lines("curve", [*mine, ("offered", [[rate, rate] for rate in rates], None)])
        shown = [one for one in self.page.plots["curve"]["series"] if one["name"] == "marks"]
        place = lambda one: ([[m["xAxis"], m["name"]] for m in one["markLine"]["data"]], [[a["xAxis"], b["xAxis"]] for a, b in one["markArea"]["data"]])
        self.same("marks of the curve", [place(one) for one in shown], marks)
        self.table("curve-points", rows)

    def course(self):
        course, table, steps, lags = [], [], [], []
        course_lines, lag_lines = [], []
        for search in self.runs:
            if search.steps:
                shapes = [self.shape(s) for s in search.steps]
                label = search.label
                course_lines.append(("rate tried" if self.alone else label, [[s["n"], s["rate"]] for s in search.steps], shapes))
                lag = lambda s: search.of(s, "lag").at(0.99) / 1e3 if search.of(s, "lag") else None
                lag_lines.append(("lag p99" if self.alone else label, [[s["n"], lag(s)] for s in search.steps], shapes))
            for step in search.steps:
                at = lambda metric, q: ms(search.of(step, metric).at(q) / 1e3) if search.of(step, metric) else NONE
                sure, why = "yes" if step["decided"] else "no", search.why(step)
                head = [search.label, step["n"], per_second(step["rate"])]
                verdict = [step["kind"], search.verdict(step), sure, span(step["seconds"])]
                course.append([*head, *verdict, why])
                numbers = [count(step["calls"]), some(search.answered(step), per_second), at("response", 0.5), at("response", 0.99), at("service", 0.99)]
                steps.append([*head, *verdict, *numbers, percent(step["throttled"]), percent(step["errors"]), why])
                lags.append([*head, at("lag", 0.5), at("lag", 0.99), at("lag", 1.0), step["verdict"]])
        if course_lines:
            self.lines("course", course_lines)
            self.lines("lag-plot", lag_lines)
            self.table("course-steps", course)
            self.table("steps", steps)
            self.table("lag-steps", lags)
        for search in self.runs:
            if search.quota and search.values["quota", "lag"]:
                lag = search.values["quota", "lag"]
                told = f"The generator was late by {us(lag.at(0.99))} (p99), and by {us(lag.top())} at the most."
                self.same(told, any(told in said for said in self.page.said), True)

    def let_in(self):
        lines, rows = [], []
        for search in self.runs:
            if not any(row["throttled"] for row in search.seconds):
                continue
            bins = list(search.bins())
            lines.append((self.named(search, "let in"), [[at, let_in / width] for at, _, width, _, let_in, _ in bins], None))
            lines.append((self.named(search, "throttled"), [[at, throttled / width] for at, _, width, _, _, throttled in bins], None))
            rows += [[search.label, label, count(sent), count(let_in), count(throttled)] for _, label, _, sent, let_in, throttled in bins]
        if lines:
            self.lines("let-in", lines)
            self.table("let-in-times", rows)

    def knees(self):
        rows = []
        for search in self.runs:
            for knee in (search.answer or {}).get("knees", []):
                there = [b["value"] for s in search.steps for b in s["broke"] if s["rate"] == knee["breaks"] and b["check"] == knee["check"]]
                metric = knee["check"].split(".")[0]
                value = NONE if there[0] is None else f"{ms(there[0])} ms" if metric in METRICS else f"{there[0]:g}" if ".count" in knee["check"] else percent(there[0])
                holds = some(knee["holds"], per_second)
                rows.append([search.label, f"{knee['cause']} knee", knee["check"], holds, per_second(knee["breaks"]), value])
        if rows:
            self.checked.add("knees")
            skip = 1 if self.alone else 0
            self.same("knees", [row[:-2] for row in self.page.tables["knees"][1:]], [row[skip:] for row in rows])
            self.numbers += 3 * len(rows)

    def quota(self):
        beside, ask = [], []
        for search in self.runs:
            rate, bucket = (search.answer or {}).get("rate"), search.bucket()
            found = [("highest rate that holds", rate, RATE)] if rate else []
            found += [("quota, rate", bucket["rate"], RATE), ("quota, burst", bucket["burst"], BURST)] if bucket else []
            beside += [[search.label, what, f"{this:.1f}", f"{known:.1f}", f"{this / known:.1f}"] for what, this, known in found]
            base, times = ((bucket or {}).get("rate"), [2, 5, 10]) if search.quota else (rate, [1, 2, 5, 10])
            for wanted in [base * by for by in times] if base else []:
                asked = max(RATE, math.ceil(wanted * 1.2))
                ask.append([search.label, per_second(wanted), count(math.floor(wanted * 60)), f"{asked:.0f}", f"{max(2 * asked, BURST):.0f}"])
        for name, rows in [("quota-beside", beside), ("quota-ask", ask)]:
            if rows:
                self.table(name, rows)

    def interval(self, answer):
        number, sure = lambda rate: per_second(rate).removesuffix("/s"), f"{answer['confidence'] * 100:.0f} %"
        low, high = answer["low"], answer["high"]
        if low is None and high is None:
            return "without an interval: nothing was decided"
        if low is None or high is None:
            return f"at most {number(high)}, {sure}" if low is None else f"at least {number(low)}, {sure}"
        return f"{number(low)} to {number(high)}, {sure}"

    def first(self):
        self.same("verdicts", len(self.page.verdicts), len(self.runs))
        for search, shown in zip(self.runs, self.page.verdicts):
            answer, found, why = search.answer, search.found, shown["why"]
            if answer and answer["ending"] == "found":
                self.same(f"why: {why}", f"holds {per_second(answer['rate'])} ({self.interval(answer)})" in why, True)
                if answer["knees"]:
                    knee = min(answer["knees"], key=lambda knee: knee["breaks"])
                    self.same(f"why: {why}", why.endswith(f"the check {knee['check']} breaks at {per_second(knee['breaks'])}."), True)
            elif not search.quota and not answer:
                self.same(f"why: {why}", "is gone on with by the same command" in why and shown["word"].startswith("INCOMPLETE"), True)
            if found and found["bucket"]:
                bucket = found["bucket"]
                self.same(f"why: {why}", f"{per_second(bucket['rate'])} in" in why and f"{bucket['burst']:.0f}" in why, True)
        if not self.alone:
            cell = lambda of: [NONE if (value := of(search)) is None else value for search in self.runs]
            of_answer = lambda of: lambda search: of(search.answer) if search.answer else None
            knee = lambda cause: of_answer(lambda a: next((per_second(k["breaks"]) for k in a["knees"] if k["cause"] == cause), None))
            rows = [
                ["highest rate that holds", *cell(of_answer(lambda a: per_second(a["rate"]) if a["rate"] else None))],
                ["interval", *cell(of_answer(self.interval))],
                *([f"{cause} knee", *cell(knee(cause))] for cause in CAUSES),
                ["quota, rate", *cell(lambda s: per_second(s.bucket()["rate"]) if s.bucket() else None)],
                ["quota, burst", *cell(lambda s: f"{s.bucket()['burst']:.0f}" if s.bucket() else None)],
                ["steps", *cell(lambda s: count(len(s.steps)))],
                ["calls", *cell(lambda s: count(s.found["calls"] if s.found else sum(step["calls"] for step in s.steps)))],
            ]
            self.checked.add("side-by-side")
            self.same("side by side", self.page.tables["side-by-side"][2:], rows)
            self.numbers += sum(len(row) - 1 for row in rows)
            return self.same("tiles", self.page.tiles, [])
        [search] = self.runs
        answer, found, tiles = search.answer, search.found, []
        if found:
            if found["bucket"]:
                sure = "to a few percent" if found["sure"] else "roughly"
                tiles.append(["Quota, rate", per_second(found["bucket"]["rate"]), sure])
                tiles.append(["Quota, burst", f"{found['bucket']['burst']:.0f}", "calls at once, roughly"])
            tiles.append(["Throttled", share(found["throttled"], found["calls"]), f"of {count(found['calls'])} calls"])
            tiles.append(["Busiest second", count(found["peak"]), "calls let in"])
        elif answer:
            if answer["rate"]:
                there = [s for s in search.steps if s["rate"] == answer["rate"] and s["verdict"] == "pass"]
                held = [s for s in there if s["kind"] == "hold"]
                note = f"held for {span(held[-1]['seconds'])}" if held else "as far as was tried"
                tiles.append(["Highest rate that holds", per_second(answer["rate"]), note])
                tiles.append(["A minute", count(math.floor(answer["rate"] * 60)), "calls, at that rate"])
                response = search.of(there[-1], "response")
                tiles.append(["Response p99 there", f"{ms(response.at(0.99) / 1e3)} ms", f"p50 {ms(response.at(0.5) / 1e3)} ms"])
            for knee in sorted(answer["knees"], key=lambda knee: knee["breaks"]):
                tiles.append([f"{knee['cause'].capitalize()} knee", per_second(knee["breaks"]), knee["check"]])
            n = len(search.steps)
            tiles.append(["Search", f"{count(n)} step{'' if n == 1 else 's'}", f"{count(answer['calls'])} calls"])
        self.same("tiles", self.page.tiles, tiles)
        self.numbers += 2 * len(tiles)

    def settings(self):
        rows = []
        for search in self.runs:
            if search.quota:
                continue
            own = search.kept["settings"]
            cells = [
                ("the first step", per_second(own["from"])),
                ("no step beyond", "no bound" if own["most"] is None else per_second(own["most"])),
                ("how near both ends must come", percent(own["precision"])),
                ("a step runs before it is judged", span(own["settle_s"])),
                ("a step is judged, at most", span(own["step_s"])),
                ("the answer is held, at most", span(own["hold_s"])),
            ]
            rows += [[search.label, *cell] for cell in cells]
        if rows:
            self.table("settings", rows)

    def all(self):
        self.drawn = set()
        for search in self.runs:
            self.whole(search)
        self.first()
        self.curve()
        self.course()
        self.let_in()
        self.knees()
        self.quota()
        self.settings()
        self.manifest()
        self.same("tables that nothing here recomputes", set(self.page.tables) - self.checked, set())
        self.same("plots that nothing here recomputes", set(self.page.plots) - self.drawn, set())
