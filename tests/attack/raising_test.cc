// Whatever a handler throws is the peer's exception: it ends neither the host nor the connection.
// In Python, KeyboardInterrupt and SystemExit could end both.

#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/connection.h"
#include "rpyc/errors.h"
#include "rpyc/service.h"
#include "rpyc/testing/memory_stream.h"
#include "rpyc/testing/peer.h"

namespace rpyc {
namespace {

// All its members raise what the test chose.
class Raiser {
 public:
  static void Raise() { (*action)(); }
  friend void RpycExpose(ClassDef<Raiser>& c) {
    c.Property("attribute", [](Raiser&) {
      Raise();
      return 1;
    });
    c.Expose("method", [](Raiser&) { Raise(); });
    for (const char* name : {"__str__", "__repr__"}) {
      c.Expose(name, [](Raiser&) {
        Raise();
        return std::string();
      });
    }
    c.Expose("__hash__", [](Raiser&) {
      Raise();
      return 1;
    });
    c.Expose("__eq__", [](Raiser&, Value) {
      Raise();
      return true;
    });
  }

  inline static const std::function<void()>* action = nullptr;
};

struct Thrown {
  const char* name;  // the class as the peer sees it
  std::function<void()> action;
};

// Makes an exception whose builtin class the user code itself names.
Thrown Builtin(const char* name) {
  return {name, [name] { throw PyError("builtins", name, "from a handler"); }};
}

class RaisingTest : public testing::TestWithParam<Dialect> {
 protected:
  // Asks a new connection for its root, and then what `next` says of it. It returns all answers but
  // the first.
  std::vector<PeerMessage> Ask(const std::function<std::string(const Value& root)>& next) {
    auto [mine, theirs] = MemoryStream::MakePair();
    const Service service = Service::Of<Raiser>("RAISER");
    const Connection::Options options;
    Connection connection(std::move(theirs), &service, &options);
    std::thread server([&connection] { EXPECT_TRUE(connection.ServeAll().ok()); });
    mine->Send(peer_.Request(0, Handle::kGetRoot, NoArgs()));
    char space[1000];
    const absl::StatusOr<ReadResult> read =
        mine->ReadSome(absl::MakeSpan(space), ReadHint::kBetweenFrames);
    EXPECT_TRUE(read.ok());
    const std::vector<PeerMessage> first = peer_.Parse(absl::string_view(space, read->bytes));
    mine->Send(next(BoxedLocal(first.at(0).args.items()[1])));
    mine->CloseWrite();
    server.join();
    return peer_.Parse(mine->Received());
  }

  static Value NoArgs() { return BoxedValue(MakeTuple({})); }

  const Peer peer_{GetParam()};
};

TEST_P(RaisingTest, EveryExceptionIsThePeersAlone) {
  const std::vector<Thrown> all = {
      Builtin("KeyboardInterrupt"),
      Builtin("SystemExit"),
      Builtin("GeneratorExit"),
      Builtin("BaseException"),
      Builtin("EOFError"),
      Builtin("MemoryError"),
      Builtin("RecursionError"),
      {"no text ?", [] { throw PyError("\xff", "no text \xff", "\xff"); }},
      Builtin(""),
      {"MemoryError", [] { throw std::bad_alloc(); }},
      {"RuntimeError", [] { throw 5; }},
      {"RuntimeError", [] { throw "text"; }},
      {"RuntimeError", [] { throw std::bad_exception(); }},
      {"RuntimeError", [] { throw std::runtime_error("\xff\xfe not text"); }},
      {"RuntimeError", [] { throw std::runtime_error(std::string(1 << 20, 'x')); }},
      {"RuntimeError", [] { std::throw_with_nested(std::runtime_error("with no cause")); }},
  };
  for (const Thrown& thrown : all) {
    SCOPED_TRACE(thrown.name);
    Raiser::action = &thrown.action;
    const std::vector<PeerMessage> answers = Ask([this](const Value& root) {
      return peer_.Request(1, Handle::kGetAttr, BoxedTuple({root, BoxedValue("attribute")})) +
             peer_.Request(2, Handle::kCallAttr,
                           BoxedTuple({root, BoxedValue("method"), NoArgs(), NoArgs()})) +
             peer_.Request(3, Handle::kStr, BoxedTuple({root})) +
             peer_.Request(4, Handle::kRepr, BoxedTuple({root})) +
             peer_.Request(5, Handle::kHash, BoxedTuple({root})) +
             peer_.Request(6, Handle::kCmp,
                           BoxedTuple({root, BoxedValue(1), BoxedValue("__eq__")})) +
             peer_.Request(7, Handle::kPing, BoxedValue(MakeTuple({"alive"})));
    });
    ASSERT_EQ(answers.size(), 7u);
    for (int i = 0; i < 6; ++i) {
      EXPECT_EQ(answers[i].seq, Value(i + 1));
      ASSERT_EQ(answers[i].type, MessageType::kException) << i + 1;
      EXPECT_EQ(answers[i].args.items()[0].items()[1], Value(thrown.name));
    }
    EXPECT_EQ(answers[6].args, BoxedValue("alive"));
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, RaisingTest, testing::Values(Dialect::kV5, Dialect::kV6),
                         [](const auto& info) { return info.param == Dialect::kV5 ? "V5" : "V6"; });

}  // namespace
}  // namespace rpyc
