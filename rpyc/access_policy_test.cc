#include "rpyc/access_policy.h"

#include <map>
#include <string>

#include "gtest/gtest.h"
#include "rpyc/object.h"

namespace rpyc {
namespace {

// The object of the specification's table: exposed_a, a, exposed_b, c, _d, exposed__e, __len__,
// exposed___len__, __add__.
class TableObject : public Object {
 public:
  absl::string_view type_name() const override { return "cpp.Table"; }
  int64_t class_id() const override { return 1; }
  AttributePresence Has(absl::string_view name) const override {
    static const auto* const kNames =
        new std::map<std::string, AttributePresence>{{"a", {true, true}},
                                                     {"b", {true, false}},
                                                     {"c", {false, true}},
                                                     {"_d", {false, true}},
                                                     {"_e", {true, false}},
                                                     {"__len__", {true, true}},
                                                     {"__add__", {false, true}},
                                                     // As an exposed class carries them.
                                                     {"__iter__", {false, true, true}},
                                                     {"__reversed__", {false, true, true}}};
    const auto found = kNames->find(std::string(name));
    return found == kNames->end() ? AttributePresence{} : found->second;
  }
};

ProtocolConfig With(void (*change)(ProtocolConfig& config)) {
  ProtocolConfig config;
  change(config);
  return config;
}

// What the peer that asks for `name` gets: "exposed_a", "a", or "DENY".
std::string ResolvedName(const ProtocolConfig& config, absl::string_view name) {
  const TableObject object;
  const absl::StatusOr<AttributeRef> got = ResolveAttribute(config, Access::kGet, name, object);
  if (!got.ok()) {
    EXPECT_EQ(got.status().message(), "AttributeError: cannot access '" + std::string(name) + "'");
    return "DENY";
  }
  return (got->exposed ? "exposed_" : "") + std::string(got->name);
}

// Source: the table in section 5.2 of the protocol notes, read off RPyC 4.1.5, 5.3.0 and 6.0.2.
TEST(AccessPolicy, FollowsRpycsTable) {
  const ProtocolConfig configs[] = {
      ProtocolConfig(),
      With([](ProtocolConfig& c) { c.allow_public_attrs = true; }),
      With([](ProtocolConfig& c) { c.allow_all_attrs = true; }),
      With([](ProtocolConfig& c) { c.allow_exposed_attrs = false; }),
      With([](ProtocolConfig& c) { c.allow_safe_attrs = false; }),
      With([](ProtocolConfig& c) {
        c.allow_exposed_attrs = false;
        c.allow_public_attrs = true;
      }),
      With([](ProtocolConfig& c) { c.allow_getattr = false; }),
  };
  struct Row {
    const char* asked;
    // default, public, all, no exposed, no safe, no exposed + public, no getattr
    const char* got[7];
  };
  const Row rows[] = {
      {"a", {"exposed_a", "a", "a", "DENY", "exposed_a", "a", "DENY"}},
      {"exposed_a",
       {"exposed_a", "exposed_a", "exposed_a", "DENY", "exposed_a", "exposed_a", "DENY"}},
      {"b", {"exposed_b", "exposed_b", "exposed_b", "DENY", "exposed_b", "b", "DENY"}},
      {"c", {"DENY", "c", "c", "DENY", "DENY", "c", "DENY"}},
      {"_d", {"DENY", "DENY", "_d", "DENY", "DENY", "DENY", "DENY"}},
      {"_e", {"exposed__e", "exposed__e", "exposed__e", "DENY", "exposed__e", "DENY", "DENY"}},
      {"__len__",
       {"__len__", "__len__", "__len__", "__len__", "exposed___len__", "__len__", "DENY"}},
      {"__call__", {"DENY", "DENY", "__call__", "DENY", "DENY", "DENY", "DENY"}},
      {"__class__", {"DENY", "DENY", "__class__", "DENY", "DENY", "DENY", "DENY"}},
  };
  for (const Row& row : rows) {
    for (size_t i = 0; i < std::size(configs); ++i) {
      EXPECT_EQ(ResolvedName(configs[i], row.asked), row.got[i])
          << row.asked << ", configuration " << i;
    }
  }
}

// What a C++ class exposes is all its own: if an operator turns safe attributes off, these are off.
TEST(AccessPolicy, SpecialMethodsOfAnExposedClassAreSafeAttributes) {
  for (const char* name : {"__iter__", "__reversed__"}) {
    EXPECT_EQ(ResolvedName(ProtocolConfig(), name), name);
    EXPECT_EQ(ResolvedName(With([](ProtocolConfig& c) { c.allow_exposed_attrs = false; }), name),
              name);
    EXPECT_EQ(ResolvedName(With([](ProtocolConfig& c) { c.allow_safe_attrs = false; }), name),
              "DENY");
    EXPECT_EQ(ResolvedName(With([](ProtocolConfig& c) { c.allow_getattr = false; }), name), "DENY");
    EXPECT_EQ(ResolvedName(With([](ProtocolConfig& c) {
                             c.allow_safe_attrs = false;
                             c.allow_public_attrs = true;
                           }),
                           name),
              "DENY");
    EXPECT_EQ(
        ResolvedName(With([](ProtocolConfig& c) { c.safe_attrs.emplace({"__len__"}); }), name),
        "DENY");
  }
  EXPECT_EQ(
      ResolvedName(With([](ProtocolConfig& c) { c.safe_attrs.emplace({"__iter__"}); }), "__iter__"),
      "__iter__");
}

TEST(AccessPolicy, AnEmptyPrefixOpensEverything) {
  const ProtocolConfig config = With([](ProtocolConfig& c) { c.exposed_prefix = ""; });
  EXPECT_EQ(ResolvedName(config, "c"), "c");
  EXPECT_EQ(ResolvedName(config, "_d"), "_d");
  EXPECT_EQ(ResolvedName(config, "__class__"), "__class__");
}

TEST(AccessPolicy, AnotherPrefix) {
  const ProtocolConfig config = With([](ProtocolConfig& c) { c.exposed_prefix = "x_"; });
  EXPECT_EQ(ResolvedName(config, "b"), "exposed_b") << "exposed, whatever the prefix is called";
  EXPECT_EQ(ResolvedName(config, "x_b"), "exposed_b");
  EXPECT_EQ(ResolvedName(config, "c"), "DENY");
}

TEST(AccessPolicy, WritingIsOffByDefault) {
  const TableObject object;
  EXPECT_FALSE(ResolveAttribute(ProtocolConfig(), Access::kSet, "a", object).ok());
  EXPECT_FALSE(ResolveAttribute(ProtocolConfig(), Access::kDelete, "a", object).ok());
  const ProtocolConfig config = With([](ProtocolConfig& c) { c.allow_setattr = true; });
  EXPECT_TRUE(ResolveAttribute(config, Access::kSet, "a", object).ok());
  EXPECT_FALSE(ResolveAttribute(config, Access::kDelete, "a", object).ok());
}

// A proxy of another peer's object, of which nothing is known.
class Proxy : public TableObject {
 public:
  absl::string_view origin_id_pack() const override { return "id"; }
};

// What the owner of the object is asked for; "DENY": nothing.
std::string Asked(const ProtocolConfig& config, absl::string_view name) {
  const Proxy proxy;
  const absl::StatusOr<AttributeRef> got = ResolveAttribute(config, Access::kGet, name, proxy);
  return got.ok() ? std::string(got->prefix) + std::string(got->name) : "DENY";
}

// Source: three Pythons in a row, RPyC 5.3.1 and 6.0.2: what the one in the middle asks for.
TEST(AccessPolicy, AProxysOwnerIsAskedForNoMoreThanTheAskerMayHave) {
  const ProtocolConfig standard;
  EXPECT_EQ(Asked(standard, "a"), "exposed_a") << "as if it had no plain a";
  EXPECT_EQ(Asked(standard, "exposed_a"), "exposed_a");
  EXPECT_EQ(Asked(standard, "_d"), "exposed__d");
  EXPECT_EQ(Asked(standard, "__len__"), "__len__");
  EXPECT_EQ(Asked(standard, "__class__"), "exposed___class__");
  const ProtocolConfig open = With([](ProtocolConfig& c) { c.allow_public_attrs = true; });
  EXPECT_EQ(Asked(open, "a"), "a");
  EXPECT_EQ(Asked(open, "_d"), "exposed__d");
  EXPECT_EQ(Asked(With([](ProtocolConfig& c) { c.allow_all_attrs = true; }), "_d"), "_d");
  const ProtocolConfig closed = With([](ProtocolConfig& c) { c.allow_exposed_attrs = false; });
  EXPECT_EQ(Asked(closed, "a"), "DENY");
  EXPECT_EQ(Asked(closed, "exposed_a"), "DENY");
  EXPECT_EQ(Asked(closed, "__len__"), "__len__");
  EXPECT_EQ(Asked(With([](ProtocolConfig& c) { c.exposed_prefix = "x_"; }), "a"), "x_a");
  EXPECT_EQ(Asked(With([](ProtocolConfig& c) { c.exposed_prefix = ""; }), "a"), "a");
  EXPECT_EQ(Asked(With([](ProtocolConfig& c) { c.allow_getattr = false; }), "a"), "DENY");
}

TEST(AccessPolicy, SafeAttrs) {
  EXPECT_TRUE(IsSafeAttr("__len__"));
  EXPECT_TRUE(IsSafeAttr("next"));
  EXPECT_FALSE(IsSafeAttr("__call__"));
  EXPECT_FALSE(IsSafeAttr("__reduce_ex__"));
  EXPECT_FALSE(IsSafeAttr(""));
}

}  // namespace
}  // namespace rpyc
