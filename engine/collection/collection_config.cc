#include "engine/collection/collection_config.h"

#include <iterator>
#include <limits>
#include <utility>

#include "index/vector_index.h"

namespace kith {
namespace {

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

struct RowName {
  ExactKind kind;
  std::string_view name;
};
constexpr RowName kRowNames[] = {
    {ExactKind::kF32, "float32"}, {ExactKind::kF16, "float16"}, {ExactKind::kU8, "uint8"}};

std::string_view RowsName(ExactKind kind) {
  for (const RowName& row : kRowNames) {
    if (row.kind == kind) return row.name;
  }
  return "?";
}

// Reads members of one object; the first fault is kept.
class Members {
 public:
  Members(const JsonValue* json, std::string where) : json_(json), where_(std::move(where)) {
    if (json_ == nullptr || !json_->is_object()) Fail("expected an object");
  }
  template <typename T>
  void Integer(std::string_view key, T& out) {
    const JsonValue* value = Member(key);
    if (value == nullptr) return;
    const auto number = value->AsUint64();
    if (!number || *number > std::numeric_limits<T>::max()) return Fail(std::string(key));
    out = static_cast<T>(*number);
  }
  void Number(std::string_view key, double& out) {
    const JsonValue* value = Member(key);
    if (value == nullptr) return;
    if (!value->AsDouble()) return Fail(std::string(key));
    out = *value->AsDouble();
  }
  void Bool(std::string_view key, bool& out) {
    const JsonValue* value = Member(key);
    if (value == nullptr) return;
    if (!value->is_bool()) return Fail(std::string(key));
    out = value->boolean();
  }
  std::string Text(std::string_view key) {
    const JsonValue* value = Member(key);
    if (value == nullptr) return {};
    if (!value->is_string()) return Fail(std::string(key)), std::string();
    return value->string();
  }
  Status status() const {
    if (fault_.empty()) return {};
    return Error{ErrorCode::kCorruption, where_ + ": " + fault_};
  }

 private:
  const JsonValue* Member(std::string_view key) {
    if (!fault_.empty()) return nullptr;
    const JsonValue* value = json_->Find(key);
    if (value == nullptr) Fail("no \"" + std::string(key) + "\"");
    return value;
  }
  void Fail(std::string what) {
    if (fault_.empty()) fault_ = "bad collection configuration: " + std::move(what);
  }
  const JsonValue* json_;
  std::string where_, fault_;
};

Result<VectorConfig> VectorFromJson(const JsonValue& json, const std::string& where) {
  VectorConfig vector;
  Members members(&json, where);
  members.Integer("field", vector.field);
  members.Integer("size", vector.size);
  members.Bool("on_disk", vector.on_disk);
  members.Integer("m", vector.m);
  members.Integer("ef_construct", vector.ef_construct);
  const std::string distance = members.Text("distance"), datatype = members.Text("datatype");
  TRY(members.status());
  vector.metric = TRY(ParseDistance(distance));
  vector.rows = ExactKind::kNone;
  for (const RowName& row : kRowNames) {
    if (row.name == datatype) vector.rows = row.kind;
  }
  return vector;
}

}  // namespace

std::string_view DistanceName(Metric metric) {
  switch (metric) {
    case Metric::kCosine:
      return "Cosine";
    case Metric::kInnerProduct:
      return "Dot";
    default:
      return "Euclid";
  }
}

Result<Metric> ParseDistance(std::string_view name) {
  for (const Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2}) {
    if (DistanceName(metric) == name) return metric;
  }
  if (name == "Manhattan") {
    return Error{ErrorCode::kUnsupported,
                 "distance Manhattan is not there yet: expected Cosine, "
                 "Euclid or Dot"};
  }
  return Invalid("distance '" + std::string(name.substr(0, 32)) +
                 "': expected Cosine, Euclid or Dot");
}

void NumberFields(CollectionConfig& config) {
  std::uint16_t field = 0;
  for (auto& [name, vector] : config.vectors) vector.field = field++;
}

Result<std::size_t> FieldPosition(const CollectionConfig& config, const std::string& name) {
  const auto found = config.vectors.find(name);
  if (found == config.vectors.end()) {
    return Invalid("Wrong input: Not existing vector name error: " + name);
  }
  return static_cast<std::size_t>(std::distance(config.vectors.begin(), found));
}

Status CheckVectorSize(const VectorConfig& config, const std::string& name, std::size_t size) {
  if (size == config.size) return {};
  return Invalid(
      "Wrong input: Vector dimension error: expected dim: " + std::to_string(config.size) +
      ", got " + std::to_string(size) + (name.empty() ? "" : " for vector '" + name + "'"));
}

