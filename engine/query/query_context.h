// Where a query is answered, and until when.
//
// Borrows the collection.  Thread-compatible.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/collection/collection.h"
#include "engine/query/deadline.h"

namespace kith {

// A collection by its name or alias, for lookup_from and with_lookup; null: there is none.
using CollectionLookup = std::function<std::shared_ptr<const Collection>(const std::string&)>;

struct QueryContext {
  const Collection& collection;
  CollectionLookup lookup = nullptr;  // none: no other collection is known
  Deadline deadline = {};
};

}  // namespace kith
