#include "registry/memory_store.h"

#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "registry/snapshot_file.h"
#include "rpyc/mutex.h"

namespace rpyc {
namespace {

RegistryHooks Hooks() {
  return {.start_thread =
              [](absl::AnyInvocable<void() &&> body) {
                std::thread([body = std::move(body)]() mutable { std::move(body)(); }).detach();
                return absl::OkStatus();
              },
          .log = [](LogLevel, absl::string_view) {}};
}

RegisterRequest Of(std::string name, int port, absl::Duration ttl = absl::ZeroDuration()) {
  return {.names = {std::move(name)},
          .host = "10.0.0.1",
          .port = port,
          .source = "10.0.0.1",
          .ttl = ttl};
}

absl::Status Register(RegistryStore& store, RegisterRequest request) {
  std::promise<absl::Status> done;
  store.Register(std::move(request), [&done](absl::Status status) { done.set_value(status); });
  return done.get_future().get();
}

class MemoryStoreTest : public testing::Test {
 protected:
  MemoryStoreTest() {
    std::string pattern = absl::StrCat(testing::TempDir(), "/storeXXXXXX");
    folder_ = ::mkdtemp(pattern.data());
  }
  ~MemoryStoreTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<MemoryStore> Start(bool snapshot = true) {
    auto store = MemoryStore::Start({.snapshot_file = snapshot ? file() : ""}, Hooks());
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  std::string file() const { return folder_ + "/snapshot"; }

  std::string folder_;
};

TEST_F(MemoryStoreTest, PrunesByItself) {
  const auto store = Start(/*snapshot=*/false);
  ASSERT_TRUE(Register(*store, Of("A", 1)).ok());
  ASSERT_TRUE(Register(*store, Of("B", 2, absl::Milliseconds(1))).ok()) << "sooner than A";
  while (store->table().size() != 1) {
    store->table().AwaitChange(store->table().revision(), absl::Now() + absl::Milliseconds(10));
  }
  EXPECT_EQ(store->table().Names("", 100), std::vector<std::string>{"A"});
}

TEST_F(MemoryStoreTest, WhatIsAcknowledgedIsInTheFile) {
  const auto store = Start();
  ASSERT_TRUE(Register(*store, Of("A", 1)).ok());
  const std::string copy = folder_ + "/copy";
  std::filesystem::copy(file(), copy);  // a process that is killed now leaves this file
  const auto read = (*SnapshotFile::Open(copy))->Read(absl::UnixEpoch());
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 1);
  EXPECT_EQ(read->front().key, (RegistrationKey{"A", "10.0.0.1", 1}));
  EXPECT_EQ(read->front().source, "10.0.0.1");
  EXPECT_EQ(read->front().expire_time, absl::UnixEpoch() + absl::Seconds(240));
}

TEST_F(MemoryStoreTest, ManyAtOnceAreWrittenTogether) {
  const auto store = Start();
  constexpr int kMany = 2000;
  Mutex mutex;
  CondVar changed;
  int done = 0;
  for (int i = 0; i < kMany; ++i) {
    RegisterRequest request = Of("A", 1 + i);
    request.host = request.source = absl::StrCat("10.0.0.", i % 4);
    store->Register(std::move(request), [&](absl::Status status) {
      EXPECT_TRUE(status.ok()) << status;
      MutexLock lock(&mutex);
      ++done;
      changed.Signal();
    });
  }
  MutexLock lock(&mutex);
  while (done < kMany) changed.Wait(&mutex);
}

TEST_F(MemoryStoreTest, RefusesWhatItCannotKeep) {
  const auto store = Start();
  ASSERT_TRUE(Register(*store, Of("A", 1)).ok());
  std::filesystem::create_directory(file() + ".new");  // in the way of the next one
  const absl::Status refused = Register(*store, Of("B", 1));
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_EQ(store->state().error, refused);
  EXPECT_FALSE(store->state().stale);
  EXPECT_EQ(store->table().Names("", 100), std::vector<std::string>{"A"}) << "nor does it show";
  EXPECT_TRUE(Register(*store, Of("A", 1)).ok()) << "the file has it";
  std::promise<absl::Status> deleted, unregistered, nothing;
  store->Delete({"A", "10.0.0.1", 1},
                [&](absl::Status status) { deleted.set_value(std::move(status)); });
  EXPECT_TRUE(absl::IsUnavailable(deleted.get_future().get()));
  store->Unregister("10.0.0.1", 1,
                    [&](absl::Status status) { unregistered.set_value(std::move(status)); });
  EXPECT_TRUE(absl::IsUnavailable(unregistered.get_future().get())) << "a restart would forget it";
  store->Unregister("10.0.0.9", 1,
                    [&](absl::Status status) { nothing.set_value(std::move(status)); });
  EXPECT_TRUE(nothing.get_future().get().ok());
  EXPECT_EQ(store->table().size(), 1);

  std::filesystem::remove(file() + ".new");
  EXPECT_TRUE(Register(*store, Of("B", 1)).ok());
  EXPECT_TRUE(store->state().error.ok());
  const std::string copy = folder_ + "/copy";
  std::filesystem::copy(file(), copy);
  EXPECT_EQ((*SnapshotFile::Open(copy))->Read(absl::Now())->size(), 2) << "it is written again";
}

TEST_F(MemoryStoreTest, WhatIsRefusedTogetherWithARenewalIsRefusedAlone) {
  const auto store = Start();
  ASSERT_TRUE(Register(*store, Of("A", 1)).ok());
  std::filesystem::create_directory(file() + ".new");
  // Many changes share one write; each gets its own answer.
  std::vector<std::future<absl::Status>> results;
  std::vector<std::promise<absl::Status>> promises(100);
  for (int i = 0; i < 100; ++i) {
    results.push_back(promises[static_cast<size_t>(i)].get_future());
    store->Register(i % 2 == 0 ? Of("A", 1) : Of(absl::StrCat("N", i), 1),
                    [&promise = promises[static_cast<size_t>(i)]](absl::Status status) {
                      promise.set_value(std::move(status));
                    });
  }
  for (size_t i = 0; i < 100; ++i) {
    const absl::Status result = results[i].get();
    EXPECT_EQ(result.code(), i % 2 == 0 ? absl::StatusCode::kOk : absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(store->table().size(), 1);
}

TEST_F(MemoryStoreTest, DeletesAndUnregisters) {
  const auto store = Start();
  ASSERT_TRUE(Register(*store, Of("A", 1)).ok());
  ASSERT_TRUE(Register(*store, Of("B", 1)).ok());
  std::promise<absl::Status> deleted, again, unregistered;
  const RegistrationKey key = {"A", "10.0.0.1", 1};
  store->Delete(key, [&](absl::Status status) { deleted.set_value(status); });
  EXPECT_TRUE(deleted.get_future().get().ok());
  store->Delete(key, [&](absl::Status status) { again.set_value(status); });
  EXPECT_TRUE(absl::IsNotFound(again.get_future().get()));
  store->Unregister("10.0.0.1", 1, [&](absl::Status status) { unregistered.set_value(status); });
  EXPECT_TRUE(unregistered.get_future().get().ok());
  EXPECT_EQ(store->table().size(), 0);
}

}  // namespace
}  // namespace rpyc
