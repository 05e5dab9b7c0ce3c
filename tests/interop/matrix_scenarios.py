"""The whole matrix of access: every request about everything that a peer can hold. The service is MATRIX.

access_matrix returns the answer to each; access_matrix_test.py compares those of this host and of RPyC's own server.
"""

GETATTR, DELATTR, SETATTR, CALL, CALLATTR, REPR, STR, CMP, HASH, DIR = 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
INSPECT, BUFFITER, OLDSLICING, CTXEXIT, INSTANCECHECK = 16, 17, 18, 19, 20

OBJECTS = ("class", "dict", "function", "generator", "list", "method", "object", "restricted", "root")

# Names and what they are called with. "P" stands for the server's prefix.
NAMES = {
    "shown": (), "Pshown": (), "open": (), "Popen": (), "_hidden": (), "P_hidden": (), "__secret__": (), "nosuch": (),
    "Pnosuch": (), "value": None, "Pvalue": None, "plain": None, "P": None, "": None,
    "__len__": (), "__iter__": (), "__reversed__": (), "__getitem__": (0, ), "__contains__": (1, ), "__add__": ("x", ),
    "__enter__": (), "__exit__": (None, None, None), "__next__": (), "__call__": (), "__setitem__": (0, 5),
    "__delitem__": (0, ), "__format__": ("", ), "__doc__": None, "P__len__": (), "P__iter__": (), "P__add__": ("x", ),
    "append": (9, ), "keys": (), "close": (), "__name__": None, "__signature__": None, "__class__": None, "__dict__": None,
    "__init__": None, "__hash__": None, "__eq__": (1, ), "function": (), "pair": None,
}  # yapf: disable
WRITTEN = ("value", "Pvalue", "plain", "shown", "Pshown", "nosuch", "Pnosuch", "_hidden", "__len__", "P__len__", "")
DELETED = ("value", "Pvalue", "nosuch", "Pnosuch", "_hidden", "__len__", "P__len__")
OPERATORS = ("__eq__", "__ne__", "__lt__", "__gt__", "__le__", "__ge__")


def _word(value):
    """A value as itself; an object as the word "object"."""
    if value is NotImplemented:
        return "ok NotImplemented"
    return f"ok {value!r}" if type(value) in (int, str, bool, tuple, type(None)) else "ok object"


def _refusal(error):
    text = str(error).partition("\n\n====")[0]
    if isinstance(error, AttributeError):
        return "denied" if text.startswith("cannot access") or text == "access denied" else "no such attribute"
    return type(error).__name__


def access_matrix(t, server, prefix):
    """The answer to every request about every object, by 'object request': "ok ...", or the reason for the refusal."""
    conn = t.connect(server)
    root = conn.root
    ask = conn.sync_request
    call = lambda o, *args: ask(CALL, o, args, ())
    found = {}

    def see(cell, form, *message):
        try:
            value = ask(*message)
        except EOFError:
            raise
        except Exception as error:
            found[cell] = _refusal(error)
        else:
            found[cell] = "ok" if form is None else form(value)

    for what in OBJECTS:
        new = (lambda: root) if what == "root" else lambda: call(root, what)
        o, self = new(), ()
        if what == "class":
            self = (call(o), )  # the first argument of its methods
        for name, args in NAMES.items():
            asked = name.replace("P", prefix)
            form = None if name in ("__doc__", "__format__") else _word  # each has texts of its own
            see(f"{what} get {name}", form, GETATTR, o, asked)
            if args is not None:
                see(f"{what} callattr {name}", form, CALLATTR, new() if self == () else o, asked, self + args, ())
        for name in WRITTEN:
            see(f"{what} set {name}", _word, SETATTR, new(), name.replace("P", prefix), 5)
        for name in DELETED:
            see(f"{what} delete {name}", _word, DELATTR, new(), name.replace("P", prefix))
        for op in OPERATORS + ("__call__", "__len__", "shown"):
            see(f"{what} compare {op}", _word, CMP, o, 1, op)
        see(f"{what} repr", None, REPR, o)
        see(f"{what} str", None, STR, o)
        see(f"{what} hash", None, HASH, o)
        see(f"{what} dir", None, DIR, o)
        see(f"{what} iterate", _word, BUFFITER, new(), 2)
        see(f"{what} exit", _word, CTXEXIT, o, None)
        see(f"{what} slice", _word, OLDSLICING, o, "__getitem__", "__getslice__", 0, 2, ())
        see(f"{what} isinstance", _word, INSTANCECHECK, o, ("cpp.Nothing", 1, 2))
        if what == "class":
            for number, wrong in enumerate(((), (5, ), (root, ), (o, ))):
                see(f"class callattr shown of wrong {number}", _word, CALLATTR, o, "shown", wrong, ())
                see(f"class callattr __len__ of wrong {number}", _word, CALLATTR, o, "__len__", wrong, ())
        id_pack = object.__getattribute__(o, "____id_pack__")
        see(f"{what} inspect", lambda answer: "ok " + " ".join(sorted(name for name, _ in answer if name.startswith("__"))),
            INSPECT, id_pack)
        see(f"{what} inspect for its texts", lambda answer: "ok " + " ".join(sorted(name for name, doc in answer if doc)),
            INSPECT, id_pack)
        try:
            found[f"{what} materialize"] = _word(root.materialize(new()))
        except Exception as error:
            found[f"{what} materialize"] = _refusal(error)
    return found


def objects_whose_class_came_first(t):
    """What RPyC 4.1.0 to 4.1.2 know of an object by its class alone."""
    thing = t.root("default")("class")
    o = thing()
    t.same(("thingx", 3, 2, True, False), (o + "x", len(o), o[1], 1 in o, 2 in o))
    t.assertEqual(list(o), [1, 2, 3])
    with o as entered:
        t.same("entered", entered)
    t.same("called", o())
    t.assertTrue(o == 1 and not o == 2)
    t.assertIsInstance(o, thing)
    t.assertEqual((str(o), repr(o)), ("a thing", "Thing()"))
    t.same(("shown", "shown", "thingx", 3),
           (thing.shown(o), thing.exposed_shown(o), thing.__add__(o, "x"), thing.__len__(o)))
    t.raises(TypeError, thing.shown)
    t.same("shown", thing().shown())
    t.same("thingy", t.root("default")("object") + "y")
