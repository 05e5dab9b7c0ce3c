"""Finds comments that break the rules of plain English: lint_comments.py FILE...

It prints a line "FILE:LINE: RULE: TEXT" for each finding, and exits with 1 if there is one. The rules:

people      a comment does not say "who", "whoever" or "whom": a thread is a thread, a client is a client
torn label  "Wire:", "Units:", "Errors:", "Threads:", "Owns:" and "Source:" begin a line, or follow another label after
            three blanks or more; the lines of a label are not mixed up
no verb     a comment on lines of its own is a sentence, and a sentence has a verb

The first rule holds for docstrings too. The last one knows no grammar: it finds comments without any word that could be a
verb. It leaves alone comments that are short, headings, samples of code, and those of .proto files, which are cells of the
tables in docs/admin-api.md. If it misses a verb, add that to REGULAR or IRREGULAR.
"""
import ast
import io
import re
import sys
import tokenize

LABELS = "Wire|Units|Errors|Threads|Owns|Source"
SHORTEST = 4  # in words; a shorter comment may be a name, such as "header only"

# These words are verbs as they stand, or count as verbs.
IRREGULAR = """
    am is are was were be been being isn't aren't wasn't weren't ain't has have had having hasn't haven't hadn't do does did done
    doing don't doesn't didn't can cannot can't could couldn't may might must mustn't shall should shouldn't will won't would
    wouldn't needn't let lets let's
    ate beaten became become began begun bent bitten blew blown bore born bought bound broke broken brought built came caught
    chose chosen clung cost dealt drawn drew driven drove dug eaten fed fell felt flew flown forgot forgotten fought found froze
    frozen gave given goes gone got grew grown heard held hid hidden hung hurt kept knew known laid lain lay led left lent lit
    lost made meant met mistaken paid put quit ran rang risen rode rose said sang sank sat saw seen sent set shone shook shot
    shown shrank shrunk shut slept slid sold sought spent split spoke spoken spread sprang stole stolen stood struck stuck swept
    swung taken taught thought threw thrown told took tore torn underlies understood went woke woken won wore worn wound written
    wrote
"""
# These are verbs in each of their forms: wait, waits, waited.
REGULAR = """
    abandon abort accept account act adapt add adjust admit advance affect agree aim allow announce answer append apply argue
    arrive ask assert assign assume attach attack await balance become befall begin behave belong bind block borrow box break
    bring build bump call cancel care carry cast catch cause cease change charge check choose cite claim clean clear climb close
    collect combine come commit compare compile complain complete compress compute concern confirm connect consider consist
    consume contain contend continue contradict control convert copy correspond cost count cover crash create cross cut deal
    decide declare decode decompress decrease decrypt defer define deflate delay delete deliver demand deny depend derive
    describe deserve destroy detach detect determine die differ disagree disappear discard disconnect divide dispatch double
    drain draw drift drive drop duplicate earn echo elapse emit empty enable encode encrypt end enforce enqueue ensure enter
    equal erase escape establish evaluate exceed exchange exclude excuse execute exist exit expect expire explain export expose
    extend fail fall favour fetch fill filter find finish fire fit fix flow flush follow forbid force forget fork form format
    forward free freeze gather generate get give go grant group grow guard guess handle hand hang happen hash hasten head hear
    help hide hit hoard hold implement honour hurt identify ignore imitate imply import impose improve include increase indicate inflate
    inherit initialise insert inspect install intend interrupt introduce invoke involve iterate join judge jump keep kick kill
    know label lack land last launch lay lead leak learn leave lend lessen let lie lift limit link list listen live load locate
    lock log look lose lower make manage map mark match matter mean measure meet mention merge mind mirror miss mix modify move
    multiply name need negotiate nest note notice notify number obey observe obtain occupy occur offer omit open operate order
    outlive overflow overlap override overwrite own pair parse part park pass pause pay permit pick pile pin place plan play
    point poll pool pop post precede predict prefer prepare present preserve press pretend prevent print proceed process produce
    promise prompt prove protect provide publish pull purge push put qualify queue quote race raise reach react read rebuild
    receive recognise record recover recurse reduce refer refresh refuse register reject relate relay release rely remain
    remember remove rename render reopen repair repeat replace reply report represent request require reserve reset resolve
    respect respond rest restart restore resume retain retry return reuse reveal reverse revert rewrite ring rise round route
    run sample save say scale scan schedule search see seed seek seem select sell send separate serve settle set shadow shake
    shape share shift shorten show shrink shut sign signal simplify simulate sit skip slide sleep slow solve sort sound spare
    spawn speak specify spell spend spin split spread spring squeeze stall stand start starve state stay steal stem step stick
    stop store stretch strike strip stub subclass subtract submit succeed suffer suffice suggest suit sum supply support
    suppose suppress surround survive suspect suspend swallow sweep swap switch take talk tear tell tend terminate test think
    throttle throw tick tie time tolerate touch trace track transfer transform translate travel treat trigger trim trust try
    turn underlie understand undo unload unlock unpack unregister unwind update upgrade use validate vanish vary verify violate
    visit wait wake walk want warm warn waste watch wear weigh widen win wind wish withdraw wonder work worry wrap write yield
"""

# These are more often nouns; only their past is taken for a verb, so "number" is none and "numbered" is one.
NOUNS = set("""
    balance bound box class double fire form group hand head host label land list number order pair part place point pool
    process race ring route scale shape sound step stub subclass sum time times trace track
""".split())


def _verbs():
    words = set(IRREGULAR.split())
    for verb in REGULAR.split():
        stem = verb[:-1] if verb.endswith("e") or re.search("[^aeiou]y$", verb) else verb
        words.update((verb, verb + "s", verb + "es", stem + "es", stem + "ies", stem + "ed", stem + "ied", stem + stem[-1] + "ed"))
    return words - NOUNS - {noun + "s" for noun in NOUNS} - {noun + "es" for noun in NOUNS}


