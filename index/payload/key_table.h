// The distinct values of a field, each with a small number (its key id) while it is in use.
//
// A hash table of key ids with linear probing; the keys lie in an array by id, once.  Ids of
// removed keys are given again.  Thread-compatible.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/point_id.h"

namespace kith {

template <typename Key>
class KeyTable {
 public:
  using View = std::conditional_t<std::is_same_v<Key, std::string>, std::string_view, Key>;
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  std::uint32_t Find(const View& key) const {  // kNone: not there
    if (table_.empty()) return kNone;
    return table_[PlaceOf(key)];
  }

  // The key's id; the key is added where it is missing.
  std::uint32_t Intern(const View& key) {
    if (table_.size() < 2 * (count_ + 1)) Grow();
    const std::size_t place = PlaceOf(key);
    if (table_[place] != kNone) return table_[place];
    std::uint32_t id;
    if (free_.empty()) {
      id = static_cast<std::uint32_t>(keys_.size());
      keys_.emplace_back(key);
    } else {
      id = free_.back();
      free_.pop_back();
      keys_[id] = Key(key);
    }
    table_[place] = id;
    ++count_;
    return id;
  }

  // REQUIRES: id is in use.
  void Remove(std::uint32_t id) {
    std::size_t hole = PlaceOf(keys_[id]);
    assert(table_[hole] == id);
    const std::size_t mask = table_.size() - 1;
    // Every later key of the run moves into the hole, unless its home is behind it.
    for (std::size_t at = (hole + 1) & mask; table_[at] != kNone; at = (at + 1) & mask) {
      const std::size_t home = Hash(keys_[table_[at]]) & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        table_[hole] = table_[at];
        hole = at;
      }
    }
    table_[hole] = kNone;
    keys_[id] = Key();
    free_.push_back(id);
    --count_;
  }

  const Key& key(std::uint32_t id) const { return keys_[id]; }
  std::size_t count() const { return count_; }          // keys in use
  std::size_t ids_end() const { return keys_.size(); }  // above every id

  std::size_t memory_bytes() const {
    std::size_t bytes = (table_.capacity() + free_.capacity()) * sizeof(std::uint32_t) +
                        keys_.capacity() * sizeof(Key);
    if constexpr (std::is_same_v<Key, std::string>) {
      for (const std::string& key : keys_) {
        if (key.capacity() > kInlineBytes) bytes += key.capacity() + 1;
      }
    }
    return bytes;
  }

 private:
  static constexpr std::size_t kInlineBytes = 15;  // of a std::string

  static std::size_t Hash(const View& key) {
    if constexpr (std::is_same_v<Key, std::string>) {
      return std::hash<std::string_view>()(key);
    } else if constexpr (std::is_integral_v<Key>) {
      return PointId(static_cast<std::uint64_t>(key)).Hash();
    } else {
      return PointId(key).Hash();
    }
  }

  // Where the key's id is or would be.  REQUIRES: a free place in the table.
  std::size_t PlaceOf(const View& key) const {
    const std::size_t mask = table_.size() - 1;
    std::size_t at = Hash(key) & mask;
    while (table_[at] != kNone && View(keys_[table_[at]]) != key) at = (at + 1) & mask;
    return at;
  }

  void Grow() {
    const std::vector<std::uint32_t> old = std::move(table_);
    table_.assign(old.empty() ? 16 : old.size() * 2, kNone);
    for (const std::uint32_t id : old) {
      if (id != kNone) table_[PlaceOf(keys_[id])] = id;
    }
  }

  std::vector<Key> keys_;  // by id
  std::vector<std::uint32_t> free_, table_;
  std::size_t count_ = 0;
};

}  // namespace kith
