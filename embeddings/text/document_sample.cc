#include "embeddings/text/document_sample.h"

#include <algorithm>

#include "core/random.h"

namespace kith {
namespace {

constexpr std::uint64_t kSampleStream = 0x73616d706c65;

}  // namespace

void DocumentSample::DropHighest() {
  std::pop_heap(heap_.begin(), heap_.end());
  bytes_ -= heap_.back().text.size();
  heap_.pop_back();
}

void DocumentSample::Offer(std::uint64_t number, std::string_view text) {
  const std::uint64_t hash = RandomHash(seed_, kSampleStream, number);
  if (text.size() > bytes_max_) return;
  if (heap_.size() == documents_max_) {
    if (hash > heap_.front().hash) return;
    DropHighest();
  }
  heap_.push_back({hash, number, std::string(text)});
  std::push_heap(heap_.begin(), heap_.end());
  bytes_ += text.size();
  while (bytes_ > bytes_max_) DropHighest();
}

std::vector<std::string> DocumentSample::Take() {
  std::sort_heap(heap_.begin(), heap_.end());
  std::vector<std::string> texts;
  texts.reserve(heap_.size());
  for (Document& document : heap_) texts.push_back(std::move(document.text));
  heap_.clear();
  bytes_ = 0;
  return texts;
}

}  // namespace kith
