// What a catalog should hold: the oracle of its tests.  Batch n changes some of 200 slots in a way
// that follows from n alone, so that the state after any number of batches can be told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "storage/catalog.h"
#include "tests/temporary_folder.h"

namespace kith {

inline constexpr CatalogParams kSmallCatalog = {.memory_bytes = std::uint64_t{8} << 20,
                                                .create_if_missing = true};

inline Catalog OpenCatalog(const std::string& path, const CatalogParams& params = kSmallCatalog) {
  auto catalog = Catalog::Open(path, params);
  if (!catalog.ok()) ADD_FAILURE() << catalog.error().message;
  return std::move(catalog).value();
}

inline std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class CatalogModel {
 public:
  static constexpr std::uint32_t kSlots = 200;
  static constexpr std::uint16_t kFields[] = {0, 3, 65535};

  struct Point {
    PointId id;
    std::uint64_t version = 0;
    std::optional<std::string> payload;
    std::map<std::uint16_t, std::string> vectors;
  };

  explicit CatalogModel(std::size_t payload_bytes = 300) : payload_bytes_(payload_bytes) {}

  std::uint64_t sequence() const { return sequence_; }
  const std::map<std::uint32_t, Point>& points() const { return points_; }

  // The batch after the last one, which changes the model.
  CatalogBatch Next() {
    RandomStream random(17, ++sequence_);
    CatalogBatch batch;
    for (std::uint64_t i = random.Below(4); i < 5; ++i) {
      const auto slot = static_cast<std::uint32_t>(random.Below(kSlots));
      switch (random.Below(6)) {
        case 0:
          Remove(slot, batch);
          break;
        case 1:
          batch.Touch(slot);
          break;
        case 2:
          Remove(slot, batch);
          [[fallthrough]];
        default:
          Put(slot, random, batch);
      }
    }
    batch.PutMeta("sequence", std::to_string(sequence_));
    return batch;
  }
  void AdvanceTo(std::uint64_t sequence) {
    while (sequence_ < sequence) (void)Next();
  }

 private:
  void Remove(std::uint32_t slot, CatalogBatch& batch) {
    const auto point = points_.find(slot);
    if (point == points_.end()) return;
    batch.DeletePoint(slot, point->second.id);
    batch.DeletePayload(slot);
    for (const auto& [field, bytes] : point->second.vectors) {
      batch.DeleteVector({.field = field, .slot = slot});
    }
    points_.erase(point);
  }

  void Put(std::uint32_t slot, RandomStream& random, CatalogBatch& batch) {
    Point& point = points_[slot];
    if (point.version == 0) point.id = NewId(slot, random);
    point.version = sequence_;
    batch.PutPoint(slot, point.id, point.version);
    if (random.Below(4) == 0) {
      point.payload.reset();
      batch.DeletePayload(slot);
    } else {
      point.payload = "{\"n\":" + std::to_string(sequence_) + ",\"s\":\"" +
                      Letters(random, payload_bytes_) + "\"}";
      batch.PutPayload(slot, *point.payload);
    }
    for (const std::uint16_t field : kFields) {
      if (random.Below(3) == 0) continue;
      point.vectors[field] = Letters(random, 64);
      batch.PutVector({.field = field, .slot = slot}, Bytes(point.vectors[field]));
    }
  }

  // Unique to slot and batch: numbers and UUIDs.
  PointId NewId(std::uint32_t slot, RandomStream& random) const {
    const std::uint64_t number = sequence_ * kSlots + slot;
    if (random.Below(2) == 0) return PointId(number * 0x9e3779b97f4a7c15);
    PointId::Uuid uuid = {};
    for (std::size_t i = 0; i < 8; ++i) uuid[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return PointId(uuid);
  }
  static std::string Letters(RandomStream& random, std::size_t count) {
    std::string text(count, 'a');
    for (char& c : text) c = static_cast<char>('a' + random.Below(26));
    return text;
  }

  std::size_t payload_bytes_;
  std::uint64_t sequence_ = 0;
  std::map<std::uint32_t, Point> points_;
};

// Compares everything that can be read with the model.
inline void ExpectHolds(const Catalog& catalog, const CatalogModel& model) {
  ASSERT_EQ(catalog.last_sequence(), model.sequence());
  std::map<std::uint32_t, CatalogPoint> points;
  std::map<PointId, std::uint32_t> ids;
  std::map<std::uint32_t, std::string> payloads;
  std::map<std::pair<std::uint16_t, std::uint32_t>, std::string> vectors;
  for (const auto& [slot, point] : model.points()) {
    points[slot] = {.id = point.id, .version = point.version};
    ids[point.id] = slot;
    if (point.payload) payloads[slot] = *point.payload;
    for (const auto& [field, bytes] : point.vectors) vectors[{field, slot}] = bytes;
  }

  decltype(points) found_points;
  ASSERT_TRUE(catalog
                  .ForEachPoint({},
                                [&](std::uint32_t slot, const CatalogPoint& point) -> Status {
                                  found_points[slot] = point;
                                  return {};
                                })
                  .ok());
  EXPECT_EQ(found_points, points);

  decltype(payloads) found_payloads;
  ASSERT_TRUE(catalog
                  .ForEachPayload({},
                                  [&](std::uint32_t slot, std::string_view json) -> Status {
                                    found_payloads[slot] = json;
                                    return {};
                                  })
                  .ok());
  EXPECT_EQ(found_payloads, payloads);

  decltype(vectors) found_vectors;
  for (const std::uint16_t field : CatalogModel::kFields) {
    ASSERT_TRUE(catalog
                    .ForEachVector(field, {},
                                   [&](std::uint32_t slot, std::string_view bytes) -> Status {
                                     found_vectors[{field, slot}] = bytes;
                                     return {};
                                   })
                    .ok());
  }
  EXPECT_EQ(found_vectors, vectors);

  const auto listed = catalog.ListIds(PointId(0), CatalogModel::kSlots + 1);
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  auto expected = ids.begin();
  ASSERT_EQ(listed.value().size(), ids.size());
  for (const auto& [id, slot] : listed.value()) {
    EXPECT_EQ(id, expected->first);
    EXPECT_EQ(slot, expected->second);
    ++expected;
  }
  if (model.sequence() > 0) {
    EXPECT_EQ(catalog.GetMeta("sequence").value(), std::to_string(model.sequence()));
  }
}

// Compares the changes that are kept with those of the model's batches.
inline void ExpectChanges(const Catalog& catalog, std::size_t payload_bytes = 300) {
  CatalogModel model(payload_bytes);
  model.AdvanceTo(catalog.trimmed_sequence());
  const Status status = catalog.ForEachChange(
      catalog.trimmed_sequence(),
      [&](std::uint64_t sequence, std::span<const std::uint32_t> slots) -> Status {
        const std::vector<std::uint32_t> expected = model.Next().Slots();
        EXPECT_EQ(sequence, model.sequence());
        EXPECT_EQ(std::vector<std::uint32_t>(slots.begin(), slots.end()), expected);
        return {};
      });
  EXPECT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(model.sequence(), catalog.last_sequence());
}

inline Status Verify(const Catalog& catalog) {
  return catalog.Verify(Cancellation::Never(), Progress::None());
}

}  // namespace kith
