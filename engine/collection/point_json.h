// Points as JSON: lines of files that are imported and exported.
//
//   point  := {"id": id, "vector"?: vector | {NAME: vector, ...}, "payload"?: {...}}
//   id     := 64-bit number | UUID string
//   vector := [number, ...]         the unnamed vector; by name otherwise
//
// `null` is as good as a missing member.  Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "core/json_value.h"
#include "core/result.h"
#include "engine/collection/point.h"

namespace kith {

// Errors: kInvalidArgument (also for members it does not know); `where` opens the message.
Result<Point> PointFromJson(JsonValue json, const std::string& where);
// The same from text.
Result<Point> ParsePoint(std::string_view text, const std::string& where);

// The record as a point, without a line end.  Numbers of vectors are the shortest decimals that
// read back as the same float.
void AppendPoint(const Record& record, std::string& out);

}  // namespace kith
