// Saving and loading; the grammar is in docs/formats.md, "Payload index".
#include <algorithm>
#include <cstring>

#include "index/payload/payload_field.h"
#include "index/payload/payload_index.h"
#include "storage/segment_file.h"

namespace kith {
namespace {

constexpr std::string_view kKind = "payload-index";
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kNoLength = ~std::uint32_t{0};

// A field in the "meta" section, behind the bytes of its path.
struct FieldMeta {
  std::uint8_t kind = 0, lookup = 0, range = 0;
  std::uint8_t tokenizer = 0, lowercase = 0, phrase_matching = 0;
  std::uint16_t zero = 0;
  std::uint32_t min_token_len = kNoLength, max_token_len = kNoLength;
};
static_assert(sizeof(FieldMeta) == 16);

FieldMeta MetaOf(const FieldSchema& schema) {
  return {.kind = static_cast<std::uint8_t>(schema.kind),
          .lookup = schema.lookup,
          .range = schema.range,
          .tokenizer = static_cast<std::uint8_t>(schema.text.tokenizer),
          .lowercase = schema.text.lowercase,
          .phrase_matching = schema.text.phrase_matching,
          .zero = 0,
          .min_token_len = schema.text.min_token_len.value_or(kNoLength),
          .max_token_len = schema.text.max_token_len.value_or(kNoLength)};
}

Error Corrupt(const std::string& what) { return Error{ErrorCode::kCorruption, what}; }

Result<FieldSchema> SchemaOf(const FieldMeta& meta, const std::string& where) {
  const std::uint8_t flags[] = {meta.lookup, meta.range, meta.lowercase, meta.phrase_matching};
  const bool flags_ok =
      std::all_of(std::begin(flags), std::end(flags), [](std::uint8_t flag) { return flag <= 1; });
  const bool integer_ok = meta.lookup == 1 || meta.range == 1;
  if (meta.kind >= kFieldKinds || meta.tokenizer > 2 || meta.zero != 0 || !flags_ok ||
      !integer_ok) {
    return Corrupt(where + "a schema that there is none of");
  }
  FieldSchema schema{.kind = static_cast<FieldKind>(meta.kind),
                     .lookup = meta.lookup == 1,
                     .range = meta.range == 1,
                     .text = {}};
  schema.text.tokenizer = static_cast<Tokenizer>(meta.tokenizer);
  schema.text.lowercase = meta.lowercase == 1;
  schema.text.phrase_matching = meta.phrase_matching == 1;
  if (meta.min_token_len != kNoLength) schema.text.min_token_len = meta.min_token_len;
  if (meta.max_token_len != kNoLength) schema.text.max_token_len = meta.max_token_len;
  return schema;
}

std::string SectionOf(std::size_t field) { return "field-" + std::to_string(field); }

// An error of `status` with the place in front of it.
Status At(const std::string& where, Status status) {
  if (status.ok()) return status;
  return Error{status.error().code, where + status.error().message};
}

Status LoadField(ByteReader& in, PayloadField& field) {
  field.presence = TRY(FieldPresence::Load(in));
  TRY(field.index->Load(in));
  return in.Done();
}

}  // namespace

Status PayloadIndex::Save(const std::string& path) const {
  SegmentWriter writer = TRY(SegmentWriter::Create(path, kKind, OutputFile::IfExists::kReplace));
  ByteWriter meta;
  meta.Put(kVersion);
  meta.Put(static_cast<std::uint32_t>(fields_.size()));
  for (const auto& field : fields_) {
    const std::string at = field->path.ToString();
    meta.Put(static_cast<std::uint32_t>(at.size()));
    meta.PutArray(std::span<const char>(at));
    meta.Put(MetaOf(field->schema));
  }
  TRY(writer.AddSection("meta", meta.bytes()));
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    ByteWriter bytes;
    fields_[i]->presence.Save(bytes);
    fields_[i]->index->Save(bytes);
    TRY(writer.AddSection(SectionOf(i), bytes.bytes()));
  }
  return writer.Commit();
}

Result<PayloadIndex> PayloadIndex::Load(const std::string& path) {
  const SegmentReader file = TRY(SegmentReader::Open(path, kKind));
  const std::string where = path + ": section \"meta\": ";
  const std::span<const std::byte> meta_bytes = TRY(file.VerifiedSection("meta"));
  ByteReader meta(meta_bytes, path + ": section \"meta\"");
  const auto version = TRY(meta.Get<std::uint32_t>());
  if (version > kVersion) {
    return Error{ErrorCode::kUnsupported, where + "version " + std::to_string(version) +
                                              ", this kith reads up to " +
                                              std::to_string(kVersion) + ": use a newer kith"};
  }
  const auto count = TRY(meta.Get<std::uint32_t>());
  if (version == 0 || count > kPayloadFieldsMax) {
    return Corrupt(where + "expected version 1 and at most " + std::to_string(kPayloadFieldsMax) +
                   " fields, found " + std::to_string(version) + " and " + std::to_string(count));
  }
  PayloadIndex index;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto path_bytes = TRY(meta.Get<std::uint32_t>());
    const std::vector<char> text = TRY(meta.GetArray<char>(path_bytes));
    const auto field_meta = TRY(meta.Get<FieldMeta>());
    const Result<JsonPath> field_path = JsonPath::Parse({text.data(), text.size()});
    if (!field_path.ok()) return Corrupt(where + field_path.error().message);
    const FieldSchema schema = TRY(SchemaOf(field_meta, where));
    if (index.Find(field_path.value()) != nullptr) {
      return Corrupt(where + "path '" + field_path.value().ToString() + "' is there twice");
    }
    TRY(index.AddField(field_path.value(), schema));
  }
  TRY(meta.Done());
  for (std::size_t i = 0; i < index.fields_.size(); ++i) {
    const std::string section = path + ": section \"" + SectionOf(i) + "\"";
    const std::span<const std::byte> bytes = TRY(file.VerifiedSection(SectionOf(i)));
    ByteReader in(bytes, section);
    TRY(At(section + ": ", LoadField(in, *index.fields_[i])));
  }
  return index;
}

}  // namespace kith
