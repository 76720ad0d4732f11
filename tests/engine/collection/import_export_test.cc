// Points in and out: index directories, vector files, JSON lines, folders for NumPy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "engine/collection/export_points.h"
#include "engine/collection/import_points.h"
#include "engine/jobs/build_job.h"
#include "tests/engine/collection/data_fixture.h"
#include "tests/vector_files.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kUuid = "0f8fad5b-d9cb-469f-a165-70867728950e";

TEST(PointJsonTest, ReadsWhatItWrites) {
  for (const std::string line :
       {R"({"id":7})", R"({"id":18446744073709551615,"vector":[0.1,-2,3e-30,1e+30]})",
        R"({"id":"0f8fad5b-d9cb-469f-a165-70867728950e","vector":{"a":[1],"b\"c":[2.5,3]}})",
        R"({"id":1,"vector":[1],"payload":{"k":[1,2.5,{"x":null}],"text":"\u0001"}})"}) {
    const auto point = ParsePoint(line, "here");
    ASSERT_TRUE(point.ok()) << point.error().message;
    Record record;
    record.id = point.value().id;
    record.vectors = point.value().vectors;
    record.payload = point.value().payload;
    std::string text;
    AppendPoint(record, text);
    EXPECT_EQ(text, line);
  }
  EXPECT_TRUE(ParsePoint(R"({"id":1,"vector":null,"payload":null})", "here").ok());
}

