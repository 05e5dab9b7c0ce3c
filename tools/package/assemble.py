"""assemble.py PLAN TREE: lays out what tools/install copies; install_tree in tools/bazel/package.bzl writes the plan.

Installed are the public headers and what they include, found by following the #include lines, so that no second
list is kept by hand; a public header that drags in another layer shows as a longer tree.
"""

import json
import os
import re
import shutil
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
HEADERS = "include/rpychost"
# These are written with quotes as ours are, but belong to the system.
SYSTEM = ("absl/",)


def closure(public, candidates):
    """Returns the public headers and all of ours that they include."""
    found, ahead = {}, list(public)
    while ahead:
        header = ahead.pop()
        if header in found:
            continue
        if header not in candidates:
            sys.exit(f"{header}: is included by an installed header, but in no dependency of install_tree")
        with open(candidates[header], encoding="utf-8") as file:
            text = file.read()
        found[header] = candidates[header]
        ahead += [name for name in INCLUDE.findall(text) if not name.startswith(SYSTEM)]
    return found


def version(path):
    with open(path, encoding="utf-8") as file:
        return re.search(r'kVersion\[\] = "([^"]+)"', file.read())[1]


def filled_in(path, substitutions):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for name, value in substitutions.items():
        text = text.replace(f"@{name}@", value)
    if left := re.findall(r"@[A-Z_]+@", text):
        sys.exit(f"{path}: nothing to put in place of {', '.join(left)}")
    return text


def main(plan_path, tree):
    with open(plan_path, encoding="utf-8") as file:
        plan = json.load(file)

    def place(name):
        path = os.path.join(tree, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    for name, source in closure(plan["public_headers"], plan["headers"]).items():
        shutil.copyfile(source, place(f"{HEADERS}/{name}"))
    for name, source in plan["files"].items():
        shutil.copy(source, place(name))  # the copy keeps the file's mode
    substitutions = {"VERSION": version(plan["version_header"]), **plan["substitutions"]}
    for name, source in plan["templates"].items():
        with open(place(name), "w", encoding="utf-8") as file:
            file.write(filled_in(source, substitutions))


if __name__ == "__main__":
    main(*sys.argv[1:])
