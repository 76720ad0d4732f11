// Damaged files, behind a good checksum: sections as an attacker or a broken writer would make
// them.
#include <gtest/gtest.h>

#include "index/payload/payload_index.h"
#include "storage/json_parser.h"
#include "storage/segment_file.h"
#include "tests/index/payload/random_payload.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

using Bytes = std::vector<std::byte>;

PayloadIndex SmallIndex() {
  PayloadIndex index;
  RandomPayloads random(5);
  constexpr const char* kPaths[] = {"k", "n", "f", "b", "t", "u", "g", "x"};
  for (std::uint8_t kind = 0; kind < kFieldKinds; ++kind) {
    FieldSchema schema;
    schema.kind = static_cast<FieldKind>(kind);
    EXPECT_TRUE(index.AddField(JsonPath::Parse(kPaths[kind]).value(), schema).ok());
  }
  for (Slot slot = 0; slot < 40; ++slot) index.Put(slot, random.Payload());
  return index;
}

// The file with one section changed and the checksums made right.
void Rewrite(const std::string& from, const std::string& to, std::string_view name,
             const Bytes& changed) {
  const SegmentReader reader = SegmentReader::Open(from, "").value();
  SegmentWriter writer =
      SegmentWriter::Create(to, reader.kind(), OutputFile::IfExists::kReplace).value();
  for (const SegmentSection& section : reader.sections()) {
    const std::span<const std::byte> bytes = reader.Section(section.name).value();
    ASSERT_TRUE(writer.AddSection(section.name, section.name == name ? changed : bytes).ok());
  }
  ASSERT_TRUE(writer.Commit().ok());
}

Bytes SectionOf(const std::string& path, std::string_view name) {
  const SegmentReader reader = SegmentReader::Open(path, "").value();
  const std::span<const std::byte> bytes = reader.Section(name).value();
  return {bytes.begin(), bytes.end()};
}

TEST(PayloadIndexFileTest, RefusesEverySectionThatIsCutOrTooLong) {
  const TemporaryFolder folder;
  const std::string good = folder / "good", bad = folder / "bad";
  ASSERT_TRUE(SmallIndex().Save(good).ok());
  for (const std::string name : {"meta", "field-0", "field-1", "field-2", "field-3", "field-4",
                                 "field-5", "field-6", "field-7"}) {
    const Bytes bytes = SectionOf(good, name);
    for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 40) {
      Rewrite(good, bad, name, {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
      const Result<PayloadIndex> loaded = PayloadIndex::Load(bad);
      ASSERT_FALSE(loaded.ok()) << name << " " << size;
      EXPECT_EQ(loaded.error().code, ErrorCode::kCorruption);
      EXPECT_NE(loaded.error().message.find(name), std::string::npos) << loaded.error().message;
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    Rewrite(good, bad, name, longer);
    EXPECT_FALSE(PayloadIndex::Load(bad).ok()) << name;
  }
}

TEST(PayloadIndexFileTest, SurvivesEveryFlippedByte) {
  const TemporaryFolder folder;
  const std::string good = folder / "good", bad = folder / "bad";
  ASSERT_TRUE(SmallIndex().Save(good).ok());
  RandomPayloads random(6);
  int refused = 0;
  for (const std::string name : {"meta", "field-0", "field-1", "field-2", "field-3", "field-4",
                                 "field-5", "field-6", "field-7"}) {
    Bytes bytes = SectionOf(good, name);
    for (std::size_t i = 0; i < bytes.size(); i += 1 + bytes.size() / 60) {
      const std::byte kept = bytes[i];
      bytes[i] ^= static_cast<std::byte>(1 + random.Below(255));
      Rewrite(good, bad, name, bytes);
      bytes[i] = kept;
      Result<PayloadIndex> loaded = PayloadIndex::Load(bad);
      if (!loaded.ok()) {
        EXPECT_EQ(loaded.error().code == ErrorCode::kUnsupported, name == "meta" && i < 4);
        ++refused;
        continue;
      }
      // Whatever it now says, it can be changed and saved.
      for (Slot slot = 0; slot < 45; ++slot) {
        if (slot % 2 == 0) loaded.value().Put(slot, random.Payload());
        if (slot % 2 == 1) loaded.value().Erase(slot);
      }
      EXPECT_TRUE(loaded.value().Save(folder / "again").ok());
    }
  }
  EXPECT_GT(refused, 50);
}

TEST(PayloadIndexFileTest, RefusesANewerVersionAndAnotherKind) {
  const TemporaryFolder folder;
  ASSERT_TRUE(SmallIndex().Save(folder / "good").ok());
  Bytes meta = SectionOf(folder / "good", "meta");
  meta[0] = std::byte{2};
  Rewrite(folder / "good", folder / "newer", "meta", meta);
  const Result<PayloadIndex> newer = PayloadIndex::Load(folder / "newer");
  ASSERT_FALSE(newer.ok());
  EXPECT_EQ(newer.error().code, ErrorCode::kUnsupported);
  SegmentWriter writer =
      SegmentWriter::Create(folder / "flat", "flat", OutputFile::IfExists::kRefuse).value();
  ASSERT_TRUE(writer.Commit().ok());
  EXPECT_EQ(PayloadIndex::Load(folder / "flat").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(PayloadIndex::Load(folder / "none").error().code, ErrorCode::kNotFound);
}

TEST(PayloadIndexFileTest, KeepsAnIndexWithoutFields) {
  const TemporaryFolder folder;
  ASSERT_TRUE(PayloadIndex().Save(folder / "none").ok());
  EXPECT_TRUE(PayloadIndex::Load(folder / "none").value().fields().empty());
}

}  // namespace
}  // namespace kith
