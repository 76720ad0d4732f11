// A search of one vector with its records, for tests.
#pragma once

#include <vector>

#include "engine/query/answer_records.h"

namespace kith {

inline Result<std::vector<ScoredPoint>> SearchRecords(const Collection& collection,
                                                      const VectorSearch& search,
                                                      const RecordParts& parts = {}) {
  RankedPoints ranked;
  ranked.points = TRY(collection.Search(search));
  return RecordsOf(collection, ranked, parts);
}

}  // namespace kith
