"""What tools/install copies: one library of many targets, and the tree that goes to a prefix.

    static_archive(
        name = "rpychost-client",
        deps = ["//rpyc:service"],
    )

    install_tree(
        name = "tree",
        archives = [":rpychost-client"],
        header_deps = ["//rpyc:service"],
        public_headers = ["rpyc/service.h"],
        ...
    )
"""

_CC_TOOLCHAIN = "@bazel_tools//tools/cpp:current_cc_toolchain"

def _objects(dep):
    """The object files that a program which links `dep` gets from us, as (object, alwayslink)."""
    found = []
    for linker_input in dep[CcInfo].linking_context.linker_inputs.to_list():
        for library in linker_input.libraries:
            objects = library.pic_objects or library.objects
            if not objects:
                fail("%s: no object files in %s" % (dep.label, linker_input.owner))
            found += [(object, library.alwayslink) for object in objects]
    return found

def _static_archive_impl(ctx):
    toolchain = ctx.attr._cc_toolchain[cc_common.CcToolchainInfo]
    seen = {object.path: True for dep in ctx.attr.without for object, _ in _objects(dep)}
    objects = []
    together = []
    for dep in ctx.attr.deps:
        for object, alwayslink in _objects(dep):
            if object.path in seen:
                continue
            seen[object.path] = True
            (together if alwayslink else objects).append(object)

    if together:
        # A linker takes from an archive only what is asked for. These objects are wanted even if nothing asks for them. They
        # are joined to one member: a program that needs one of them gets them all.
        joined = ctx.actions.declare_file(ctx.label.name + "_together.o")
        args = ctx.actions.args()
        args.add("-r")
        args.add("-o", joined)
        args.add_all(together)
        ctx.actions.run(
            executable = toolchain.ld_executable,
            arguments = [args],
            inputs = together,
            outputs = [joined],
            tools = toolchain.all_files,
            mnemonic = "JoinObjects",
        )
        objects.append(joined)

    archive = ctx.actions.declare_file("lib%s.a" % ctx.label.name)
    args = ctx.actions.args()
    args.add(archive)
    args.add_all(objects)
    ctx.actions.run_shell(
        # `q` is used, not `r`, since two members may have the same file name. `D` makes the same bytes of the same input. The
        # debug information, nine tenths of it, is left out.
        command = '"{ar}" qcsD "$@" && "{strip}" --strip-debug --enable-deterministic-archives "$1"'.format(
            ar = toolchain.ar_executable,
            strip = toolchain.strip_executable,
        ),
        arguments = [args],
        inputs = objects,
        outputs = [archive],
        tools = toolchain.all_files,
        mnemonic = "StaticArchive",
        progress_message = "Archiving %s" % archive.short_path,
    )
    return [DefaultInfo(files = depset([archive]))]

static_archive = rule(
    doc = "libNAME.a, with the objects of `deps` and all they depend on, but for what is in `without`.",
    implementation = _static_archive_impl,
    attrs = {
        "deps": attr.label_list(providers = [CcInfo], mandatory = True),
        "without": attr.label_list(providers = [CcInfo]),
        "_cc_toolchain": attr.label(default = _CC_TOOLCHAIN),
    },
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    incompatible_use_toolchain_transition = True,
)

def _install_tree_impl(ctx):
    tree = ctx.actions.declare_directory(ctx.label.name)
    headers = depset(transitive = [
        dep[CcInfo].compilation_context.headers
        for dep in ctx.attr.header_deps
    ])
    plan = ctx.actions.declare_file(ctx.label.name + "_plan.json")
    ctx.actions.write(plan, struct(
        # These are candidates; the public ones and what they include are installed.
        headers = {header.short_path: header.path for header in headers.to_list()},
        public_headers = ctx.attr.public_headers,
        files = {
            "%s/%s" % (folder, file.basename): file.path
            for target, folder in ctx.attr.files.items()
            for file in target[DefaultInfo].files.to_list()
        },
        templates = {
            "%s/%s" % (folder, file.basename[:-len(".in")]): file.path
            for target, folder in ctx.attr.templates.items()
            for file in target[DefaultInfo].files.to_list()
        },
        substitutions = ctx.attr.substitutions,
        version_header = ctx.file.version_header.path,
    ).to_json())
    args = ctx.actions.args()
    args.add(plan)
    args.add(tree.path)
    ctx.actions.run(
        executable = "/usr/bin/python3",
        arguments = [ctx.file._assemble.path, plan.path, tree.path],
        inputs = depset(
            [plan, ctx.file._assemble, ctx.file.version_header] + ctx.files.files + ctx.files.templates,
            transitive = [headers],
        ),
        outputs = [tree],
        mnemonic = "InstallTree",
        progress_message = "Laying out %s" % tree.short_path,
    )
    return [DefaultInfo(files = depset([tree]), runfiles = ctx.runfiles([tree]))]

install_tree = rule(
    doc = "A directory as it is to be below a prefix. It names no prefix: it may be copied to any.",
    implementation = _install_tree_impl,
    attrs = {
        "header_deps": attr.label_list(providers = [CcInfo], mandatory = True),
        "public_headers": attr.string_list(mandatory = True),
        "files": attr.label_keyed_string_dict(allow_files = True),
        "templates": attr.label_keyed_string_dict(allow_files = [".in"]),
        "substitutions": attr.string_dict(),
        "version_header": attr.label(allow_single_file = [".h"], mandatory = True),
        "_assemble": attr.label(
            default = "//tools/package:assemble.py",
            allow_single_file = True,
        ),
    },
)
