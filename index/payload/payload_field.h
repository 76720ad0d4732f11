// An indexed field: its path, its index and which points have it.
//
// Thread-compatible.
#pragma once

#include <memory>
#include <vector>

#include "index/payload/field_index.h"
#include "index/payload/field_presence.h"
#include "index/payload/field_schema.h"
#include "index/payload/json_path.h"

namespace kith {

struct PayloadField {
  PayloadField(JsonPath at, const FieldSchema& of)
      : path(std::move(at)), schema(of), index(NewFieldIndex(of)) {}

  void Put(Slot slot, const JsonValue& payload);  // replaces what the slot had
  void Erase(Slot slot);
  std::size_t memory_bytes() const;

  JsonPath path;
  FieldSchema schema;
  std::unique_ptr<FieldIndex> index;
  FieldPresence presence;

 private:
  // Of Put; kept for their memory.
  std::vector<const JsonValue*> values_, elements_;
};

}  // namespace kith
