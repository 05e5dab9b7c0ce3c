"""cc_grpc_proto: C++ messages and gRPC services from .proto files.

    cc_grpc_proto(
        name = "server_cc_proto",
        srcs = ["rpyc/admin/v1/server.proto"],
        visibility = ["//:proto_users"],
        deps = ["//third_party/googleapis:status_cc_proto"],
    )

Import paths begin at the root of the tree a package belongs to: `proto` and each `third_party/NAME`
are roots, anything else is named from the workspace. Headers are included by the same path as the
.proto is imported: "rpyc/admin/v1/server.proto", "rpyc/admin/v1/server.grpc.pb.h". The well-known
types (google/protobuf) are the system's.
"""

_ProtoSources = provider(
    doc = "What protoc needs to read a .proto file that imports these.",
    fields = {
        "sources": "depset of .proto files",
        "roots": "depset of directories that import paths begin at",
    },
)

def _root_of(package):
    parts = package.split("/")
    if parts[0] == "proto":
        return "proto"
    if parts[0] == "third_party" and len(parts) > 1:
        return "/".join(parts[:2])
    return ""

def _protoc_impl(ctx):
    root = _root_of(ctx.label.package)
    sources = depset(ctx.files.srcs, transitive = [d[_ProtoSources].sources for d in ctx.attr.deps])
    roots = depset([root or "."], transitive = [d[_ProtoSources].roots for d in ctx.attr.deps])

    prefix = ctx.label.package + "/" if ctx.label.package else ""
    headers = []
    code = []
    for src in ctx.files.srcs:
        stem = src.short_path[len(prefix):-len(".proto")]
        for infix in [".pb", ".grpc.pb"] if ctx.attr.grpc else [".pb"]:
            headers.append(ctx.actions.declare_file(stem + infix + ".h"))
            code.append(ctx.actions.declare_file(stem + infix + ".cc"))

    out = ctx.bin_dir.path + ("/" + root if root else "")
    args = ctx.actions.args()
    args.add_all(roots, before_each = "-I")
    args.add("--cpp_out=" + out)
    if ctx.attr.grpc:
        args.add("--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin")
        args.add("--grpc_out=" + out)
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        executable = "/usr/bin/protoc",
        arguments = [args],
        inputs = sources,
        outputs = headers + code,
        mnemonic = "Protoc",
        progress_message = "Generating C++ from %s" % ctx.label,
    )
    return [
        _ProtoSources(sources = sources, roots = roots),
        DefaultInfo(files = depset(headers + code)),
        OutputGroupInfo(headers = depset(headers), code = depset(code)),
    ]

_protoc = rule(
    implementation = _protoc_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = [".proto"], mandatory = True),
        "deps": attr.label_list(providers = [_ProtoSources]),
        "grpc": attr.bool(default = True),
    },
)

def _protoc_name(label):
    """The _protoc target beside the cc_grpc_proto target `label`."""
    if ":" not in label:
        label = "%s:%s" % (label, label.split("/")[-1])
    return label + "_protoc"

def cc_grpc_proto(name, srcs, deps = [], grpc = True, visibility = None, **kwargs):
    """A C++ library of the messages, and of the services unless grpc = False, in `srcs`.

    Args:
      name: of the library.
      srcs: .proto files.
      deps: other cc_grpc_proto targets, for the files that `srcs` import.
      grpc: False where there are no services, so that the library does not link gRPC.
      visibility: as usual.
      **kwargs: for the cc_library, e.g. testonly.
    """
    protoc = _protoc_name(":" + name)[1:]
    common = {k: v for k, v in kwargs.items() if k in ["tags", "testonly"]}
    _protoc(
        name = protoc,
        srcs = srcs,
        grpc = grpc,
        visibility = visibility,
        deps = [_protoc_name(dep) for dep in deps],
        **common
    )
    for group in ["headers", "code"]:
        native.filegroup(
            name = "%s_%s" % (protoc, group),
            srcs = [protoc],
            output_group = group,
            visibility = ["//visibility:private"],
            **common
        )

    root = _root_of(native.package_name())
    native.cc_library(
        name = name,
        srcs = [protoc + "_code"],
        hdrs = [protoc + "_headers"],
        strip_include_prefix = "/" + root if root else None,
        # Descriptors are wanted (reflection, Any) even where no code names the messages.
        alwayslink = True,
        linkstatic = True,
        visibility = visibility,
        deps = deps + [("@system//:grpcpp" if grpc else "@system//:protobuf")],
        **kwargs
    )

def _descriptor_set_impl(ctx):
    sources = depset(transitive = [d[_ProtoSources].sources for d in ctx.attr.deps])
    roots = depset(transitive = [d[_ProtoSources].roots for d in ctx.attr.deps])
    out = ctx.actions.declare_file(ctx.label.name + ".pb")
    args = ctx.actions.args()
    args.add_all(roots, before_each = "-I")
    args.add("--include_imports")
    args.add("--include_source_info")
    args.add("--descriptor_set_out=" + out.path)
    args.add_all(sources)
    ctx.actions.run(
        executable = "/usr/bin/protoc",
        arguments = [args],
        inputs = sources,
        outputs = [out],
        mnemonic = "ProtoDescriptors",
        progress_message = "Describing %s" % ctx.label,
    )
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

_descriptor_set = rule(
    implementation = _descriptor_set_impl,
    attrs = {"deps": attr.label_list(providers = [_ProtoSources], mandatory = True)},
)

def proto_descriptor_set(name, deps, **kwargs):
    """A FileDescriptorSet, NAME.pb, of the .proto files of `deps` and all they import, with their comments.

    Args:
      name: of the target.
      deps: cc_grpc_proto targets.
      **kwargs: as usual: visibility, testonly.
    """
    _descriptor_set(name = name, deps = [_protoc_name(dep) for dep in deps], **kwargs)
