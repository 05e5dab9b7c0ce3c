#include "examples/chat.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "rpyc/async_result.h"
#include "rpyc/cast/netref.h"
#include "rpyc/errors.h"
#include "rpyc/netref.h"

namespace examples {
namespace {

struct Member {
  std::string name;
  rpyc::Netref hear;        // a function of the client's: hear(number, sender, text)
  int64_t has_read_to = 0;  // the number of a message
};

// Its methods run on the threads of all connections. No method calls a client while it holds the
// lock.
class Room {
 public:
  explicit Room(absl::Duration patience) : patience_(patience) {}

  std::vector<std::string> Join(const rpyc::CallContext& caller, const std::string& name,
                                const rpyc::Netref& hear) {
    std::lock_guard lock(mutex_);
    if (members_.count(caller.connection_id()) != 0) throw rpyc::ValueError("you are here already");
    for (const auto& [id, member] : members_) {
      if (member.name == name) throw rpyc::ValueError(name + " is here already");
    }
    members_[caller.connection_id()] = {name, hear.Timeout(patience_), last_message_};
    return Names([](const Member&) { return true; });
  }

  // All clients are called at once, and then waited for: a client that does not answer delays only
  // the speaker.
  int64_t Say(const rpyc::CallContext& caller, const std::string& text) {
    std::map<int64_t, Member> others;
    std::string sender;
    int64_t number;
    {
      std::lock_guard lock(mutex_);
      sender = Find(caller).name;
      number = ++last_message_;
      others = members_;
      others.erase(caller.connection_id());
    }
    std::map<int64_t, rpyc::AsyncResult> calls;
    for (const auto& [id, other] : others) {
      calls.emplace(id, rpyc::Async(other.hear)(number, sender, text));
    }
    for (const auto& [id, heard] : calls) {
      if (!heard.get<void>().ok()) Remove(id);
    }
    return number;
  }

  void Seen(const rpyc::CallContext& caller, int64_t number) {
    std::lock_guard lock(mutex_);
    Member& member = Find(caller);
    member.has_read_to = std::max(member.has_read_to, std::min(number, last_message_));
  }

  std::vector<std::string> Readers(int64_t number) const {
    std::lock_guard lock(mutex_);
    return Names([&](const Member& member) { return member.has_read_to >= number; });
  }

  std::vector<std::string> Members() const { return Readers(0); }

  void Leave(const rpyc::CallContext& caller) { Remove(caller.connection_id()); }

  friend void RpycExpose(rpyc::ClassDef<Room>& c) {
    c.Doc("A chat room, one for all its clients.");
    c.OnDisconnect(&Room::Leave);
    c.Expose("join", &Room::Join, rpyc::Arg("name"), rpyc::Arg("hear"),
             "Has hear(number, sender, text) called for what others say; returns who is here.");
    c.Expose("say", &Room::Say, rpyc::Arg("text"),
             "Returns the message's number when all have heard it, or have been dropped.");
    c.Expose("seen", &Room::Seen, rpyc::Arg("number"), "The caller has read up to that message.");
    c.Expose("readers", &Room::Readers, rpyc::Arg("number"), "Who has read up to that message.");
    c.Expose("members", &Room::Members, "Who is here.");
    c.Expose("leave", &Room::Leave);
  }

 private:
  void Remove(int64_t connection_id) {
    std::lock_guard lock(mutex_);
    members_.erase(connection_id);
  }
  // The caller holds the lock, as for Names.
  Member& Find(const rpyc::CallContext& caller) {
    const auto found = members_.find(caller.connection_id());
    if (found == members_.end()) throw rpyc::ValueError("you have not joined, or were dropped");
    return found->second;
  }
  template <typename Condition>
  std::vector<std::string> Names(Condition holds) const {
    std::vector<std::string> names;
    for (const auto& [id, member] : members_) {
      if (holds(member)) names.push_back(member.name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  const absl::Duration patience_;
  mutable std::mutex mutex_;
  std::map<int64_t, Member> members_;  // by connection; guarded by mutex_
  int64_t last_message_ = 0;           // guarded by mutex_
};

}  // namespace

rpyc::Service Chat(absl::Duration patience) {
  return rpyc::Service::Shared("CHAT", std::make_shared<Room>(patience));
}

}  // namespace examples
