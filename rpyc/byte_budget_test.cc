#include "rpyc/byte_budget.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace rpyc {
namespace {

constexpr size_t kStep = ByteBudget::kStepBytes;

TEST(ByteBudget, IsTakenInStepsAndOnlyForWhatIsLarge) {
  ByteBudget budget("max_total_bytes", 10 * kStep);
  ByteCharge charge(&budget);
  EXPECT_TRUE(charge.Resize(ByteBudget::kFreeBytes).ok());
  EXPECT_EQ(budget.used_bytes(), 0);
  EXPECT_TRUE(charge.Resize(ByteBudget::kFreeBytes + 1).ok());
  EXPECT_EQ(budget.used_bytes(), 2 * kStep);
  EXPECT_TRUE(charge.Resize(10 * kStep).ok());
  EXPECT_EQ(budget.used_bytes(), 10 * kStep);
  charge.ShrinkTo(3 * kStep - 1);
  EXPECT_EQ(budget.used_bytes(), 3 * kStep);
  charge.ShrinkTo(9 * kStep);
  EXPECT_EQ(budget.used_bytes(), 3 * kStep) << "it does not grow by ShrinkTo";
  EXPECT_TRUE(charge.Resize(1).ok());
  EXPECT_EQ(budget.used_bytes(), 0);
  EXPECT_EQ(budget.returned_bytes(), 10 * kStep);
}

TEST(ByteBudget, TakesNothingOfAPartOrTheWholeIfEitherHasTooLittle) {
  ByteBudget host("the host's max_total_bytes", 10 * kStep);
  ByteBudget server("the server's max_total_bytes", 8 * kStep, &host);
  ByteBudget other("the server's max_total_bytes", 8 * kStep, &host);
  ByteCharge first(&server);
  ByteCharge second(&other);
  const absl::Status over = first.Resize(9 * kStep);
  EXPECT_TRUE(IsOutOfMemory(over));
  EXPECT_EQ(over.message(),
            "589824 bytes more would exceed the server's max_total_bytes, 524288, of which 0 are "
            "in use");
  EXPECT_EQ(host.used_bytes(), 0);
  EXPECT_TRUE(first.Resize(6 * kStep).ok());
  EXPECT_TRUE(IsOutOfMemory(second.Resize(5 * kStep)));
  EXPECT_EQ(other.used_bytes(), 0);
  EXPECT_EQ(host.used_bytes(), 6 * kStep);
  EXPECT_EQ(host.refusals(), 1);
  EXPECT_TRUE(second.Resize(4 * kStep).ok());
  EXPECT_TRUE(IsOutOfMemory(first.Resize(7 * kStep)));
  EXPECT_EQ(server.used_bytes(), 6 * kStep) << "what was taken before stays";
}

TEST(ByteBudget, WhatWasFreedWithoutBeingTakenIsReturnedToo) {
  ByteBudget host("the host's max_total_bytes", 10 * kStep);
  ByteBudget server("the server's max_total_bytes", 8 * kStep, &host);
  server.NoteFreed(100);
  EXPECT_EQ(server.returned_bytes(), 100);
  EXPECT_EQ(host.returned_bytes(), 100);
  EXPECT_EQ(host.used_bytes(), 0);
}

TEST(ByteBudget, AChargeMovesToTheWhole) {
  ByteBudget server("the server's max_total_bytes", 8 * kStep);
  ByteBudget newcomers("the newcomers' part", 4 * kStep, &server);
  ByteCharge charge(&newcomers);
  EXPECT_TRUE(charge.Resize(4 * kStep).ok());
  charge.MoveTo(&server);
  EXPECT_EQ(newcomers.used_bytes(), 0);
  EXPECT_EQ(server.used_bytes(), 4 * kStep);
  EXPECT_TRUE(charge.Resize(8 * kStep).ok());
  ByteCharge moved = std::move(charge);
  moved = ByteCharge();
  EXPECT_EQ(server.used_bytes(), 0);
}

TEST(ByteBudget, WithoutOneEverythingIsAllowed) {
  ByteCharge charge;
  EXPECT_TRUE(charge.Resize(size_t{1} << 40).ok());
  charge.ShrinkTo(0);
}

TEST(ByteBudget, CountsWhereOtherProcessesDo) {
  std::atomic<int64_t> total{int64_t{7 * kStep}};
  ByteBudget budget("max_total_bytes", 8 * kStep);
  budget.UseCounter(&total);
  ByteCharge charge(&budget);
  EXPECT_TRUE(IsOutOfMemory(charge.Resize(2 * kStep)));
  total.store(0);
  EXPECT_TRUE(charge.Resize(2 * kStep).ok());
  EXPECT_EQ(total.load(), 2 * kStep);
}

TEST(ByteBudget, LackOfMemoryIsAnError) {
  const absl::Status status = OrOutOfMemory([]() -> absl::Status { throw std::bad_alloc(); });
  EXPECT_TRUE(IsOutOfMemory(status));
  EXPECT_FALSE(IsOutOfMemory(absl::ResourceExhaustedError("a limit")));
  EXPECT_TRUE(OrOutOfMemory([] { return absl::OkStatus(); }).ok());
}

}  // namespace
}  // namespace rpyc
