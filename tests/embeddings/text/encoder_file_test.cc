#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "embeddings/text/encoder_model.h"
#include "embeddings/text/hashed_encoder.h"
#include "storage/segment_file.h"
#include "tests/embeddings/text/made_up_corpus.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// The sections of an encoder file, to be changed and written again with good checksums.
struct EncoderSections {
  EncoderMeta meta;
  std::vector<std::uint64_t> features;
  std::vector<std::uint32_t> counts;
  std::vector<float> rotation;
  std::string meta_tail;  // bytes behind the struct
};

class EncoderFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    HashedEncoderParams params = SmallEncoderParams();
    params.dim = 20;  // padded to 32 in memory
    params.columns = 64;
    auto encoder = TrainEncoderOn(corpus_.views(), params);
    ASSERT_TRUE(encoder.ok());
    const auto bytes = encoder.value().Save(path_, OutputFile::IfExists::kRefuse);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    EXPECT_EQ(bytes.value(), folder_.Read("a.encoder").size());
    vector_ = VectorOf(encoder.value(), corpus_.texts()[0]);
  }

  EncoderSections ReadSections() {
    const auto file = SegmentReader::Open(path_, "text-encoder");
    EncoderSections sections;
    const auto copy = [&](const char* name, void* out) {
      const auto bytes = file.value().Section(name).value();
      std::memcpy(out, bytes.data(), bytes.size());
    };
    copy("meta", &sections.meta);
    sections.features.resize(sections.meta.features);
    sections.counts.resize(sections.meta.features);
    sections.rotation.resize(sections.meta.columns * sections.meta.dim);
    copy("features", sections.features.data());
    copy("document_counts", sections.counts.data());
    copy("rotation", sections.rotation.data());
    return sections;
  }

  // The error of loading what `change` makes of the file.
  Error ErrorAfter(const std::function<void(EncoderSections&)>& change) {
    EncoderSections sections = ReadSections();
    change(sections);
    const std::string changed = folder_ / "changed.encoder";
    auto writer = SegmentWriter::Create(changed, "text-encoder", OutputFile::IfExists::kReplace);
    std::string meta(reinterpret_cast<const char*>(&sections.meta), sizeof(EncoderMeta));
    meta += sections.meta_tail;
    const auto add = [&](const char* name, std::span<const std::byte> bytes) {
      EXPECT_TRUE(writer.value().AddSection(name, bytes).ok());
    };
    add("meta", std::as_bytes(std::span(meta)));
    add("features", std::as_bytes(std::span(sections.features)));
    add("document_counts", std::as_bytes(std::span(sections.counts)));
    add("rotation", std::as_bytes(std::span(sections.rotation)));
    EXPECT_TRUE(writer.value().Commit().ok());
    return ErrorOf(changed);
  }

  static Error ErrorOf(const std::string& path) {
    const auto encoder = HashedEncoder::Load(path);
    EXPECT_FALSE(encoder.ok());
    return encoder.ok() ? Error{ErrorCode::kCancelled, "no error"} : encoder.error();
  }

  MadeUpCorpus corpus_{60};
  TemporaryFolder folder_;
  std::string path_ = folder_ / "a.encoder";
  std::vector<float> vector_;
};

TEST_F(EncoderFileTest, ALoadedEncoderGivesTheSameBits) {
  const auto encoder = HashedEncoder::Load(path_);
  ASSERT_TRUE(encoder.ok()) << encoder.error().message;
  EXPECT_EQ(encoder.value().dim(), 20u);
  EXPECT_EQ(encoder.value().seed(), 42u);
  EXPECT_EQ(encoder.value().documents(), 60u);
  EXPECT_GT(encoder.value().features(), 100u);
  EXPECT_EQ(VectorOf(encoder.value(), corpus_.texts()[0]), vector_);
}

TEST_F(EncoderFileTest, SavingWhatWasLoadedGivesTheSameFile) {
  const auto encoder = HashedEncoder::Load(path_);
  ASSERT_TRUE(encoder.ok());
  ASSERT_TRUE(encoder.value().Save(folder_ / "b.encoder", OutputFile::IfExists::kRefuse).ok());
  EXPECT_EQ(folder_.Read("b.encoder"), folder_.Read("a.encoder"));
}

TEST_F(EncoderFileTest, ExistingFilesAreReplacedOnlyWhenAsked) {
  const HashedEncoder encoder = HashedEncoder::Load(path_).value();
  const auto refused = encoder.Save(path_, OutputFile::IfExists::kRefuse);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(encoder.Save(path_, OutputFile::IfExists::kReplace).ok());
  EXPECT_THAT(folder_.List(), testing::ElementsAre("a.encoder"));
}

TEST_F(EncoderFileTest, EveryFlippedBitIsFound) {
  const std::string good = folder_.Read("a.encoder");
  const auto reader = SegmentReader::Open(path_, "text-encoder");
  ASSERT_TRUE(reader.ok());
  // Zero padding between sections belongs to no section and may be anything.
  const auto is_padding = [&](std::size_t at) {
    if (at < 64) return false;
    for (const SegmentSection& section : reader.value().sections()) {
      if (at >= section.offset && at < section.offset + section.bytes) return false;
    }
    return at < good.size() - reader.value().sections().size() * 56;
  };
  for (std::size_t at = 0; at < good.size(); at += at < 256 ? 1 : 211) {
    if (is_padding(at)) continue;
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    const auto encoder = HashedEncoder::Load(folder_.Write("bad.encoder", bad));
    ASSERT_FALSE(encoder.ok()) << "flipped bit at byte " << at;
    ASSERT_THAT(encoder.error().message, HasSubstr("bad.encoder"));
  }
}

