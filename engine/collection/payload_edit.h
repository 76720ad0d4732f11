// Parts of a payload, by paths.  Pure functions.
#pragma once

#include <span>

#include "core/json_value.h"
#include "index/payload/json_path.h"

namespace kith {

// Sets the members of `members` in the object at the path.  Keys that are missing on the way, or
// hold something else, become objects; elements of arrays are only changed where they are.
void SetMembersAt(JsonObject& payload, const JsonPath& path, const JsonObject& members);

// Removes what is at the path, if it is there.
void EraseAt(JsonObject& payload, const JsonPath& path);

// The members that the paths lead to, in objects as they stand in the payload.  A path counts up to
// its first step into an array, which is taken whole.
JsonObject MembersAt(const JsonObject& payload, std::span<const JsonPath> paths);

}  // namespace kith
