"""ADDRESS PAGE: tries every example of docs/types.md on the service TYPES there; ends with 1 if one is not true."""

import re
import sys

import rpyc

CASE = re.compile(r"`([^`]*)` (gives|raises) `([^`]*)`")


def main(address, page):
    host, port = address.rsplit(":", 1)
    root = rpyc.connect(host, int(port)).root
    names = {name: getattr(root, name)() for name in ("a_function", "a_list", "a_dict", "a_thing")}
    wrong = tried = 0
    with open(page, encoding="utf-8") as lines:
        for line in lines:
            cells = line.replace("\\|", "\1").split("|")
            if len(cells) != 7:
                continue
            function = cells[2].strip().strip("`")
            for given, what, want in CASE.findall(cells[5].replace("\1", "|")):
                tried += 1
                args = () if given == "()" else (eval(given, dict(names)),)  # the page is ours
                try:
                    got = "gives", repr(getattr(root, function)(*args))
                except Exception as e:
                    text = f"{type(e).__name__}: {e}".split("\n", 1)[0]
                    got = "raises", text.replace(f"{function}() argument 1: ", "")
                if got != (what, want):
                    wrong += 1
                    print(f"{function} of {given}: {got}, not {(what, want)}")
    print(f"{tried} examples under rpyc {rpyc.__version__}, {wrong} wrong")
    return 1 if wrong or tried < 60 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
