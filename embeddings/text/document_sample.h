// A random sample of a stream of documents: those with the lowest random hash of their number,
// within a limit of documents and one of bytes.  The same for any division of the stream into
// blocks.  Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kith {

class DocumentSample {
 public:
  // REQUIRES: documents_max > 0.
  DocumentSample(std::uint64_t seed, std::uint64_t documents_max, std::uint64_t bytes_max)
      : seed_(seed), documents_max_(documents_max), bytes_max_(bytes_max) {}

  // Offers the document `number` of the stream.
  void Offer(std::uint64_t number, std::string_view text);

  // The sample in the order of its hashes, which is a random one; leaves this empty.
  std::vector<std::string> Take();

 private:
  struct Document {
    std::uint64_t hash, number;
    std::string text;
    friend bool operator<(const Document& a, const Document& b) {
      return a.hash != b.hash ? a.hash < b.hash : a.number < b.number;
    }
  };
  void DropHighest();

  std::uint64_t seed_, documents_max_, bytes_max_, bytes_ = 0;
  std::vector<Document> heap_;  // the highest hash first
};

}  // namespace kith