Status ValidateConfig(const CollectionConfig& config) {
  if (config.vectors.size() > kVectorNamesMax) {
    return Invalid(std::to_string(config.vectors.size()) + " named vectors, expected at most " +
                   std::to_string(kVectorNamesMax));
  }
  for (const auto& [name, vector] : config.vectors) {
    const std::string what = "vector '" + name + "': ";
    if (name.size() > kVectorNameBytesMax) return Invalid("a vector's name is too long");
    if (vector.size < 1 || vector.size > kIndexDimMax) {
      return Invalid(what + "size is " + std::to_string(vector.size) + ", expected 1 to " +
                     std::to_string(kIndexDimMax));
    }
    if (vector.m < 2 || vector.m > 128) {
      return Invalid(what + "m is " + std::to_string(vector.m) + ", expected 2 to 128");
    }
    if (vector.ef_construct < 4 || vector.ef_construct > 4096) {
      return Invalid(what + "ef_construct is " + std::to_string(vector.ef_construct) +
                     ", expected 4 to 4096");
    }
    if (vector.rows == ExactKind::kU8 && vector.metric == Metric::kCosine) {
      return Invalid(what +
                     "cosine needs datatype float32 or float16: normalised rows are no "
                     "whole numbers");
    }
    if (RowsName(vector.rows) == "?") return Invalid(what + "unknown datatype");
  }
  const OptimizerConfig& optimizer = config.optimizer;
  if (!(optimizer.deleted_threshold >= 0 && optimizer.deleted_threshold <= 1)) {
    return Invalid("deleted_threshold: expected 0 to 1");
  }
  if (optimizer.live_rows_max < 16 || optimizer.merge_factor < 2 || optimizer.threads < 1) {
    return Invalid(
        "optimizer: expected live_rows_max of 16 or more, merge_factor of 2 or more, "
        "threads of 1 or more");
  }
  return {};
}

JsonValue ConfigToJson(const CollectionConfig& config) {
  JsonObject vectors;
  for (const auto& [name, vector] : config.vectors) {
    JsonObject members;
    members.Set("field", vector.field);
    members.Set("size", vector.size);
    members.Set("distance", DistanceName(vector.metric));
    members.Set("datatype", RowsName(vector.rows));
    members.Set("on_disk", vector.on_disk);
    members.Set("m", vector.m);
    members.Set("ef_construct", vector.ef_construct);
    vectors.Set(name, std::move(members));
  }
  JsonObject optimizer;
  optimizer.Set("deleted_threshold", config.optimizer.deleted_threshold);
  optimizer.Set("vacuum_rows_min", config.optimizer.vacuum_rows_min);
  optimizer.Set("live_bytes_max", config.optimizer.live_bytes_max);
  optimizer.Set("live_rows_max", config.optimizer.live_rows_max);
  optimizer.Set("merge_factor", config.optimizer.merge_factor);
  optimizer.Set("index_changes_max", config.optimizer.index_changes_max);
  optimizer.Set("threads", config.optimizer.threads);
  JsonObject json;
  json.Set("vectors", std::move(vectors));
  json.Set("optimizer", std::move(optimizer));
  return json;
}

Result<CollectionConfig> ConfigFromJson(const JsonValue& json, const std::string& where) {
  CollectionConfig config;
  const JsonValue* vectors = json.Find("vectors");
  if (vectors == nullptr || !vectors->is_object()) {
    return Error{ErrorCode::kCorruption, where + ": bad collection configuration: no \"vectors\""};
  }
  for (const JsonMember& member : vectors->object()) {
    config.vectors[member.key] = TRY(VectorFromJson(member.value, where));
  }
  Members optimizer(json.Find("optimizer"), where);
  optimizer.Number("deleted_threshold", config.optimizer.deleted_threshold);
  optimizer.Integer("vacuum_rows_min", config.optimizer.vacuum_rows_min);
  optimizer.Integer("live_bytes_max", config.optimizer.live_bytes_max);
  optimizer.Integer("live_rows_max", config.optimizer.live_rows_max);
  optimizer.Integer("merge_factor", config.optimizer.merge_factor);
  optimizer.Integer("index_changes_max", config.optimizer.index_changes_max);
  optimizer.Integer("threads", config.optimizer.threads);
  TRY(optimizer.status());
  TRY(ValidateConfig(config));
  return config;
}

}  // namespace kith
