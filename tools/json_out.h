// JSON text, appended to a string as it is said.
//
//   JsonWriter json(text);
//   json.BeginObject();
//   json.Field("vectors", 60000);
//   json.BeginArray("curve");
//   ...
//   json.End();
//   json.End();
//
// Numbers are the shortest decimals that read back as the same value, floating ones with a point
// or an exponent; NaN and infinity, which JSON lacks, become null.  Strings are taken as UTF-8;
// bytes that are not become U+FFFD.
//
// Thread-compatible.  Borrows the string.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kith {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  // A container as a member (`name`) of the open object, or as an element of the open array or
  // the whole document (no name).
  void BeginObject(std::string_view name = {}) { Open(name, '{', '}'); }
  void BeginArray(std::string_view name = {}) { Open(name, '[', ']'); }
  // Closes the innermost.  REQUIRES: one is open.
  void End();

  // A member of the open object.
  template <typename T>
  void Field(std::string_view name, T value) {
    Separate(name);
    Put(value);
  }
  // An element of the open array.
  template <typename T>
  void Element(T value) {
    Separate({});
    Put(value);
  }

 private:
  void Open(std::string_view name, char open, char close);
  void Separate(std::string_view name);

  void Put(std::string_view text);
  void Put(const char* text) { Put(std::string_view(text)); }
  void Put(const std::string& text) { Put(std::string_view(text)); }
  void Put(bool value) { out_ += value ? "true" : "false"; }
  void Put(std::nullptr_t) { out_ += "null"; }
  void Put(double value);
  void Put(float value);
  void PutUnsigned(std::uint64_t value);
  void PutSigned(std::int64_t value);
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) void Put(T value) { PutUnsigned(value); }
  template <std::signed_integral T>
  void Put(T value) {
    PutSigned(value);
  }

  std::string& out_;
  std::vector<char> closers_;
  bool first_ = true;  // nothing yet in the innermost container
};

}  // namespace kith
