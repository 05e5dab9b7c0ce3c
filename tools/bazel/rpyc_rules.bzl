"""C++ rules of this project: the only place that names compiler flags.

rpyc_cc_library, rpyc_cc_test and rpyc_cc_binary are cc_library, cc_test and cc_binary with our
warnings and assertions on; rpyc_cc_fuzz_test is a test and a fuzzer of the same code. Generated code uses the native rules, with no warnings (cc_grpc_proto.bzl).
"""

_WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wnon-virtual-dtor",
    "-Woverloaded-virtual",
]

_COPTS = _WARNINGS + select({
    # Newer compilers know newer warnings; a user's build must not fail on them.
    "//tools/bazel:lenient": [],
    "//conditions:default": ["-Werror"],
}) + select({
    "//tools/bazel:clang": ["-Wthread-safety"],
    "//conditions:default": [],
}) + select({
    # RPYC_ASSERT (rpyc/assert.h) is on wherever a test, a fuzzer or a sanitizer may look, so by
    # default, and off in what runs elsewhere: tools/run, tools/install and tools/bench build with
    # --config=release. Either way all code is optimised.
    "//tools/bazel:release": [],
    "//conditions:default": ["-DRPYC_ASSERTIONS"],
})

def rpyc_cc_library(name, copts = [], **kwargs):
    native.cc_library(
        name = name,
        copts = _COPTS + copts,
        # Else each becomes a .so as well, that nothing uses.
        linkstatic = True,
        **kwargs
    )

def rpyc_cc_binary(name, copts = [], **kwargs):
    native.cc_binary(
        name = name,
        copts = _COPTS + copts,
        **kwargs
    )

def rpyc_cc_test(name, copts = [], size = "small", **kwargs):
    """A GoogleTest test; names @system//:gtest_main itself unless it brings its own main()."""
    native.cc_test(
        name = name,
        copts = _COPTS + copts,
        size = size,
        **kwargs
    )

def rpyc_cc_fuzz_test(name, deps):
    """NAME_fuzzer.cc as NAME_fuzz_test, which replays its seeds, and as NAME_fuzzer under libFuzzer.

    Args:
      name: of what is fuzzed.
      deps: of NAME_fuzzer.cc.
    """
    srcs = [
        "fuzz_target.h",
        name + "_fuzzer.cc",
    ]
    rpyc_cc_test(
        name = name + "_fuzz_test",
        srcs = srcs + ["replay.cc"],
        deps = deps + ["@system//:gtest"],
    )

    # clang's alone: tools/fuzz builds it, a wildcard does not.
    rpyc_cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        srcs = srcs,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = deps,
    )
