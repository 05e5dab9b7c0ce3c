"""forbidden_edge: a test that no dependency of a kind exists in what the product consists of."""

def forbidden_edge(name, query, product):
    """Fails, printing the targets found, if the query finds any.

    Args:
      name: of the test.
      query: a `bazel query` expression; $product is all that the product's targets are made of.
      product: targets that together contain every layer.
    """
    native.genquery(
        name = name + "_found",
        testonly = True,
        # A query inside `bazel test` would wait for its own server; genquery is asked while building.
        expression = "let product = deps(set(%s)) in %s" % (" ".join(product), query),
        # The edges somebody wrote, not toolchains.
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
