"""Runs one file of unittest cases: `runner.py FILE [-k PATTERN] [-v]`.

Bazel counts one `sh_test` as one test; XML_OUTPUT_FILE tells it (and the reader of the report) of each case, and a case
that could not run is counted as skipped, never as passed.
"""

import importlib.util
import os
import sys
import time
import unittest
from xml.sax.saxutils import escape, quoteattr


class Result(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.cases, self.began = [], time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def note(self, test, outcome, text=""):
        self.cases.append((test, outcome, text, time.monotonic() - self.began))

    def addSuccess(self, test):
        super().addSuccess(test)
        if not any(case[0] is test for case in self.cases):
            self.note(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "failure", self.failures[-1][1])

    def addError(self, test, err):  # also a setUpModule or tearDownModule that failed
        super().addError(test, err)
        self.note(test, "error", self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(test, "failure", f"{subtest}\n{self._exc_info_to_string(err, test)}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped", reason)
        print(f"SKIPPED: {test.id()}: {reason}", flush=True)

    def xml(self, suite):
        count = {kind: sum(case[1] == kind for case in self.cases) for kind in ("failure", "error", "skipped")}
        text = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites><testsuite name={quoteattr(suite)} tests="{len(self.cases)}" failures="{count["failure"]}" '
            f'errors="{count["error"]}" skipped="{count["skipped"]}">'
        ]
        for test, outcome, reason, seconds in self.cases:
            # XML 1.0 has no word for control characters, which attacks like to print.
            reason = "".join(c if c in "\n\t" or c >= " " else "?" for c in reason)
            group, _, name = test.id().rpartition(".")  # no dot: a fixture of the module
            body = {"passed": "", "skipped": f"<skipped message={quoteattr(reason)}/>"}.get(
                outcome, f"<{outcome}>{escape(reason)}</{outcome}>")
            text.append(
                f'<testcase classname={quoteattr(group or suite)} name={quoteattr(name)} time="{seconds:.3f}">{body}</testcase>'
            )
        return "\n".join(text + ["</testsuite></testsuites>\n"])


def main(path, *arguments):
    sys.path[:0] = [os.path.dirname(os.path.abspath(file)) for file in (__file__, path)]
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if pattern := os.environ.get("TESTBRIDGE_TEST_ONLY"):  # bazel test --test_filter
        arguments += ("-k", f"*{pattern}*")
    program = unittest.main(module=module, argv=[name, *arguments], exit=False,
                            testRunner=unittest.TextTestRunner(resultclass=Result, stream=sys.stdout, verbosity=2))
    if out := os.environ.get("XML_OUTPUT_FILE"):
        with open(out, "w", encoding="utf-8", errors="replace") as file:
            file.write(program.result.xml(name))
    return 0 if program.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
