#!/usr/bin/env python3
"""Writes brine_reprs.json: for each vector of brine_vectors.json, in order, the repr() that Python
itself gives to the value. The vectors say how a value was typed ("10**50"), not what it prints as.

    python3 tests/golden/make_brine_reprs.py
"""

import json
import pathlib

HERE = pathlib.Path(__file__).parent


def main():
    vectors = json.loads((HERE / "brine_vectors.json").read_text())
    reprs = [{"hex": v["hex"], "repr": repr(eval(v["python_repr"]))} for v in vectors]
    text = json.dumps(reprs, indent=1)
    (HERE / "brine_reprs.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
