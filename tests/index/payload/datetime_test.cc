#include "index/payload/datetime.h"

#include <gtest/gtest.h>

#include <ctime>

#include "core/random.h"

namespace kith {
namespace {

TEST(DatetimeTest, ReadsRfc3339AndItsShortForms) {
  constexpr std::int64_t kDay = 1709164800000000;  // 2024-02-29T00:00:00Z
  constexpr std::int64_t kMinute = 60'000'000;
  for (const char* text :
       {"2024-02-29", "2024-02-29T00:00:00Z", "2024-02-29 00:00", "2024-02-29t00:00:00z",
        "2024-02-29T00:00:00.000Z", "2024-02-29 00:00:00", "2024-02-29T01:30:00+01:30",
        "2024-02-28T23:00:00-0100", "2024-02-28T23:00-01", "2024-02-28T23:59:60Z"}) {
    EXPECT_EQ(ParseDatetime(text), kDay) << text;
  }
  EXPECT_EQ(ParseDatetime("2024-02-29T12:34:56.789012345Z"),
            kDay + (12 * 60 + 34) * kMinute + 56'789'012);
  EXPECT_EQ(ParseDatetime("1970-01-01"), 0);
  EXPECT_EQ(ParseDatetime("1969-12-31T23:59:59.5Z"), -500'000);
  EXPECT_EQ(ParseDatetime("0000-01-01"), -62167219200000000);
  EXPECT_EQ(ParseDatetime("9999-12-31T23:59:59.999999Z"), 253402300799999999);
}

TEST(DatetimeTest, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           "2024",
                           "2024-2-9",
                           "2024-13-01",
                           "2024-00-01",
                           "2023-02-29",
                           "2024-02-30",
                           "2024-02-29T",
                           "2024-02-29T24:00",
                           "2024-02-29T00:60",
                           "2024-02-29T00:00:61",
                           "2024-02-29T00:00:00.",
                           "2024-02-29T00",
                           "2024-02-29Z",
                           "2024-02-29T00:00:00+1",
                           "2024-02-29T00:00:00+24:00",
                           "2024-02-29T00:00:00+01:60",
                           "2024-02-29T00:00:00+01:",
                           "2024-02-29T00:00:00Zx",
                           " 2024-02-29",
                           "2024-02-29 ",
                           "24-02-29",
                           "2024/02/29",
                           "+2024-02-29",
                           "2024-02-29T00:00:00,5",
                           "today"}) {
    EXPECT_EQ(ParseDatetime(text), std::nullopt) << text;
  }
}

TEST(DatetimeTest, AgreesWithTheCLibraryAndWritesWhatItReads) {
  RandomStream random(1, 0);
  for (int i = 0; i < 5000; ++i) {
    const auto seconds = static_cast<std::time_t>(random.Below(253402300800));
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[64];
    std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    ASSERT_EQ(ParseDatetime(text), seconds * 1'000'000) << text;
    const std::int64_t time = seconds * 1'000'000 - 31'000'000'000'000'000 + random.Below(1000000);
    ASSERT_EQ(ParseDatetime(DatetimeText(time)), time) << DatetimeText(time);
  }
  EXPECT_EQ(DatetimeText(1500000), "1970-01-01T00:00:01.5Z");
  EXPECT_EQ(DatetimeText(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(DatetimeText(10'000'000), "1970-01-01T00:00:10Z");
}

}  // namespace
}  // namespace kith
