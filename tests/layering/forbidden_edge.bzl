"""forbidden_edge: a test that the product has no dependency of a given sort."""

def forbidden_edge(name, query, product):
    """Fails, printing the targets found, if the query finds any.

    Args:
      name: of the test.
      query: a `bazel query` expression; $product is the product's targets and all their dependencies.
      product: targets that together contain every layer.
    """
    native.genquery(
        name = name + "_found",
        testonly = True,
        # A query inside `bazel test` would wait for its own server; genquery is asked while building.
        expression = "let product = deps(set(%s)) in %s" % (" ".join(product), query),
        # Only the edges in BUILD files count, not toolchains.
        opts = [
            "--noimplicit_deps",
            "--nohost_deps",
        ],
        scope = product,
    )
    native.sh_test(
        name = name,
        size = "small",
        srcs = ["empty_test.sh"],
        args = ["$(rootpath :%s_found)" % name],
        data = [":%s_found" % name],
    )
