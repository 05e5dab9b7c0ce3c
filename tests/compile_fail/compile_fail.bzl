"""A test that a source does not compile, and that the compiler's errors are sentences of ours."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "CPP_COMPILE_ACTION_NAME")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

def _compiler_says(ctx, source, report):
    """Compiles `source` as the library is compiled, as far as its errors; they go into `report`."""
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        # These features need the module maps of a whole library.
        unsupported_features = ctx.disabled_features + ["layering_check", "module_maps"],
    )
    context = cc_common.merge_cc_infos(
        cc_infos = [dep[CcInfo] for dep in ctx.attr.deps],
    ).compilation_context
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        source_file = source.path,
        user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts + ctx.attr.extra_flags + ["-fsyntax-only"],
        include_directories = context.includes,
        quote_include_directories = context.quote_includes,
        system_include_directories = context.system_includes,
        preprocessor_defines = context.defines,
    )
    ctx.actions.run_shell(
        command = 'report=$1; shift; if "$@" 2>"$report"; then echo compiled >"$report"; fi',
        arguments = [report.path, cc_common.get_tool_for_action(
            feature_configuration = features,
            action_name = CPP_COMPILE_ACTION_NAME,
        )] + cc_common.get_memory_inefficient_command_line(
            feature_configuration = features,
            action_name = CPP_COMPILE_ACTION_NAME,
            variables = variables,
        ),
        env = cc_common.get_environment_variables(
            feature_configuration = features,
            action_name = CPP_COMPILE_ACTION_NAME,
            variables = variables,
        ),
        inputs = depset([source], transitive = [context.headers, toolchain.all_files]),
        outputs = [report],
        mnemonic = "CompileFail",
        progress_message = "Compiling %s, in vain" % source.short_path,
    )

def _compile_fail_test_impl(ctx):
    report = ctx.actions.declare_file(ctx.label.name + ".report")
    _compiler_says(ctx, ctx.file.src, report)
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, is_executable = True, content = """#!/bin/sh
# The source's first line says how the first error begins.
expected=$(sed -n 's|^// error: ||p' {source})
cat {report}
if [ "$expected" = none ]; then grep -qx compiled {report}; exit; fi
first=$(grep -m 1 'error:' {report})
case $first in
  *"$expected"*) ;;
  *) echo "FAILED: the first error is: $first"; echo "expected: $expected"; exit 1 ;;
esac
# clang adds that the type does not go that way; nothing of the compiler's own.
if grep 'error:' {report} | grep -v 'rpyc: '; then echo "FAILED: errors that are not ours"; exit 1; fi
""".format(source = ctx.file.src.short_path, report = report.short_path))
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles(files = [report, ctx.file.src]),
    )]

compile_fail_test = rule(
    implementation = _compile_fail_test_impl,
    attrs = {
        "src": attr.label(allow_single_file = [".cc"], mandatory = True),
        "deps": attr.label_list(providers = [CcInfo]),
        # These flags follow those of the build and override them.
        "extra_flags": attr.string_list(),
        "_cc_toolchain": attr.label(
            default = Label("@bazel_tools//tools/cpp:current_cc_toolchain"),
        ),
    },
    fragments = ["cpp"],
    test = True,
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    incompatible_use_toolchain_transition = True,
)
