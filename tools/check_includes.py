"""Compares what each C++ target includes with what it says it depends on. Reads `bazel query --output=xml` of the targets.

A header of ours or of Abseil may be included only from a target that the includer names among its own deps, and a library
names no dependency of which it includes nothing. clang's layering_check does the first for our own headers, but the headers
of the distribution lie in one folder that every target may read, and a build with clang takes minutes.

    bazel query 'kind("cc_(library|test|binary) rule", //...)' --output=xml | python3 tools/check_includes.py
"""

import collections
import os
import re
import sys
import xml.etree.ElementTree

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)

# Headers of Abseil that are of a piece with another name than theirs; the rest of a folder is of the piece named here.
PIECES = {"algorithm/container": "algorithm_container"}
FOLDERS = {"base": "core_headers", "strings": "strings", "synchronization": "synchronization", "time": "time"}
OWN_PIECE = ("str_format", "cord")  # of strings/, but not of the piece strings


def piece_of(header):
    """The target of @absl// that has the header: `absl/strings/str_cat.h` is of `@absl//:strings`."""
    folder, stem = re.fullmatch(r"absl/(\w+)/(\w+)\.h", header).groups()
    name = PIECES.get(f"{folder}/{stem}") or (stem if stem in OWN_PIECE else FOLDERS.get(folder, stem))
    return "@absl//:" + name


class Target:
    def __init__(self, rule):
        self.name = rule.get("name")
        self.place = rule.get("location")
        self.is_library = rule.get("class") == "cc_library"
        values = {node.get("name"): [label.get("value") for label in node] for node in rule.findall("list")}
        # Those that are generated lie elsewhere than their label says.
        self.headers = [path for label in values.get("hdrs", []) if os.path.isfile(path := path_of(label))]
        self.deps = values.get("deps", [])
        self.includes = set()
        for path in self.headers + [path_of(label) for label in values.get("srcs", [])]:
            if os.path.isfile(path):
                with open(path, encoding="utf-8") as file:
                    self.includes.update(INCLUDE.findall(file.read()))


def path_of(label):
    return label.removeprefix("//").replace(":", "/").removeprefix("/")


def complaints(targets, aliases):
    headers_of = {target.name: target.headers for target in targets}
    owners = collections.defaultdict(set)
    for target in targets:
        for header in target.headers:
            owners[header].add(target.name)
    for target in targets:
        if not target.includes:
            continue  # has no file of its own: it stands for its deps
        pieces = {piece_of(header) for header in target.includes if header.startswith("absl/")}
        for piece in sorted(pieces.difference(target.deps)):
            yield f"{target.place}: {target.name} includes headers of {piece}, which is not among its deps"
        direct = {aliases.get(dep, dep) for dep in target.deps} | {target.name}
        for header in sorted(target.includes):
            if header in owners and owners[header].isdisjoint(direct):
                yield f"{target.place}: {target.name} includes {header} of {min(owners[header])}, which is not among its deps"
        if not target.is_library:
            continue  # a test has the deps of what it tests
        for dep in target.deps:
            headers = headers_of.get(aliases.get(dep, dep))
            if (headers and target.includes.isdisjoint(headers)) or (dep.startswith("@absl//") and dep not in pieces):
                yield f"{target.place}: {target.name} includes no header of {dep}, which is among its deps"


def main():
    rules = xml.etree.ElementTree.parse(sys.stdin).getroot().findall("rule")
    aliases = {rule.get("name"): rule.find("label[@name='actual']").get("value") for rule in rules if rule.get("class") == "alias"}
    targets = [Target(rule) for rule in rules if rule.get("class") != "alias"]
    found = list(complaints(targets, aliases))
    for line in found:
        print(line.replace(os.getcwd() + "/", ""))
    return bool(found) or not targets


if __name__ == "__main__":
    sys.exit(main())
