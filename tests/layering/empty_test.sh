#!/bin/sh
# Passes if the file $1 is there and empty; prints it otherwise.
test -f "$1" || exit 1
if test -s "$1"; then
  echo 'must not be depended on (see the layer diagram in //:BUILD.bazel):'
  cat "$1"
  exit 1
fi
