#!/usr/bin/python3
import unittest

import lint_comments


def found(text, path="x.h"):
    """Returns (line, rule) of each finding."""
    return [(line, rule) for line, rule, _ in lint_comments.findings_of(path, text)]


class People(unittest.TestCase):

    def test_a_comment_does_not_speak_of_people(self):
        self.assertEqual(found("int f();  // Who calls\n"), [(1, "people")])
        self.assertEqual(found("// Tells the\n// thread to whom it belongs.\nint x;\n"), [(2, "people")])
        self.assertEqual(found("# Whoever waits is woken.\n", "tools/x"), [(1, "people")])
        self.assertEqual(found('"""Says who is\n\nhere and who waits."""\n', "x.py"), [(1, "people"), (3, "people")])

    def test_whose_and_quotes_and_strings_may(self):
        self.assertEqual(found('// Returns a client whose `who` is "who".\nconst char* s = "// who";\n'), [])
        self.assertEqual(found("x = f(who='# who')\n", "x.py"), [])

    def test_expected_compiler_errors_may(self):
        self.assertEqual(found("// error: rpyc: a pointer does not say who owns the object\n"), [])


class TornLabel(unittest.TestCase):

    def test_a_label_begins_a_line(self):
        self.assertEqual(found("// Closes it. Threads: any.\n"), [(1, "torn label")])
        self.assertEqual(found("// Closes it.\n// Threads: any.\n"), [])
        self.assertEqual(found("// It reads \"Errors: 5\".\n"), [])

    def test_a_second_label_stands_apart(self):
        self.assertEqual(found("// Closes it.\n// Threads: any.      Owns: nothing.\n"), [])
        self.assertEqual(found("// Closes it.\n// Threads: any. Owns: nothing.\n"), [(2, "torn label")])

    def test_a_formatter_has_not_broken_it(self):
        text = "// Closes it.\n// Errors:  kUnavailable - the peer is gone, and so is\n{}//          its host.\n"
        self.assertEqual(found(text.format("")), [])
        self.assertEqual(found(text.format("// everything of\n")), [(3, "torn label")])


class NoVerb(unittest.TestCase):

    def test_a_comment_has_a_verb(self):
        self.assertEqual(found("// The address of the server.\nint x;\n"), [(1, "no verb")])
        self.assertEqual(found("    # The first of\n    # all of them.\n", "x.bzl"), [(1, "no verb")])
        for sentence in ("Returns the address.", "The server is closed.", "It dithers at the address.", "Unravels the address.",
                         "The address cannot change.", "Waited for by the server."):
            self.assertEqual(found(f"// {sentence}\nint x;\n"), [], sentence)

    def test_a_noun_that_could_be_a_verb_is_none(self):
        self.assertEqual(found("// The number of the process.\nint x;\n"), [(1, "no verb")])
        self.assertEqual(found("// Numbers the servers.\nint x;\n"), [])

    def test_short_comments_headings_and_code_may(self):
        for comment in ("Header only.", "--- the control loop of it ---", "NOLINTNEXTLINE(of the other one)", "f(the, other, one)"):
            self.assertEqual(found(f"// {comment}\nint x;\n"), [], comment)
        self.assertEqual(found("int x;  // the other one of them\n"), [])
        self.assertEqual(found("//   the other one of them\n"), [])
        self.assertEqual(found("// The other one of them.\n", "x.proto"), [])


class Comments(unittest.TestCase):

    def test_blocks_end_with_their_column(self):
        comments = lint_comments.comments_of("x.cc", "// a\n// b\n  // c\nint x;  // d\n// e\n")
        self.assertEqual([(c.line, c.lines, c.own_lines) for c in comments],
                         [(1, ["a", "b"], True), (3, ["c"], True), (4, ["d"], False), (5, ["e"], True)])

    def test_strings_hold_none(self):
        text = "auto a = \"// a\"; auto b = R\"x(// b \")x\"; char c = '\"'; int d = 1'000;  // e\n"
        self.assertEqual([c.lines for c in lint_comments.comments_of("x.cc", text)], [["e"]])


if __name__ == "__main__":
    unittest.main()
