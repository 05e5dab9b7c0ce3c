#include "registry/messages.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rpyc/brine.h"
#include "rpyc/limits.h"
#include "rpyc/value.h"

namespace rpyc {
namespace {

using Command = RegistryRequest::Command;

std::string Hex(absl::string_view bytes) { return absl::BytesToHexString(bytes); }
std::string Bytes(absl::string_view hex) { return absl::HexStringToBytes(hex); }

std::string Brine(const Value& value) {
  const Limits limits;
  return brine::EncodeToString(value, limits).value();
}

Value Request(Value command, std::vector<Value> args) {
  return Value::Tuple({"RPYC", std::move(command), Value::Tuple(std::move(args))});
}

// Requests that RPyC's own registry clients have sent.
constexpr char kRegister[] =
    "12080d52505943080e0852454749535445521111080c466f6f080c62617216053138383631";
constexpr char kUnregister[] = "12080d52505943080e0a554e52454749535445521016053138383631";
constexpr char kQuery[] = "12080d52505943080e05515545525910080c666f6f";
constexpr char kListAll[] = "12080d52505943080d4c495354101000";
constexpr char kListHost[] = "12080d52505943080d4c4953541010080e093132372e302e302e31";

TEST(RegistryMessages, RequestsAreAsRpycWritesThem) {
  EXPECT_EQ(Hex(*EncodeRegistryRequest(
                {.command = Command::kRegister, .names = {"Foo", "bar"}, .port = 18861})),
            kRegister);
  EXPECT_EQ(Hex(*EncodeRegistryRequest({.command = Command::kUnregister, .port = 18861})),
            kUnregister);
  EXPECT_EQ(Hex(*EncodeRegistryRequest({.command = Command::kQuery, .names = {"foo"}})), kQuery);
  EXPECT_EQ(Hex(*EncodeRegistryRequest({.command = Command::kList})), kListAll);
  EXPECT_EQ(Hex(*EncodeRegistryRequest({.command = Command::kList, .filter_host = "127.0.0.1"})),
            kListHost);
}

TEST(RegistryMessages, RequestsOfRpycAreRead) {
  const RegistryRequest registered = ParseRegistryRequest(Bytes(kRegister)).value();
  EXPECT_EQ(registered.command, Command::kRegister);
  EXPECT_EQ(registered.names, (std::vector<std::string>{"Foo", "bar"}));
  EXPECT_EQ(registered.port, 18861);
  EXPECT_EQ(ParseRegistryRequest(Bytes(kUnregister))->port, 18861);
  EXPECT_EQ(ParseRegistryRequest(Bytes(kQuery))->names, std::vector<std::string>{"foo"});
  EXPECT_EQ(ParseRegistryRequest(Bytes(kListAll))->filter_host, "");
  EXPECT_EQ(ParseRegistryRequest(Bytes(kListHost))->filter_host, "127.0.0.1");
}

TEST(RegistryMessages, EachStartOfARequestIsNone) {
  const std::string whole = Bytes(kRegister);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(absl::IsDataLoss(ParseRegistryRequest(whole.substr(0, size)).status()));
  }
  EXPECT_TRUE(ParseRegistryRequest(absl::StrCat(whole, "more")).ok());
}

TEST(RegistryMessages, WhatIsNoRequestIsRefused) {
  const Value name = "foo";
  const Value names = Value::Tuple({name});
  for (const Value& value : {
           Request("REGISTER", {names}),
           Request("REGISTER", {names, 1, 2}),
           Request("REGISTER", {name, 1}),
           Request("REGISTER", {names, "18861"}),
           Request("REGISTER", {names, 0}),
           Request("REGISTER", {names, 65536}),
           Request("REGISTER", {names, -1}),
           Request("REGISTER", {names, true}),
           Request("REGISTER", {names, BigInt{"100000000000000000000"}}),
           Request("REGISTER", {names, BigInt{std::string(40, '9')}}),
           Request("REGISTER", {Value::Tuple({1}), 1}),
           Request("UNREGISTER", {}),
           Request("UNREGISTER", {"1"}),
           Request("QUERY", {}),
           Request("QUERY", {names}),
           Request("QUERY", {name, name}),
           Request("LIST", {None()}),
           Request("LIST", {}),
           Request("LIST", {Value::Tuple({})}),
           Request("LIST", {Value::Tuple({1})}),
           Request("PING", {}),
           Request(1, {}),
           Request(None(), {}),
           Request(rpyc::Bytes{"QUERY"}, {name}),
           Value::Tuple({rpyc::Bytes{"RPYC"}, "QUERY", names}),
           Value::Tuple({"RPYC", "QUERY"}),
           Value::Tuple({"rpyc", "QUERY", names}),
           Value::Tuple({"RPYC", "QUERY", name}),
           Value(5),
           Value(None()),
       }) {
    const absl::Status status = ParseRegistryRequest(Brine(value)).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << value.DebugString() << ": " << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "registry request: ")) << status;
  }
}

TEST(RegistryMessages, RepliesAreAsRpycWritesThem) {
  EXPECT_EQ(Hex(EncodeOkReply()), "080b4f4b");
  EXPECT_EQ(Hex(EncodeServersReply({{"127.0.0.1", 18861}, {"127.0.0.1", 18862}}, 1500)),
            "1111080e093132372e302e302e311605313838363111080e093132372e302e302e3116053138383632");
  EXPECT_EQ(Hex(EncodeServersReply({}, 1500)), "02");
  EXPECT_EQ(Hex(EncodeNamesReply({"FOO", "BAR"}, 1500)), "11080c464f4f080c424152");
  EXPECT_EQ(Hex(EncodeDeniedReply()), "00");
}

TEST(RegistryMessages, RepliesAreCutAtAWholeItem) {
  const std::vector<ServerAddress> servers(1000, {"192.168.100.100", 18861});
  const std::string reply = EncodeServersReply(servers, 1500);
  EXPECT_LE(reply.size(), 1500);
  EXPECT_GT(reply.size(), 1460);
  EXPECT_GT(ParseServersReply(reply)->size(), 50);
  EXPECT_EQ(*ParseNamesReply(EncodeNamesReply({"AAAA", "BBBB", "CCCC"}, 19)),
            (std::vector<std::string>{"AAAA", "BBBB"}));
}

TEST(RegistryMessages, RepliesAreRead) {
  EXPECT_TRUE(ParseOkReply(Bytes("080b4f4b")).ok());
  EXPECT_FALSE(ParseOkReply(Bytes("00")).ok());
  EXPECT_FALSE(ParseOkReply("").ok());
  EXPECT_EQ(*ParseServersReply(Bytes("1011080e093132372e302e302e3116053138383631")),
            (std::vector<ServerAddress>{{"127.0.0.1", 18861}}));
  EXPECT_FALSE(ParseServersReply(Bytes("00")).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(ParseNamesReply(Bytes("00")).status()));
  EXPECT_FALSE(ParseNamesReply(Brine(Value::Tuple({1}))).ok());
}

// RPyC's registry does not check ports.
TEST(RegistryMessages, ServersThatCannotBeConnectedToAreLeftOut) {
  const std::string reply = Brine(Value::Tuple(
      {Value::Tuple({"h", "18861"}), Value::Tuple({"h", 0}), Value::Tuple({"h", 5}), "x"}));
  EXPECT_EQ(*ParseServersReply(reply), (std::vector<ServerAddress>{{"h", 5}}));
}

}  // namespace
}  // namespace rpyc
