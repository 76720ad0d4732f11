// The form of kith search that takes words instead of a file of vectors.
#pragma once

#include <string>

#include "core/result.h"
#include "engine/jobs/text_search_job.h"
#include "tools/command.h"

namespace kith {

// Runs the search and appends the ranked answers to the output: for people, or as one JSON object.
Status RunTextSearch(const TextSearchParams& params, bool json, CommandContext& context);

}  // namespace kith
