// Errors are values here.
//
// A function that can fail returns Result<T>, or Status when it has nothing to
// return.  Both are [[nodiscard]]: a dropped error does not compile.
//
//   Result<Footer> ReadFooter(const File& file) {
//     const Block block = TRY(file.ReadLast(Footer::kBytes));
//     if (block.magic() != Footer::kMagic) {
//       return Error{ErrorCode::kCorruption, "footer magic mismatch in " + file.path()};
//     }
//     return Footer::Parse(block);
//   }
//
// Exceptions live only at the edges: one catch block per foreign library (FAISS,
// std::bad_alloc in the HTTP session) turns them into an Error.  Broken
// invariants are neither: they are assert()s, and abort.
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace kith {

// What the caller can do about it, not where it happened.  The HTTP layer maps
// each code to one status; add a code only when some caller acts differently.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument,    // the request is wrong; retrying cannot help (400)
  kNotFound,           // the named thing does not exist (404)
  kAlreadyExists,      // the named thing exists already (409)
  kResourceExhausted,  // over a stated limit; retry later or smaller (429)
  kCorruption,         // bytes on disk are not what was written (500)
  kIoError,            // the system call failed (500)
  kUnsupported,        // valid, but this build cannot do it: a newer file version (501)
  kCancelled,          // the caller asked to stop: Ctrl-C, deadline (499)
};

struct Error {
  ErrorCode code;
  std::string message;  // for people: what was expected, what was found, where
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }

  // REQUIRES: ok().
  const T& value() const& { return assert(ok()), *std::get_if<0>(&state_); }
  T& value() & { return assert(ok()), *std::get_if<0>(&state_); }
  T value() && { return assert(ok()), std::move(*std::get_if<0>(&state_)); }

  // REQUIRES: !ok().
  const Error& error() const& { return assert(!ok()), *std::get_if<1>(&state_); }
  Error error() && { return assert(!ok()), std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  void value() const { assert(ok()); }
  const Error& error() const& { return assert(!ok()), *error_; }
  Error error() && { return assert(!ok()), *std::move(error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace kith

// The value of a Result; on error, returns the error from the enclosing function.
// A GNU statement expression: g++ and clang only, which is all we build with.
#define TRY(expression)                     \
  __extension__({                           \
    auto try_result = (expression);         \
    if (!try_result.ok()) [[unlikely]] {    \
      return std::move(try_result).error(); \
    }                                       \
    std::move(try_result).value();          \
  })
