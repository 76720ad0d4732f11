// Any JSON as a filter and any as a payload, a line each: the filter is refused or holds for the
// payload or does not; and an index of everything the filter may ask for says the same.
#include "index/payload/filter_parser.h"

#include "index/payload/filter_match.h"
#include "index/payload/payload_index.h"
#include "storage/json_parser.h"
#include "tests/fuzz/fuzz_input.h"

namespace kith {
namespace {

constexpr const char* kPaths[] = {"k", "n", "f", "b", "t", "u", "g", "x", "a[].k", "a[].n"};

// Kinds by rotation, so that every path has every kind of index once.
PayloadIndex NewIndex(std::size_t rotation, const JsonValue& payload) {
  PayloadIndex index;
  for (std::size_t i = 0; i < std::size(kPaths); ++i) {
    FieldSchema schema;
    schema.kind = static_cast<FieldKind>((i + rotation) % kFieldKinds);
    KITH_FUZZ_CHECK(index.AddField(JsonPath::Parse(kPaths[i]).value(), schema).ok());
  }
  index.Put(0, payload);
  index.Put(1, payload);
  index.Erase(1);
  return index;
}

void Check(const Filter& filter, const JsonValue& payload, std::size_t rotation) {
  PayloadIndex index = NewIndex(rotation, payload);
  const FilterSubject subject{
      .payload = payload, .id = PointId(7), .text_fields = &index.text_fields()};
  const bool matches = Matches(filter, subject);
  FilterContext context;
  context.slot_of = [](const PointId& id) {
    return id == PointId(7) ? std::optional<Slot>(0) : std::nullopt;
  };
  const SlotSet live = SlotSet::Range(0, 1);
  const Selection selection = index.Select(filter, live, context);
  if (matches) KITH_FUZZ_CHECK(selection.candidates.Contains(0));
  if (selection.exact) KITH_FUZZ_CHECK(selection.candidates.Contains(0) == matches);
  const CardinalityEstimate estimate = index.Estimate(filter, 1, context);
  KITH_FUZZ_CHECK(estimate.min <= (matches ? 1u : 0u) && estimate.max >= (matches ? 1u : 0u));
}

std::vector<std::string> Seeds() {
  const std::string payload =
      R"({"k":["a","b"],"n":[3,2.5],"f":0.5,"b":true,"t":"2024-01-01","g":{"lon":1,"lat":2},)"
      R"("u":"0f8fad5b-d9cb-469f-a165-70867728950e","x":"The quick fox","a":[{"k":"a","n":1},{}]})";
  std::vector<std::string> seeds;
  for (const char* filter :
       {R"({"must":[{"key":"k","match":{"value":"a"}},{"key":"n","range":{"gt":1,"lte":3}}]})",
        R"({"should":[{"key":"k","match":{"any":["a"]}},{"key":"k","match":{"except":["b"]}}]})",
        R"({"must_not":{"key":"x","match":{"phrase":"quick fox"}},"must":{"has_id":[7]}})",
        R"({"min_should":{"conditions":[{"is_empty":{"key":"k"}},{"is_null":{"key":"n"}}],
            "min_count":1}})",
        R"({"must":{"nested":{"key":"a","filter":{"must":{"key":"k","match":{"prefix":"a"}}}}}})",
        R"({"must":{"key":"g","geo_radius":{"center":{"lon":1,"lat":2},"radius":9}}})",
        R"({"must":{"key":"g","geo_bounding_box":{"top_left":{"lon":170,"lat":9},
            "bottom_right":{"lon":2,"lat":1}}}})",
        R"({"must":{"key":"t","range":{"gte":"2024-01-01T00:00:00Z"}}})",
        R"({"must":{"key":"a[].n","values_count":{"gt":0}}})",
        R"({"must":{"key":"u","match":{"value":"0f8fad5b-d9cb-469f-a165-70867728950e"}}})"}) {
    std::string seed = filter;
    for (char& c : seed) {
      if (c == '\n') c = ' ';
    }
    seeds.push_back(seed + "\n" + payload);
  }
  return seeds;
}

}  // namespace
}  // namespace kith

KITH_FUZZ_SEEDS(kith::Seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  const auto json = kith::ParseJson(text.substr(0, end));
  if (!json.ok()) return 0;
  const auto filter = kith::ParseFilter(json.value());
  if (!filter.ok()) {
    KITH_FUZZ_CHECK(filter.error().code == kith::ErrorCode::kInvalidArgument);
    return 0;
  }
  kith::Result<kith::JsonValue> payload = kith::JsonValue();
  if (end != text.npos) payload = kith::ParseJson(text.substr(end + 1));
  if (!payload.ok()) return 0;
  for (std::size_t rotation = 0; rotation < kith::kFieldKinds; ++rotation) {
    kith::Check(filter.value(), payload.value(), rotation);
  }
  return 0;
}