TEST_F(EncoderFileTest, EveryTruncationIsFound) {
  const std::string good = folder_.Read("a.encoder");
  for (std::size_t bytes = 0; bytes < good.size(); bytes += bytes < 128 ? 1 : 997) {
    const auto encoder = HashedEncoder::Load(folder_.Write("short.encoder", good.substr(0, bytes)));
    ASSERT_FALSE(encoder.ok()) << bytes;
  }
}

TEST_F(EncoderFileTest, NewerVersionsAreUnsupported) {
  const Error error = ErrorAfter([](EncoderSections& sections) {
    sections.meta.version = 2;
    sections.meta_tail = "fields of the future";
  });
  EXPECT_EQ(error.code, ErrorCode::kUnsupported);
  EXPECT_THAT(error.message, AllOf(HasSubstr("changed.encoder"), HasSubstr("version 2"),
                                   HasSubstr("this program reads 1")));
}

TEST_F(EncoderFileTest, FilesOfAnotherKindAreRefused) {
  auto writer = SegmentWriter::Create(folder_ / "b", "hnsw", OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(writer.value().AddSection("meta", {}).ok());
  ASSERT_TRUE(writer.value().Commit().ok());
  EXPECT_THAT(ErrorOf(folder_ / "b").message, HasSubstr("text-encoder"));
  EXPECT_EQ(ErrorOf(folder_ / "absent").code, ErrorCode::kNotFound);
  EXPECT_THAT(ErrorOf(folder_.Write("c", "not an encoder at all")).message, HasSubstr("c"));
}

TEST_F(EncoderFileTest, UnchangedSectionsLoad) {
  EncoderSections sections = ReadSections();
  EXPECT_EQ(sections.meta.dim, 20u);
  const auto error = ErrorAfter([](EncoderSections& changed) { changed.meta.version = 0; });
  EXPECT_EQ(error.code, ErrorCode::kCorruption) << "version 0 never existed";
}

TEST_F(EncoderFileTest, ValuesOutOfRangeAreCorruption) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  using Sections = EncoderSections;
  const std::vector<std::pair<const char*, std::function<void(Sections&)>>> changes = {
      {"\"meta\": dim out of range: 0", [](Sections& s) { s.meta.dim = 0; }},
      {"\"meta\": dim", [](Sections& s) { s.meta.dim = 1025; }},
      {"\"meta\": columns", [](Sections& s) { s.meta.columns = 19; }},
      {"\"meta\": columns", [](Sections& s) { s.meta.columns = 65537; }},
      {"\"meta\": learned_dim", [](Sections& s) { s.meta.learned_dim = 21; }},
      {"\"meta\": documents", [](Sections& s) { s.meta.documents = 0; }},
      {"\"meta\": features", [](Sections& s) { s.meta.features = ~std::uint64_t{0}; }},
      {"\"meta\": tf_quarters", [](Sections& s) { s.meta.tf_quarters = 0; }},
      {"\"meta\": idf_quarters", [](Sections& s) { s.meta.idf_quarters = 9; }},
      {"\"meta\": bigram_weight", [nan](Sections& s) { s.meta.bigram_weight = nan; }},
      {"\"meta\": gram_weight", [](Sections& s) { s.meta.gram_weight = -1; }},
      {"\"meta\": expected 1 x 56 bytes, found 58", [](Sections& s) { s.meta_tail = "xx"; }},
      {"\"features\": expected", [](Sections& s) { s.features.pop_back(); }},
      {"\"features\": ids not ascending at 1", [](Sections& s) { s.features[1] = s.features[0]; }},
      {"\"features\": unknown kind of feature at 3", [](Sections& s) { s.features[3] |= 3; }},
      {"\"document_counts\": expected", [](Sections& s) { s.counts.push_back(1); }},
      {"\"document_counts\": count of 0 at 7", [](Sections& s) { s.counts[7] = 0; }},
      {"\"document_counts\": count of 61 at 0, expected 1 to 60",
       [](Sections& s) { s.counts[0] = 61; }},
      {"\"rotation\": expected 1280 x 4 bytes, found 5124",
       [](Sections& s) { s.rotation.push_back(0); }},
      {"\"rotation\": value nan at 5", [nan](Sections& s) { s.rotation[5] = nan; }},
      {"\"rotation\": value", [](Sections& s) { s.rotation[9] = -2e6f; }},
  };
  for (const auto& [message, change] : changes) {
    const Error error = ErrorAfter(change);
    EXPECT_EQ(error.code, ErrorCode::kCorruption) << message;
    EXPECT_THAT(error.message, AllOf(HasSubstr("changed.encoder"), HasSubstr(message)));
  }
}

TEST_F(EncoderFileTest, MissingSectionsAreCorruption) {
  auto writer = SegmentWriter::Create(folder_ / "b", "text-encoder", OutputFile::IfExists::kRefuse);
  const EncoderMeta meta = ReadSections().meta;
  ASSERT_TRUE(writer.value().AddSection("meta", std::as_bytes(std::span(&meta, 1))).ok());
  ASSERT_TRUE(writer.value().Commit().ok());
  const Error error = ErrorOf(folder_ / "b");
  EXPECT_EQ(error.code, ErrorCode::kCorruption);
  EXPECT_THAT(error.message, HasSubstr("features"));
}

}  // namespace
}  // namespace kith