TEST(PointJsonTest, NamesWhatIsWrong) {
  struct Bad {
    const char *text, *word;
  };
  for (const Bad& bad : std::vector<Bad>{{"", "here: "},
                                         {"[1]", "an array"},
                                         {"{}", "without \"id\""},
                                         {R"({"id":-1})", "here"},
                                         {R"({"id":1.5})", "here"},
                                         {R"({"id":"x"})", "here"},
                                         {R"({"id":1,"vectors":[1]})", "\"vectors\""},
                                         {R"({"id":1,"vector":1})", "a number"},
                                         {R"({"id":1,"vector":[1,"x"]})", "position 1"},
                                         {R"({"id":1,"vector":[1e39]})", "position 0"},
                                         {R"({"id":1,"vector":{"a":{}}})", "an object"},
                                         {R"({"id":1,"payload":[]})", "an array"}}) {
    const auto point = ParsePoint(bad.text, "here");
    ASSERT_FALSE(point.ok()) << bad.text;
    EXPECT_EQ(point.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(point.error().message, HasSubstr(bad.word));
    EXPECT_TRUE(point.error().message.starts_with("here: ")) << point.error().message;
  }
}

class ImportExportTest : public DataFixture {
 protected:
  Result<std::string> Import(Collection& collection, const PointSourceParams& params) const {
    const std::unique_ptr<PointSource> source = TRY(PointSource::Open(params));
    TRY(ImportPoints(collection, *source, Cancellation::Never(), Progress::None()));
    return StateOf(collection);
  }
  void WriteRows(std::size_t count) {
    rows_ = ClusteredRows(count, 4, 3);
    folder_.Write("rows.fvecs", Texmex(rows_));
  }

  std::vector<std::vector<float>> rows_;
};

TEST_F(ImportExportTest, RoundTripsKeepEveryBit) {
  const auto data = Open();
  CollectionConfig config;
  config.vectors[""] = {.size = 3, .metric = Metric::kL2};
  config.vectors["half/two"] = {
      .size = 2, .metric = Metric::kInnerProduct, .rows = ExactKind::kF16};
  const auto a = data->Create("a", config).value();
  UpsertPoints upsert;
  for (std::uint64_t i = 0; i < 700; ++i) {
    Point point;
    point.id =
        i % 100 == 7
            ? PointId::ParseUuid(std::string(kUuid).substr(0, 33) + std::to_string(100 + i / 100))
                  .value()
            : PointId(i * i);
    if (i % 3 != 0) point.vectors[""] = {0.1f * static_cast<float>(i), -1e-20f, 3.0f};
    if (i % 5 != 0) point.vectors["half/two"] = {static_cast<float>(i % 17) / 8, 1.0f};
    if (i % 2 != 0) point.payload.Set("n", i);
    upsert.points.push_back(std::move(point));
  }
  ASSERT_TRUE(a->Write(upsert, Durability::kSync).ok());
  const std::string state = StateOf(*a);
  ExportPointsParams params;
  params.output = folder_ / "a.jsonl";
  const auto lines = ExportJsonLines(*a, params, Cancellation::Never(), Progress::None());
  ASSERT_TRUE(lines.ok()) << lines.error().message;
  EXPECT_EQ(lines.value().points, 700u);
  EXPECT_EQ(folder_.Read("a.jsonl"), state);
  EXPECT_EQ(ExportJsonLines(*a, params, Cancellation::Never(), Progress::None()).error().code,
            ErrorCode::kAlreadyExists);
  const auto b = data->Create("b", config).value();
  EXPECT_EQ(Import(*b, {.jsonl = folder_ / "a.jsonl"}).value(), state);
  EXPECT_EQ(Import(*b, {.jsonl = folder_ / "a.jsonl"}).value(), state) << "repeated";

  params.output = folder_ / "npy";
  const auto folder = ExportFolder(*a, params, Cancellation::Never(), Progress::None());
  ASSERT_TRUE(folder.ok()) << folder.error().message;
  EXPECT_EQ(folder.value().points, 700u);
  EXPECT_EQ(folder.value().vectors, lines.value().vectors);
  for (const std::string infix : {"", ".half%2Ftwo"}) {
    const std::string name = infix.empty() ? "" : "half/two";
    CollectionConfig one;
    one.vectors[name] = config.vectors[name];
    const auto c = data->Create(infix.empty() ? "c" : "d", one).value();
    const std::string npy = folder_ / "npy/";
    ASSERT_TRUE(Import(*c, {.vectors = npy + "vectors" + infix + ".npy",
                            .payloads = npy + "payloads" + infix + ".jsonl",
                            .ids = npy + "ids" + infix + ".txt",
                            .vector_name = name})
                    .ok());
    std::string expected;
    for (Record record :
         a->Scroll(PointId(), 1000, nullptr, {}, {.enabled = true, .names = {}}).value().records) {
      if (record.vectors.count(name) == 0) continue;
      std::erase_if(record.vectors, [&](const auto& item) { return item.first != name; });
      AppendPoint(record, expected);
      expected += '\n';
    }
    EXPECT_EQ(StateOf(*c), expected);
  }
  params.if_exists = OutputFile::IfExists::kReplace;
  EXPECT_TRUE(ExportFolder(*a, params, Cancellation::Never(), Progress::None()).ok());
}

TEST_F(ImportExportTest, AnIndexGivesItsRowsWhateverTheirOrderInIt) {
  WriteRows(500);
  BuildParams build;
  build.input = folder_ / "rows.fvecs";
  build.output = folder_ / "rows.index";
  ASSERT_TRUE(BuildIndex(build, Cancellation::Never(), Progress::None()).ok());
  const auto data = Open();
  const auto source = PointSource::Open({.index = folder_ / "rows.index"});
  ASSERT_TRUE(source.ok()) << source.error().message;
  const auto config = ConfigFor(source.value()->shape(), std::nullopt);
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config.value().vectors.at("").size, 4u);
  EXPECT_EQ(config.value().vectors.at("").metric, Metric::kL2);
  EXPECT_EQ(ConfigFor(source.value()->shape(), Metric::kCosine).error().code,
            ErrorCode::kInvalidArgument);
  const auto a = data->Create("a", config.value()).value();
  const auto b = data->Create("b", config.value()).value();
  const auto from_index = Import(*a, {.index = folder_ / "rows.index"});
  ASSERT_TRUE(from_index.ok()) << from_index.error().message;
  EXPECT_EQ(from_index.value(), Import(*b, {.vectors = folder_ / "rows.fvecs"}).value());
  const auto records =
      a->Scroll(PointId(), 1000, nullptr, {}, {.enabled = true, .names = {}}).value().records;
  ASSERT_EQ(records.size(), 500u);
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].id, PointId(i));
    EXPECT_EQ(records[i].vectors.at(""), rows_[i]);
  }
}

TEST_F(ImportExportTest, TakesPayloadsAndIdsLineByLine) {
  WriteRows(3);
  folder_.Write("p.jsonl", "{\"x\":1}\n\n{\"x\":3}");
  folder_.Write("ids.txt", std::string("5\n") + kUuid + "\n0\n");
  const auto data = Open();
  const auto a = Make(*data, "a", 0);
  ASSERT_TRUE(Import(*a, {.vectors = folder_ / "rows.fvecs",
                          .payloads = folder_ / "p.jsonl",
                          .ids = folder_ / "ids.txt"})
                  .ok());
  const auto records = a->Scroll(PointId(), 10, nullptr, {}, {}).value().records;
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].id, PointId(0));
  EXPECT_EQ(*records[0].payload->Find("x")->AsInt64(), 3);
  EXPECT_EQ(records[1].id, PointId(5));
  EXPECT_EQ(records[2].id.ToString(), kUuid);
  EXPECT_TRUE(records[2].payload->empty());
}

