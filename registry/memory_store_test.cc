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
          .log = [](RegistryLogLevel, absl::string_view) {}};
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
  std::filesystem::copy(file(), copy);  // as a process that is killed now would leave it
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

TEST_F(MemoryStoreTest, GoesOnWhereTheFileCannotBeWritten) {
  const auto store = Start();
  std::filesystem::create_directory(file() + ".new");  // in the way of the next one
  EXPECT_TRUE(Register(*store, Of("A", 1)).ok());
  EXPECT_TRUE(Register(*store, Of("B", 1)).ok());
  EXPECT_EQ(store->table().size(), 2);
  std::filesystem::remove(file() + ".new");
  EXPECT_TRUE(Register(*store, Of("C", 1)).ok());
  const std::string copy = folder_ + "/copy";
  std::filesystem::copy(file(), copy);
  EXPECT_EQ((*SnapshotFile::Open(copy))->Read(absl::Now())->size(), 3) << "it is written again";
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
