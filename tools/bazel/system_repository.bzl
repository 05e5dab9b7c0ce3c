"""A repository of link flags for the libraries installed on this system.

pkg-config is asked, so that the names of Abseil's many pieces are those of the installed version.
Headers need no flags: all of them are under the compiler's own include path.
"""

# These belong to the C library or are linked to it, and are never taken from an archive.
_SHARED = ["anl", "c", "dl", "m", "pthread", "rt"]

def _archives(ctx):
    """The libraries of all packages, and those they need, that there is an archive of, as -l flags."""
    result = ctx.execute(["pkg-config", "--static", "--libs"] + ctx.attr.pkg_config)
    archives = []
    for flag in result.stdout.strip().split(" "):
        name = flag[len("-l"):]
        if not flag.startswith("-l") or name in _SHARED or flag in archives:
            continue

        # gcc prints a path if there is such a file.
        found = ctx.execute(["gcc", "-print-file-name=lib%s.a" % name])
        if found.stdout.strip().startswith("/"):
            archives.append(flag)
    return archives

_NOT_INSTALLED = "%s: not installed? Run tools/test once, it installs what is missing.\n%s"

def _system_repository_impl(ctx):
    for program in ctx.attr.programs:
        if not ctx.which(program):
            fail(_NOT_INSTALLED % (program, "There is no such program on PATH."))
    libs = {}
    for package in ctx.attr.pkg_config:
        result = ctx.execute(["pkg-config", "--libs", package])
        if result.return_code != 0:
            fail(_NOT_INSTALLED % (package, result.stderr))
        flags = []
        for flag in result.stdout.split(" "):
            flag = flag.strip()

            # A shared library is needed only at its first mention. Flags such as -Wl,--push-state come in pairs and stay.
            if flag and not (flag.startswith("-l") and flag in flags):
                flags.append(flag)
        libs[package] = flags
    ctx.file("libs.bzl", "LIBS = " + repr(libs) + "\nARCHIVES = " + repr(_archives(ctx)) + "\n")
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

system_repository = repository_rule(
    implementation = _system_repository_impl,
    attrs = {
        "build_file": attr.label(mandatory = True, allow_single_file = True),
        "pkg_config": attr.string_list(mandatory = True),
        "programs": attr.string_list(doc = "What else a build with these libraries runs."),
    },
    # The repository is made again when the server starts, since packages may have been upgraded.
    local = True,
)
