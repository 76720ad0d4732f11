// Any bytes as the sections of a payload index, behind checksums that are right: refused, or an
// index that can be asked, changed and saved.
//
// An input is the meta section and those of the fields, each behind its length (u16).
#include "index/payload/payload_index.h"

#include <cstring>

#include "index/payload/filter_parser.h"
#include "storage/json_parser.h"
#include "storage/segment_file.h"
#include "tests/fuzz/fuzz_input.h"

namespace kith {
namespace {

constexpr const char* kPaths[] = {"k", "n", "f", "b", "t", "u", "g", "x"};

JsonValue Payload(int variant) {
  const char* texts[] = {
      R"({"k":"a","n":1,"f":0.5,"b":true,"t":"2024-01-01","g":{"lon":1,"lat":2},
          "u":"0f8fad5b-d9cb-469f-a165-70867728950e","x":"the quick fox"})",
      R"({"k":["a","b",7],"n":[1,2.5,null],"f":[1,2],"b":[true,false],"g":[{"lon":1,"lat":2},
          {"lon":500,"lat":0}],"t":["2024-01-01","2025-01-01"],"x":["quick","a fox"],"u":[]})"};
  return ParseJson(texts[variant]).value();
}

std::vector<Filter> Filters() {
  std::vector<Filter> filters;
  for (const char* text :
       {R"({"must":{"key":"k","match":{"except":["a"]}}})",
        R"({"must":{"key":"k","match":{"prefix":"a"}}})",
        R"({"must":{"key":"n","match":{"any":[1,2]}}})", R"({"must":{"key":"n","range":{"gt":1}}})",
        R"({"must":{"key":"f","range":{"lt":1}}})",
        R"({"must":{"key":"b","match":{"value":true}}})",
        R"({"must":{"key":"t","range":{"gt":"2024-06-01"}}})",
        R"({"must":{"key":"u","match":{"value":"0f8fad5b-d9cb-469f-a165-70867728950e"}}})",
        R"({"must":{"key":"g","geo_radius":{"center":{"lon":1,"lat":2},"radius":9000000}}})",
        R"({"must":{"key":"x","match":{"phrase":"quick fox"}}})",
        R"({"must_not":{"is_empty":{"key":"k"}},"should":{"is_null":{"key":"n"}}})",
        R"({"must":{"key":"k","values_count":{"gt":1}}})"}) {
    filters.push_back(ParseFilter(ParseJson(text).value()).value());
  }
  return filters;
}

void Use(PayloadIndex index) {
  static const std::vector<Filter> filters = Filters();
  static const JsonValue plain = Payload(0), odd = Payload(1);
  const SlotSet live = SlotSet::Range(0, 100);
  const auto ask = [&] {
    for (const Filter& filter : filters) {
      (void)index.Select(filter, live, {});
      (void)index.Estimate(filter, 100, {});
    }
    for (const FieldInfo& field : index.fields()) {
      (void)index.Ordered({.key = field.path, .descending = true}, live).ok();
      (void)index.Facet(field.path, live, 5).ok();
    }
  };
  ask();
  for (Slot slot = 0; slot < 8; ++slot) index.Put(slot, slot % 2 == 0 ? plain : odd);
  for (Slot slot = 4; slot < 12; ++slot) index.Erase(slot);
  ask();
  static const ScratchFile again("payload-again");
  KITH_FUZZ_CHECK(index.Save(again.path()).ok());
}

std::string Packed(const std::string& path) {
  const SegmentReader reader = SegmentReader::Open(path, "").value();
  std::string input;
  for (const SegmentSection& section : reader.sections()) {
    const auto bytes = reader.Section(section.name).value();
    const auto size = static_cast<std::uint16_t>(bytes.size());
    input.append(reinterpret_cast<const char*>(&size), sizeof(size));
    input.append(reinterpret_cast<const char*>(bytes.data()), size);
  }
  return input;
}

std::vector<std::string> Seeds() {
  const ScratchFile file("payload-seed");
  std::vector<std::string> seeds;
  for (std::uint8_t kind = 0; kind <= kFieldKinds; ++kind) {  // one of each, and all together
    PayloadIndex index;
    for (std::uint8_t i = 0; i < kFieldKinds; ++i) {
      FieldSchema schema;
      schema.kind = static_cast<FieldKind>(i);
      if (kind != kFieldKinds && kind != i) continue;
      KITH_FUZZ_CHECK(index.AddField(JsonPath::Parse(kPaths[i]).value(), schema).ok());
    }
    for (Slot slot = 0; slot < 4; ++slot) index.Put(slot, Payload(static_cast<int>(slot % 2)));
    KITH_FUZZ_CHECK(index.Save(file.path()).ok());
    seeds.push_back(Packed(file.path()));
  }
  return seeds;
}

}  // namespace
}  // namespace kith

KITH_FUZZ_SEEDS(kith::Seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kith;  // NOLINT(google-build-using-namespace): a function of the C interface
  static const ScratchFile file("payload");
  std::span<const std::byte> left = std::as_bytes(std::span(data, size));
  auto writer = SegmentWriter::Create(file.path(), "payload-index", OutputFile::IfExists::kReplace);
  KITH_FUZZ_CHECK(writer.ok());
  for (std::size_t i = 0; left.size() >= 2 && i < 20; ++i) {
    std::uint16_t bytes = 0;
    std::memcpy(&bytes, left.data(), sizeof(bytes));
    left = left.subspan(sizeof(bytes));
    const std::size_t taken = std::min<std::size_t>(bytes, left.size());
    const std::string name = i == 0 ? "meta" : "field-" + std::to_string(i - 1);
    KITH_FUZZ_CHECK(writer.value().AddSection(name, left.first(taken)).ok());
    left = left.subspan(taken);
  }
  KITH_FUZZ_CHECK(writer.value().Commit().ok());
  auto index = PayloadIndex::Load(file.path());
  if (index.ok()) {
    Use(std::move(index).value());
  } else {
    KITH_FUZZ_CHECK(index.error().code == ErrorCode::kCorruption ||
                    index.error().code == ErrorCode::kUnsupported);
  }
  return 0;
}
