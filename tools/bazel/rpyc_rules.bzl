"""C++ rules of this project: the only place that names compiler flags.

rpyc_cc_unit is a header, its source and their test; rpyc_cc_test and rpyc_cc_binary are cc_test and cc_binary with our warnings
and assertions on; rpyc_cc_fuzz_test is a test and a fuzzer of the same code. Generated code uses the native rules, with no
warnings (cc_grpc_proto.bzl).
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

def rpyc_cc_unit(name, srcs = None, hdrs = None, deps = [], test_deps = None, copts = [], **kwargs):
    """A library of NAME.h and NAME.cc, and with test_deps the test NAME_test.cc of it, as NAME_test.

    Args:
      name: of the library and of its files.
      srcs: instead of NAME.cc. [] says that there is only a header.
      hdrs: instead of NAME.h. [] says that there is only a source.
      deps: what the header and the source include.
      test_deps: what the test includes beside the unit and its deps. Without it, there is no such test.
      copts: more compiler flags.
      **kwargs: of cc_library.
    """
    native.cc_library(
        name = name,
        srcs = [name + ".cc"] if srcs == None else srcs,
        hdrs = [name + ".h"] if hdrs == None else hdrs,
        copts = _COPTS + copts,
        # Without this each library would also become a .so that nothing uses.
        linkstatic = True,
        deps = deps,
        **kwargs
    )
    if test_deps != None:
        rpyc_cc_test(
            name = name + "_test",
            deps = [":" + name] + [dep for dep in deps if dep not in test_deps] + test_deps,
        )

def rpyc_cc_binary(name, srcs = None, copts = [], **kwargs):
    """A program of NAME.cc, or of srcs."""
    native.cc_binary(
        name = name,
        srcs = [name + ".cc"] if srcs == None else srcs,
        copts = _COPTS + copts,
        **kwargs
    )

def rpyc_cc_test(name, srcs = None, deps = [], copts = [], size = "small", **kwargs):
    """A GoogleTest test of NAME.cc, or of srcs; with GoogleTest's main() unless deps say @system//:gtest."""
    native.cc_test(
        name = name,
        srcs = [name + ".cc"] if srcs == None else srcs,
        copts = _COPTS + copts,
        size = size,
        deps = deps if "@system//:gtest" in deps else deps + ["@system//:gtest_main"],
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

    # Only clang builds it: tools/fuzz names it, and a wildcard leaves it out.
    rpyc_cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        srcs = srcs,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = deps,
    )
