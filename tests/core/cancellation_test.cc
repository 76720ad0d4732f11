#include "core/cancellation.h"

#include <signal.h>

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(CancellationTest, IsRequestedOnceAndStays) {
  Cancellation cancellation;
  EXPECT_FALSE(cancellation.requested());
  EXPECT_TRUE(cancellation.Check().ok());
  cancellation.Request();
  cancellation.Request();
  EXPECT_TRUE(cancellation.requested());
  EXPECT_EQ(cancellation.Check().error().code, ErrorCode::kCancelled);
}

TEST(CancellationTest, NeverIsNotRequested) {
  EXPECT_TRUE(Cancellation::Never().Check().ok());
  EXPECT_EQ(&Cancellation::Never(), &Cancellation::Never());
}

Cancellation interrupted;

TEST(CancellationTest, ASignalHandlerMayRequestIt) {
  const auto before = signal(SIGUSR1, [](int) { interrupted.Request(); });
  ASSERT_EQ(raise(SIGUSR1), 0);
  signal(SIGUSR1, before);
  EXPECT_TRUE(interrupted.requested());
}

}  // namespace
}  // namespace kith