VERBS = _verbs()
# The word before one in -s that tells that this is a verb; and the word after the first one that does so.
SUBJECT = r"\b(?:it|that|which|this|each|nothing|everything|one)\s+[a-z]+s\b"
OBJECT = r"^[A-Z][a-z]+s\s+(?:the|a|an|what|all|each|every|whether|if|how|it|its|this|these|no|\"\")"


class Comment:
    """A block of comment lines on lines of their own, or what stands behind code on one line."""

    def __init__(self, line, lines, own_lines):
        self.line = line  # the number of its first line
        self.lines = lines  # their text without the comment mark
        self.own_lines = own_lines


def _in_cpp(text):
    """Yields (line, column, text) of each // comment that is outside a string."""
    token = re.compile(r'R"(?P<delimiter>[^()\\\s]{0,16})\((?:.|\n)*?\)(?P=delimiter)"'
                       r'|"(?:\\.|[^"\\\n])*"'
                       r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"
                       r"|/\*(?:.|\n)*?\*/"
                       r"|//(?P<comment>[^\n]*)")
    for match in token.finditer(text):
        if match["comment"] is not None:
            start = match.start()
            yield text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start) - 1, match["comment"]


def _in_python(text):
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith("#!"):
            yield token.start[0], token.start[1], token.string[1:]


def _in_shell(text):
    """Yields the comments on lines of their own: where others begin, only a shell can tell."""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.lstrip()
        if stripped.startswith("#") and not stripped.startswith("#!"):
            yield number, len(line) - len(stripped), stripped[1:]


def comments_of(path, text):
    """Returns the comments of a file, in order."""
    if path.endswith((".cc", ".h", ".proto")):
        found = _in_cpp(text)
    elif path.endswith((".py", ".bzl", ".bazel", ".BUILD")):
        found = _in_python(text)
    else:
        found = _in_shell(text)
    code = text.splitlines()
    result = []
    last = None  # the line and column of the block that the next line may continue
    for line, column, body in found:
        own_lines = not code[line - 1][:column].strip()
        body = body[1:] if body.startswith(" ") else body
        if own_lines and last == (line - 1, column):
            result[-1].lines.append(body)
        else:
            result.append(Comment(line, [body], own_lines))
        last = (line, column) if own_lines else None
    return result


def _docstrings(text):
    """Yields the docstrings of a Python file as comments."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            yield Comment(node.body[0].lineno, node.body[0].value.value.splitlines(), True)


def _without_quotes(line):
    return re.sub(r"`[^`]*`|\"[^\"]*\"", '""', line)


def people(comment):
    """Yields the lines that speak of a thread or a caller as of a person."""
    for number, line in enumerate(comment.lines, comment.line):
        if re.search(r"\b(who|whoever|whom)\b", _without_quotes(line), re.IGNORECASE):
            yield number, line


def torn_label(comment):
    """Yields the lines with a label in their middle, and those that a formatter broke in two."""
    label = re.compile(rf"\b(?:{LABELS}): ")
    for index, line in enumerate(comment.lines):
        for match in label.finditer(_without_quotes(line)):
            before = _without_quotes(line)[:match.start()]
            begins = not before.strip()
            if not begins and not (label.match(line) and before.endswith("   ")):
                yield comment.line + index, line
        # A formatter that breaks a labelled line puts its rest before the line that continued it.
        follows = comment.lines[index + 1] if index + 1 < len(comment.lines) else ""
        if index > 0 and not line.startswith(" ") and not label.match(line) and re.match(" {8,}", follows):
            yield comment.line + index, line


def _is_sentence_wanted(lines):
    first = lines[0]
    return not (re.match(r"-{3}|={3}|NOLINT|shellcheck |noqa|error: ", first) or first.rstrip().endswith("---"))


def no_verb(comment):
    """Yields the first line of a comment that has no word that could be a verb."""
    if not comment.own_lines or not _is_sentence_wanted(comment.lines):
        return
    # Samples of code are indented; labelled lines are lists.
    prose, labelled = [], False
    for line in comment.lines:
        labelled = bool(re.match(rf"(?:{LABELS}):", line)) or (labelled and line.startswith(" "))
        if not labelled and not line.startswith("  "):
            prose.append(line)
    text = _without_quotes(" ".join(prose))
    if "==" in text or (len(prose) == 1 and re.search(r"[{}=;()]", text) and not re.search(r"[.:]$", text)):
        return  # code
    words = re.findall(r"[a-z][a-z']*", text.lower())
    if len(words) < SHORTEST or any(word in VERBS for word in words):
        return
    if not re.search(SUBJECT, text, re.IGNORECASE) and not re.search(OBJECT, text):
        yield comment.line, comment.lines[0]


RULES = {"people": people, "torn label": torn_label, "no verb": no_verb}


def findings_of(path, text):
    """Yields (line, rule, text) of each comment that breaks a rule."""
    for comment in comments_of(path, text):
        # tests/compile_fail quotes the compiler's error in the first line of a source.
        if comment.line == 1 and comment.lines[0].startswith("error: "):
            continue
        for rule, find in RULES.items():
            if rule == "no verb" and path.endswith(".proto"):
                continue
            for line, what in find(comment):
                yield line, rule, what.strip()
    if path.endswith(".py"):
        for comment in _docstrings(text):
            for line, what in people(comment):
                yield line, "people", what.strip()


def main(paths):
    failed = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for line, rule, what in sorted(findings_of(path, text)):
            print(f"{path}:{line}: {rule}: {what}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
