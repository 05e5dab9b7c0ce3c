"""Counts test cases from Bazel's build events: count_tests.py EVENTS BAZEL_STATUS.

Prints what failed and was skipped, then "N passed, N failed, N skipped" alone on the last line.
A target's cases come from the test.xml it wrote (GoogleTest does, so does tests/interop/runner.py); a target
that wrote none is one case. One that prints a line "SKIPPED: reason" is skipped then, never passed.
"""

import json
import re
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET


class Count:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def read(uri):
    if not uri:
        return ""
    path = urllib.request.url2pathname(urllib.parse.urlparse(uri).path)
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def count_cases(xml, label):
    """Returns None if the test did not write the file: then Bazel makes one up, and its case has no class."""
    try:
        cases = list(ET.fromstring(xml).iter("testcase"))
    except ET.ParseError:
        return None
    if not cases or not all(case.get("classname") for case in cases):
        return None
    count = Count()
    for case in cases:
        name = "%s %s.%s" % (label, case.get("classname"), case.get("name"))
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            count.failed += 1
            print("FAILED  " + name)
        elif skipped is not None or case.get("status") == "notrun":
            count.skipped += 1
            reason = skipped.get("message") or "" if skipped is not None else "disabled"
            print("SKIPPED %s: %s" % (name, reason.strip().split("\n")[-1]))
        else:
            count.passed += 1
    return count


def count_target(label, status, xml, log):
    passed = status in ("PASSED", "FLAKY")
    count = count_cases(xml, label)
    if count is None:
        skip = re.search(r"^SKIPPED: (.*)$", log, re.M)
        if passed and skip:
            print("SKIPPED %s: %s" % (label, skip.group(1)))
            return Count(skipped=1)
        count = Count(passed=1) if passed else Count()
    if not passed and count.failed == 0:  # it crashed, timed out, a sanitizer reported, ...
        count.failed = 1
        print("FAILED  %s (%s)" % (label, status.lower()))
    return count


def main(events_file, bazel_status):
    tests, results, statuses = set(), {}, {}
    with open(events_file, encoding="utf-8") as f:
        for line in f:
            event = json.loads(line)
            key = event.get("id", {})
            if "targetConfigured" in key and event.get("configured", {}).get("testSize"):
                tests.add(key["targetConfigured"]["label"])
            elif "testResult" in key:
                outputs = event.get("testResult", {}).get("testActionOutput", [])
                # Later attempts and shards come later; shards are added up, attempts replaced.
                where = results.setdefault(key["testResult"]["label"], {})
                where[key["testResult"].get("shard", 1)] = {
                    o["name"]: o.get("uri", "") for o in outputs
                }
            elif "testSummary" in key:
                statuses[key["testSummary"]["label"]] = event.get("testSummary", {}).get(
                    "overallStatus", "NO_STATUS"
                )

    total = Count()
    for label in sorted(tests):
        status = statuses.get(label)
        if status is None or status == "NO_STATUS" or label not in results:
            print("FAILED  %s (%s)" % (label, "did not build" if bazel_status else "did not run"))
            total.add(Count(failed=1))
            continue
        for shard in results[label].values():
            xml, log = read(shard.get("test.xml")), read(shard.get("test.log"))
            total.add(count_target(label, status, xml, log))
    if bazel_status not in (0, 3, 4) and total.failed == 0:
        print("FAILED  the build (bazel exit status %d)" % bazel_status)
        total.failed = 1

    line = "%d passed, %d failed" % (total.passed, total.failed)
    if total.skipped:
        line += ", %d skipped" % total.skipped
    print(line)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
