// Writes one JSON document, value by value.  Thread-compatible.
//
//   JsonWriter json;
//   json.BeginObject().Key("dim").Number(784).Key("rivals").BeginArray()...EndArray().EndObject();
//   json.text()
#pragma once

#include <string>
#include <string_view>

namespace kith {

class JsonWriter {
 public:
  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  // REQUIRES: inside an object, and followed by one value.
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view value);
  // Nine significant digits; what JSON cannot say (NaN, infinity) becomes null.
  JsonWriter& Number(double value);
  JsonWriter& Bool(bool value);

  const std::string& text() const { return text_; }

 private:
  void BeforeValue();
  std::string text_;
  bool comma_ = false;  // something stands before in the same object or array
};

}  // namespace kith
