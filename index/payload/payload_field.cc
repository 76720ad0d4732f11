#include "index/payload/payload_field.h"

namespace kith {

void PayloadField::Put(Slot slot, const JsonValue& payload) {
  Erase(slot);
  values_.clear();
  path.Collect(payload, values_);
  if (values_.empty()) return;
  elements_.clear();
  for (const JsonValue* value : values_) {
    if (!value->is_array()) {
      elements_.push_back(value);
      continue;
    }
    for (const JsonValue& element : value->array()) elements_.push_back(&element);
  }
  presence.Put(slot, values_);
  index->Put(slot, elements_);
}

void PayloadField::Erase(Slot slot) {
  presence.Erase(slot);
  index->Erase(slot);
}

std::size_t PayloadField::memory_bytes() const {
  return index->memory_bytes() + presence.memory_bytes();
}

}  // namespace kith
