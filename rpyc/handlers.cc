#include "rpyc/handlers.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/access_policy.h"
#include "rpyc/errors.h"
#include "rpyc/id_pack.h"
#include "rpyc/utf8.h"

namespace rpyc {
namespace {

using Args = std::vector<Value>;

// How many items a BUFFITER is answered with at most, whatever the peer asks for.
constexpr int64_t kMaxItemsAtOnce = 10'000;

// The object a request is about.
absl::StatusOr<std::shared_ptr<Object>> Target(const Value& value) {
  if (const std::shared_ptr<Object>* object = value.AsObject()) return *object;
  return PyStatus("TypeError",
                  absl::StrCat("expected a reference to an object, got ", value.type_name()));
}

// Reads an attribute name, which comes as text, or as UTF-8 bytes from old peers.
absl::StatusOr<absl::string_view> AttributeName(const Value& value) {
  if (const std::string* text = value.AsStr()) return absl::string_view(*text);
  const Bytes* bytes = value.AsBytes();
  if (bytes != nullptr && IsValidUtf8(bytes->data)) return absl::string_view(bytes->data);
  return PyStatus("TypeError", "name must be a string");
}

absl::StatusOr<CallArgs> ToCallArgs(Value& positional, Value* keyword) {
  CallArgs args;
  if (!positional.IsTuple()) {
    return PyStatus("TypeError",
                    absl::StrCat("arguments must be a tuple, not ", positional.type_name()));
  }
  args.positional = std::move(positional).TakeItems();
  if (keyword == nullptr) return args;
  if (!keyword->IsTuple()) {
    return PyStatus("TypeError", absl::StrCat("keyword arguments must be a tuple of pairs, not ",
                                              keyword->type_name()));
  }
  for (Value& pair : std::move(*keyword).TakeItems()) {
    if (!pair.IsTuple() || pair.items().size() != 2) {
      return PyStatus("TypeError", "keyword arguments must be pairs of name and value");
    }
    if (pair.items()[0].AsStr() == nullptr) {
      return PyStatus("TypeError", "keywords must be strings");
    }
    std::vector<Value> items = std::move(pair).TakeItems();
    std::string& name = *items[0].MutableStr();
    args.keyword.emplace_back(std::move(name), std::move(items[1]));
  }
  return args;
}

absl::StatusOr<Value> Ping(HandlerContext&, Args& args) { return std::move(args[0]); }

// This row only makes CLOSE known: a connection that reads one ends without running it.
absl::StatusOr<Value> Close(HandlerContext&, Args&) { return Value(); }

absl::StatusOr<Value> GetRoot(HandlerContext& context, Args&) {
  if (context.root == nullptr) {
    absl::StatusOr<std::shared_ptr<Object>> root = context.service.MakeRoot();
    if (!root.ok()) return root.status();
    context.root = *std::move(root);
  }
  return Value(context.root);
}

// The attribute that `args` = (object, name, ...) asks for, after the access rules.
struct ResolvedAttribute {
  std::shared_ptr<Object> object;
  AttributeRef attribute;  // borrows from args
};
absl::StatusOr<ResolvedAttribute> Resolve(const HandlerContext& context, Access access,
                                          const Args& args) {
  absl::StatusOr<absl::string_view> name = AttributeName(args[1]);
  if (!name.ok()) return name.status();
  // A peer gets no attributes of a value: it has the value itself.
  if (args[0].AsObject() == nullptr) return AccessDenied(*name);
  absl::StatusOr<AttributeRef> attribute =
      ResolveAttribute(context.config, access, *name, **args[0].AsObject());
  if (!attribute.ok()) return attribute.status();
  return ResolvedAttribute{*args[0].AsObject(), *attribute};
}

// Whether only the owner of `object`, a proxy, knows whether it has the attribute.
bool MustAskOwner(const Object& object, const AttributeRef& attribute) {
  return attribute.exposed && !object.origin_id_pack().empty();
}

// Asks the owner for the attribute; AccessDenied if there is none.
// Source:  RPyC between two peers asks so too, by hasattr.
absl::StatusOr<Value> AskOwner(const HandlerContext& context, const ResolvedAttribute& resolved) {
  absl::StatusOr<Value> found = resolved.object->GetAttr(context.call, resolved.attribute);
  if (IsPyStatus(found.status(), "AttributeError")) return AccessDenied(resolved.attribute.name);
  return found;
}

absl::StatusOr<Value> GetAttr(HandlerContext& context, Args& args) {
  absl::StatusOr<ResolvedAttribute> resolved = Resolve(context, Access::kGet, args);
  if (!resolved.ok()) return resolved.status();
  if (MustAskOwner(*resolved->object, resolved->attribute)) return AskOwner(context, *resolved);
  return resolved->object->GetAttr(context.call, resolved->attribute);
}

// The owner is asked first, as a change must not make the attribute: what is not exposed may not be
// set.
absl::StatusOr<ResolvedAttribute> ResolveForChange(const HandlerContext& context, Access access,
                                                   const Args& args) {
  absl::StatusOr<ResolvedAttribute> resolved = Resolve(context, access, args);
  if (!resolved.ok() || !MustAskOwner(*resolved->object, resolved->attribute)) return resolved;
  const absl::StatusOr<Value> found = AskOwner(context, *resolved);
  if (!found.ok()) return found.status();
  return resolved;
}

absl::StatusOr<Value> DelAttr(HandlerContext& context, Args& args) {
  absl::StatusOr<ResolvedAttribute> resolved = ResolveForChange(context, Access::kDelete, args);
  if (!resolved.ok()) return resolved.status();
  absl::Status deleted = resolved->object->DelAttr(context.call, resolved->attribute);
  if (!deleted.ok()) return deleted;
  return Value();
}

absl::StatusOr<Value> SetAttr(HandlerContext& context, Args& args) {
  absl::StatusOr<ResolvedAttribute> resolved = ResolveForChange(context, Access::kSet, args);
  if (!resolved.ok()) return resolved.status();
  absl::Status set =
      resolved->object->SetAttr(context.call, resolved->attribute, std::move(args[2]));
  if (!set.ok()) return set;
  return Value();
}

// This is not inlined, for the reason at WrongCount: methods run on top of Call's frame.
[[gnu::noinline, gnu::cold]] absl::Status NotCallable(const Value& value) {
  return PyStatus("TypeError", absl::StrCat("'", value.type_name(), "' object is not callable"));
}

absl::StatusOr<Value> Call(HandlerContext& context, Args& args) {
  absl::StatusOr<CallArgs> call = ToCallArgs(args[1], args.size() > 2 ? &args[2] : nullptr);
  if (!call.ok()) return call.status();
  const std::shared_ptr<Object>* object = args[0].AsObject();
  if (object == nullptr) return NotCallable(args[0]);
  return (*object)->Call(context.call, *std::move(call));
}

absl::StatusOr<Value> CallAttr(HandlerContext& context, Args& args) {
  absl::StatusOr<ResolvedAttribute> resolved = Resolve(context, Access::kGet, args);
  if (!resolved.ok()) return resolved.status();
  absl::StatusOr<CallArgs> call = ToCallArgs(args[2], args.size() > 3 ? &args[3] : nullptr);
  if (!call.ok()) return call.status();
  return resolved->object->CallAttr(context.call, resolved->attribute, *std::move(call));
}

absl::StatusOr<Value> Repr(HandlerContext& context, Args& args) {
  absl::StatusOr<std::shared_ptr<Object>> object = Target(args[0]);
  if (!object.ok()) return object.status();
  absl::StatusOr<std::string> text = (*object)->Repr(context.call);
  if (!text.ok()) return text.status();
  return Value(*std::move(text));
}

absl::StatusOr<Value> Str(HandlerContext& context, Args& args) {
  absl::StatusOr<std::shared_ptr<Object>> object = Target(args[0]);
  if (!object.ok()) return object.status();
  absl::StatusOr<std::string> text = (*object)->Str(context.call);
  if (!text.ok()) return text.status();
  return Value(*std::move(text));
}

absl::StatusOr<Value> Cmp(HandlerContext& context, Args& args) {
  constexpr absl::string_view kOperators[] = {"__eq__", "__ne__", "__lt__",
                                              "__gt__", "__le__", "__ge__"};
  absl::StatusOr<std::shared_ptr<Object>> object = Target(args[0]);
  if (!object.ok()) return object.status();
  const Value fallback("__cmp__");
  absl::StatusOr<absl::string_view> op = AttributeName(args.size() > 2 ? args[2] : fallback);
  if (!op.ok()) return op.status();
  // The peer names what is called, so only comparisons are allowed (CVE-2019-16328).
  if (std::find(std::begin(kOperators), std::end(kOperators), *op) == std::end(kOperators)) {
    return AccessDenied(*op);
  }
  absl::StatusOr<AttributeRef> attribute =
      ResolveAttribute(context.config, Access::kGet, *op, **object);
  if (!attribute.ok()) return attribute.status();
  if (MustAskOwner(**object, *attribute)) return AccessDenied(*op);
  return (*object)->Compare(context.call, *op, args[1]);
}

absl::StatusOr<Value> Hash(HandlerContext& context, Args& args) {
  absl::StatusOr<std::shared_ptr<Object>> object = Target(args[0]);
  if (!object.ok()) return object.status();
  return (*object)->Hash(context.call);
}

absl::StatusOr<Value> Dir(HandlerContext& context, Args& args) {
  absl::StatusOr<std::shared_ptr<Object>> object = Target(args[0]);
  if (!object.ok()) return object.status();
  absl::StatusOr<std::vector<std::string>> names = (*object)->Dir(context.call);
  if (!names.ok()) return std::move(names).status();
  return Value::Tuple(
      {std::make_move_iterator(names->begin()), std::make_move_iterator(names->end())});
}

absl::StatusOr<Value> Pickle(HandlerContext&, Args&) {
  return PyStatus("ValueError", "pickling is disabled");
}

absl::StatusOr<Value> Del(HandlerContext& context, Args& args) {
  absl::StatusOr<std::shared_ptr<Object>> object = Target(args[0]);
  if (!object.ok()) return object.status();
  int64_t count = 1;
  if (args.size() > 1) {
    if (args[1].AsInt() == nullptr) {
      return PyStatus("TypeError", absl::StrCat("a reference count must be an int, not ",
                                                args[1].DebugString()));
    }
    count = *args[1].AsInt();
  }
  absl::StatusOr<std::shared_ptr<Object>> dropped = context.local_objects.Release(**object, count);
  if (!dropped.ok()) return dropped.status();
  return Value();
}

// Whether the access rules let a peer have the special method `name`. A peer that has an object may
// call it, whatever the rules.
bool MayHave(const HandlerContext& context, const Object& object, absl::string_view name) {
  return name == "__call__" || ResolveAttribute(context.config, Access::kGet, name, object).ok();
}

// A client before 4.1 takes the name in an id_pack for the whole id_pack.
// Source:  RPyC core/protocol.py, Connection._netref_factory, 3.4.4 and 4.0.2.
[[gnu::noinline, gnu::cold]] absl::Status ClientTooOld() {
  return PyStatus("ConnectionError",
                  "this client is of RPyC 4.0 or older, and the server speaks the protocol of RPyC "
                  "4.1 to 6: install rpyc>=4.1");
}

absl::StatusOr<Value> Inspect(HandlerContext& context, Args& args) {
  if (args[0].AsStr() != nullptr) return ClientTooOld();
  const std::optional<IdPack> id_pack = ToIdPack(args[0]);
  const std::shared_ptr<Object> object = id_pack ? context.local_objects.Find(*id_pack) : nullptr;
  if (object == nullptr) {
    return PyStatus(RemoteException{.name = "KeyError", .args = {args[0]}});
  }
  absl::StatusOr<Object::Methods> special = object->SpecialMethods(context.call);
  if (!special.ok()) return std::move(special).status();
  std::vector<Value> methods;
  for (auto& [name, doc] : *special) {
    if (!MayHave(context, *object, name)) {
      // What the class exposes is named, so that its use is an AttributeError as with a Python
      // server, but not described. What it does not expose is not there.
      if (object->origin_id_pack().empty() && !object->Has(name).special) continue;
      doc.reset();
    }
    methods.push_back(
        Value::Tuple({Value(std::move(name)), doc ? Value(*std::move(doc)) : Value()}));
  }
  // help(proxy) shows the methods of its class. They are listed by the name with the prefix, as a
  // Python server does: an attribute with the bare name is still asked for by the proxy.
  // Source:  RPyC core/protocol.py, _handle_inspect, and lib/__init__.py, get_methods, 4.1
  // to 6.0.2.
  const std::string& prefix = context.config.exposed_prefix;
  if (!prefix.empty()) {
    for (auto& [name, doc] : object->ExposedMethods()) {
      std::string full = absl::StrCat(prefix, name);
      if (!MayHave(context, *object, full)) continue;
      methods.push_back(Value::Tuple({Value(std::move(full)), Value(*std::move(doc))}));
    }
  }
  return Value::Tuple(std::move(methods));
}

absl::StatusOr<Value> BuffIter(HandlerContext& context, Args& args) {
  absl::StatusOr<std::shared_ptr<Object>> object = Target(args[0]);
  if (!object.ok()) return object.status();
  const int64_t* count = args[1].AsInt();
  if (count == nullptr || *count < 0) {
    return PyStatus("ValueError",
                    absl::StrCat("the number of items must be an int of at least 0, not ",
                                 args[1].DebugString()));
  }
  // Python's server checks no rule here; ours refuses the items to a peer that may not have
  // __next__.
  absl::StatusOr<AttributeRef> next =
      ResolveAttribute(context.config, Access::kGet, "__next__", **object);
  if (!next.ok() || MustAskOwner(**object, *next)) return AccessDenied("__next__");
  // A peer that wants more asks again; only an empty answer means the end.
  absl::StatusOr<std::vector<Value>> items = (*object)->NextItems(
      context.call, static_cast<size_t>(std::min<int64_t>(*count, kMaxItemsAtOnce)));
  if (!items.ok()) return items.status();
  return Value::Tuple(*std::move(items));
}

// Answers what Python 2 peers send for x[start:stop].
absl::StatusOr<Value> OldSlicing(HandlerContext& context, Args& args) {
  if (!args[5].IsTuple()) {
    return PyStatus("TypeError",
                    absl::StrCat("arguments must be a tuple, not ", args[5].type_name()));
  }
  const auto call = [&](const Value& name, std::vector<Value> first) -> absl::StatusOr<Value> {
    const Args target = {args[0], name};
    absl::StatusOr<ResolvedAttribute> resolved = Resolve(context, Access::kGet, target);
    if (!resolved.ok()) return resolved.status();
    first.insert(first.end(), args[5].items().begin(), args[5].items().end());
    return resolved->object->CallAttr(context.call, resolved->attribute,
                                      {.positional = std::move(first), .keyword = {}});
  };
  const Value& start = args[3];
  const Value& stop = args[4];
  absl::StatusOr<Value> result = call(args[1], {Value::Slice(start, stop, Value())});
  if (result.ok()) return result;
  constexpr int64_t kMaxInt = std::numeric_limits<int64_t>::max();
  return call(args[2], {start, stop.is_none() ? Value(kMaxInt) : stop});
}

absl::StatusOr<Value> CtxExit(HandlerContext& context, Args& args) {
  const Args target = {args[0], "__exit__"};
  absl::StatusOr<ResolvedAttribute> resolved = Resolve(context, Access::kGet, target);
  if (!resolved.ok()) return resolved.status();
  if (MustAskOwner(*resolved->object, resolved->attribute)) return AccessDenied("__exit__");
  // The peer tells the exception's class and no more. A Python server passes a TypeError of its
  // own making; we pass what is known.
  return resolved->object->Exit(context.call, std::move(args[1]));
}

// isinstance(x, C) where the peer holds proxies of both. Python's own server answers False for all
// but builtins.
absl::StatusOr<Value> InstanceCheck(HandlerContext& context, Args& args) {
  absl::StatusOr<std::shared_ptr<Object>> object = Target(args[0]);
  if (!object.ok()) return object.status();
  const std::optional<IdPack> id_pack = ToIdPack(args[1]);
  const std::shared_ptr<Object> other = id_pack ? context.local_objects.Find(*id_pack) : nullptr;
  if (!(*object)->is_class() || other == nullptr || other->is_class()) return Value(false);
  absl::StatusOr<bool> has = (*object)->HasInstance(context.call, *other);
  if (!has.ok()) return std::move(has).status();
  return Value(*has);
}

// The rows are in the order of their numbers, from 1.
constexpr std::array<HandlerRow, 20> kHandlers = {{
    // number, min_args, max_args, runs_user_code, is_call
    {Handle::kPing, 1, 1, false, false, Ping},
    {Handle::kClose, 0, 0, false, false, Close},
    {Handle::kGetRoot, 0, 0, true, false, GetRoot},
    {Handle::kGetAttr, 2, 2, true, false, GetAttr},
    {Handle::kDelAttr, 2, 2, true, false, DelAttr},
    {Handle::kSetAttr, 3, 3, true, false, SetAttr},
    {Handle::kCall, 2, 3, true, true, Call},
    {Handle::kCallAttr, 3, 4, true, true, CallAttr},
    {Handle::kRepr, 1, 1, true, false, Repr},
    {Handle::kStr, 1, 1, true, false, Str},
    {Handle::kCmp, 2, 3, true, false, Cmp},
    {Handle::kHash, 1, 1, true, false, Hash},
    {Handle::kDir, 1, 1, true, false, Dir},
    {Handle::kPickle, 2, 2, false, false, Pickle},
    {Handle::kDel, 1, 2, true, false, Del},
    {Handle::kInspect, 1, 1, true, false, Inspect},
    {Handle::kBuffIter, 2, 2, true, false, BuffIter},
    {Handle::kOldSlicing, 6, 6, true, false, OldSlicing},
    {Handle::kCtxExit, 2, 2, true, false, CtxExit},
    {Handle::kInstanceCheck, 2, 2, true, false, InstanceCheck},
}};

constexpr bool NumberedFromOne() {
  for (size_t i = 0; i < kHandlers.size(); ++i) {
    if (static_cast<size_t>(kHandlers[i].number) != i + 1) return false;
  }
  return true;
}
static_assert(NumberedFromOne());

// This is not inlined, as every call of a method runs on top of RunHandler's frame.
[[gnu::noinline, gnu::cold]] absl::Status WrongCount(const HandlerRow& row, size_t count) {
  return PyStatus(
      "TypeError",
      absl::StrCat("request ", static_cast<int>(row.number), " takes ", row.min_args,
                   row.min_args == row.max_args ? "" : absl::StrCat(" to ", row.max_args),
                   " arguments, got ", count));
}

}  // namespace

const HandlerRow* FindHandler(int64_t number) {
  if (number < 1 || number > static_cast<int64_t>(kHandlers.size())) return nullptr;
  return &kHandlers[static_cast<size_t>(number - 1)];
}

absl::StatusOr<Value> RunHandler(const HandlerRow& row, HandlerContext& context,
                                 std::vector<Value>& args) {
  if (args.size() < row.min_args || args.size() > row.max_args) {
    return WrongCount(row, args.size());
  }
  return row.run(context, args);
}

}  // namespace rpyc