TEST_F(ImportExportTest, NamesFileAndLineOfWhatIsWrong) {
  WriteRows(3);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  folder_.Write("nan.fvecs", Texmex<float>({{1, 2, 3, 4}, {1, nan, 3, 4}}));
  folder_.Write("short.jsonl", "{}\n{}\n");
  folder_.Write("long.jsonl", "{}\n{}\n{}\n{}\n");
  folder_.Write("bad.jsonl", "{}\n[]\n{}\n");
  folder_.Write("ids.txt", "1\n-2\n3\n");
  folder_.Write("points.jsonl", "{\"id\":1,\"vector\":[1,2,3,4]}\n\n{\"id\":2,\"vector\":[1,2]}\n");
  folder_.Write("cut.jsonl", "{\"id\":1,\"vector\":[1,2,3,4]}\n{\"id\":2,\"vec");
  const std::string rows = folder_ / "rows.fvecs";
  const auto data = Open();
  const auto a = Make(*data, "a", 0);
  struct Bad {
    PointSourceParams params;
    const char* word;
  };
  for (const Bad& bad : std::vector<Bad>{
           {{.vectors = rows, .payloads = folder_ / "short.jsonl"}, "short.jsonl:2"},
           {{.vectors = rows, .payloads = folder_ / "long.jsonl"}, "long.jsonl:4"},
           {{.vectors = rows, .payloads = folder_ / "bad.jsonl"}, "bad.jsonl:2"},
           {{.vectors = rows, .ids = folder_ / "ids.txt"}, "ids.txt:2"},
           {{.vectors = rows, .vector_name = "none"}, "point 0: its vector 'none'"},
           {{.jsonl = folder_ / "points.jsonl"}, "point 2: its vector has 2 values, expected 4"},
           {{.jsonl = folder_ / "cut.jsonl"}, "cut.jsonl:2"},
           {{.vectors = rows, .jsonl = folder_ / "points.jsonl"}, "expected one source"},
           {{.jsonl = folder_ / "points.jsonl", .ids = folder_ / "ids.txt"}, "their own ids"},
           {{.vectors = folder_ / "nan.fvecs"}, "points 0 to 1: "},
           {{}, "expected one source"}}) {
    const auto imported = Import(*a, bad.params);
    ASSERT_FALSE(imported.ok()) << bad.word;
    EXPECT_EQ(imported.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(imported.error().message, HasSubstr(bad.word));
  }
  EXPECT_EQ(Import(*a, {.vectors = folder_ / "absent.npy"}).error().code, ErrorCode::kNotFound);
}

TEST_F(ImportExportTest, StopsBetweenBatchesAndGoesOnWhenRepeated) {
  class Stopper final : public Progress {
   public:
    explicit Stopper(Cancellation& cancellation) : cancellation_(cancellation) {}
    void Start(std::string_view, std::uint64_t) override {}
    void Advance(std::uint64_t) override { cancellation_.Request(); }
    void Finish() override {}

   private:
    Cancellation& cancellation_;
  };
  WriteRows(5000);
  std::string whole;
  {
    const auto data = Open();
    const auto a = Make(*data, "a", 0);
    Cancellation cancellation;
    Stopper stopper(cancellation);
    const auto source = PointSource::Open({.vectors = folder_ / "rows.fvecs"}).value();
    EXPECT_EQ(ImportPoints(*a, *source, cancellation, stopper).error().code, ErrorCode::kCancelled);
    EXPECT_EQ(a->info().points, kSourceBatchPoints);
    whole = Import(*Make(*data, "b", 0), {.vectors = folder_ / "rows.fvecs"}).value();
  }
  const auto data = Open();
  const auto a = data->Get("a").value();
  EXPECT_EQ(a->info().points, kSourceBatchPoints);
  EXPECT_EQ(Import(*a, {.vectors = folder_ / "rows.fvecs"}).value(), whole);
}

}  // namespace
}  // namespace kith
