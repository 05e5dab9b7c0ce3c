#ifndef RPYC_TESTING_FAKE_PEER_H_
#define RPYC_TESTING_FAKE_PEER_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpyc/errors.h"
#include "rpyc/id_pack.h"
#include "rpyc/netref_object.h"
#include "rpyc/out_buffer.h"
#include "rpyc/pending_request.h"
#include "rpyc/value.h"

namespace rpyc::testing {

// A peer whose objects all answer alike, and which notes what they are asked: "str", "repr",
// "items" (the next ones of an iterator, all at the first time), "inspect", ".name" for an
// attribute, and "name" for a call of a method.
class FakePeer : public Requester {
 public:
  std::map<std::string, absl::StatusOr<Value>> answers;  // to all else: AttributeError
  std::vector<std::string> methods;                      // of the class, by INSPECT
  std::vector<std::string> asked;
  int max_unawaited = 0;  // counts requests that were sent and not awaited

  Value Make(absl::string_view class_name, int64_t class_id = 8) {
    OutBuffer id_pack;
    AppendIdPack({class_name, class_id, next_ += 8}, &id_pack);
    return Value(
        std::make_shared<NetrefObject>(id_pack.ToString(), std::string(class_name), owner_));
  }

  absl::StatusOr<Value> Request(Handle handle, Value args, std::optional<absl::Duration>) override {
    return Answer(handle, args);
  }
  std::shared_ptr<PendingRequest> Start(Handle handle, Value args) override {
    max_unawaited = std::max(max_unawaited, ++unawaited_);
    auto request = std::make_shared<PendingRequest>();
    request->Answer(Answer(handle, args));
    return request;
  }
  std::shared_ptr<PendingRequest> Post(Handle handle, Value args) override {
    return Start(handle, std::move(args));
  }
  bool Await(const PendingRequest&, absl::Time) override { return true; }
  absl::Duration sync_request_timeout() const override { return absl::Seconds(30); }

 private:
  absl::StatusOr<Value> Answer(Handle handle, const Value& args) {
    std::string name;
    switch (handle) {
      case Handle::kInspect: {
        asked.push_back("inspect");
        std::vector<Value> pairs;
        for (const std::string& method : methods) {
          pairs.push_back(Value::Tuple({Value(method), Value()}));
        }
        return Value::Tuple(std::move(pairs));
      }
      case Handle::kGetAttr:
        name = "." + *args.items()[1].AsStr();
        break;
      case Handle::kCallAttr:
        name = *args.items()[1].AsStr();
        break;
      case Handle::kStr:
        name = "str";
        break;
      case Handle::kRepr:
        name = "repr";
        break;
      case Handle::kBuffIter:
        name = "items";
        break;
      default:
        return PyStatus("RuntimeError", "not expected here");
    }
    asked.push_back(name);
    const auto answer = answers.find(name);
    if (answer == answers.end()) return PyStatus("AttributeError", "cannot access it");
    absl::StatusOr<Value> given = answer->second;
    if (name == "items") answer->second = Value::Tuple({});
    return given;
  }

  const std::shared_ptr<NetrefOwner> owner_ = std::make_shared<NetrefOwner>(this);
  int64_t next_ = 0;
  int unawaited_ = 0;
};

}  // namespace rpyc::testing

#endif  // RPYC_TESTING_FAKE_PEER_H_
