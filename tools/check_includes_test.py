#!/usr/bin/python3
"""Tests check_includes.py on targets that lie in a folder of their own."""

import os
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_includes  # noqa: E402


def rule(name, kind="cc_library", **lists):
    labels = "".join(f'<list name="{attribute}">{"".join(f"<label value={chr(34)}{value}{chr(34)}/>" for value in values)}</list>'
                     for attribute, values in lists.items())
    return xml.etree.ElementTree.fromstring(f'<rule class="{kind}" location="here" name="{name}">{labels}</rule>')


class CheckIncludes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        os.mkdir("a")

    def file(self, name, *included):
        with open(f"a/{name}", "w", encoding="utf-8") as file:
            file.writelines(f'#include "{header}"\n' for header in included)
        return f"//a:{name}"

    def complaints(self, *rules, aliases=()):
        return [line.removeprefix("here: ") for line in check_includes.complaints(
            [check_includes.Target(rule) for rule in rules], dict(aliases))]

    def test_a_header_of_no_dep(self):
        low = rule("//a:low", hdrs=[self.file("low.h")])
        high = rule("//a:high", srcs=[self.file("high.cc", "a/low.h")])
        self.assertEqual(self.complaints(low, high), ["//a:high includes a/low.h of //a:low, which is not among its deps"])

    def test_a_header_of_a_dep_of_a_dep(self):
        low = rule("//a:low", hdrs=[self.file("low.h")])
        middle = rule("//a:middle", hdrs=[self.file("middle.h", "a/low.h")], deps=["//a:low"])
        high = rule("//a:high", srcs=[self.file("high.cc", "a/middle.h", "a/low.h")], deps=["//a:middle"])
        self.assertEqual(self.complaints(low, middle, high),
                         ["//a:high includes a/low.h of //a:low, which is not among its deps"])

    def test_a_dep_by_its_alias(self):
        low = rule("//a:low", hdrs=[self.file("low.h")])
        high = rule("//a:high", srcs=[self.file("high.cc", "a/low.h")], deps=["//a:other_name"])
        self.assertEqual(self.complaints(low, high, aliases={"//a:other_name": "//a:low"}), [])

    def test_a_dep_of_which_nothing_is_included(self):
        low = rule("//a:low", hdrs=[self.file("low.h")])
        high = rule("//a:high", srcs=[self.file("high.cc", "string")], deps=["//a:low"])
        self.assertEqual(self.complaints(low, high), ["//a:high includes no header of //a:low, which is among its deps"])
        self.assertEqual(self.complaints(low, rule("//a:high", "cc_test", srcs=["//a:high.cc"], deps=["//a:low"])), [])
        self.assertEqual(self.complaints(low, rule("//a:all", deps=["//a:low"])), [], "it stands for its deps")

    def test_pieces_of_abseil(self):
        source = self.file("high.cc", "absl/strings/str_cat.h", "absl/strings/str_format.h", "absl/time/clock.h")
        self.assertEqual(self.complaints(rule("//a:high", srcs=[source], deps=["@absl//:strings", "@absl//:span"])), [
            "//a:high includes headers of @absl//:str_format, which is not among its deps",
            "//a:high includes headers of @absl//:time, which is not among its deps",
            "//a:high includes no header of @absl//:span, which is among its deps"])


if __name__ == "__main__":
    unittest.main()
