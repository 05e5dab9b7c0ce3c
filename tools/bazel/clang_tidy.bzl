"""An aspect that runs clang-tidy on each of our C++ sources, one cached action a file.

    bazel build --config=tidy //...

As Bazel actions, only what changed (a file, a header it includes, .clang-tidy) is looked at again.
"""

def _files(attr, name):
    return [f for target in getattr(attr, name, []) for f in target.files.to_list()]

def _clang_tidy_impl(target, ctx):
    if not ctx.rule.kind.startswith("cc_") or ctx.label.workspace_name:
        return []
    own = _files(ctx.rule.attr, "srcs") + _files(ctx.rule.attr, "hdrs")
    deps = [d[CcInfo] for d in getattr(ctx.rule.attr, "deps", []) if CcInfo in d]
    context = cc_common.merge_cc_infos(cc_infos = deps).compilation_context

    # All generated code counts as the system's.
    flags = ["-std=c++20", "-iquote", ".", "-isystem", ctx.bin_dir.path]
    for dir in depset(transitive = [context.includes, context.system_includes]).to_list():
        flags += ["-isystem", dir]
    flags += ["-D" + d for d in context.defines.to_list()]
    flags += ["-D" + d for d in getattr(ctx.rule.attr, "local_defines", []) if "$" not in d]

    reports = []
    for source in own:
        if not source.is_source or source.extension != "cc":
            continue
        report = ctx.actions.declare_file("_tidy/%s/%s.txt" % (ctx.label.name, source.basename))
        reports.append(report)
        ctx.actions.run_shell(
            # This removes clang-tidy's count of warnings in system headers, and the sandbox's path.
            command = """
                out=$1 config=$2 source=$3; shift 3
                /usr/bin/clang-tidy --quiet --config-file="$config" "$source" -- "$@" >"$out" 2>&1 ||
                    { sed -E '/^[0-9]+ warnings?.* generated/d; /^(Suppressed|Use -header)/d;
                              s|/[^ ]*/execroot/[^/]+/||' "$out"; exit 1; }
                """,
            arguments = [report.path, ctx.file._config.path, source.path] + flags,
            inputs = depset(own + [ctx.file._config], transitive = [context.headers]),
            outputs = [report],
            mnemonic = "ClangTidy",
            progress_message = "Looking at %s" % source.short_path,
        )
    return [OutputGroupInfo(clang_tidy = depset(reports))]

clang_tidy = aspect(
    implementation = _clang_tidy_impl,
    attrs = {
        "_config": attr.label(allow_single_file = True, default = Label("//:.clang-tidy")),
    },
)
