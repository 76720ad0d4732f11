#include "engine/collection/collection.h"

#include <utility>

#include "engine/collection/collection_state.h"

namespace kith {

Collection::Collection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Collection::~Collection() = default;

Result<std::unique_ptr<Collection>> Collection::Create(const std::string& path,
                                                       const CollectionConfig& config,
                                                       const CollectionOpenParams& params) {
  std::unique_ptr<Impl> impl = TRY(Impl::Create(path, config, params));
  return std::unique_ptr<Collection>(new Collection(std::move(impl)));
}

Result<std::unique_ptr<Collection>> Collection::Open(const std::string& path,
                                                     const CollectionOpenParams& params) {
  std::unique_ptr<Impl> impl = TRY(Impl::Open(path, params));
  return std::unique_ptr<Collection>(new Collection(std::move(impl)));
}

CollectionConfig Collection::config() const { return impl_->config(); }
CollectionInfo Collection::info() const { return impl_->Info(); }

Result<std::uint64_t> Collection::Write(const Operation& operation, Durability durability) {
  return impl_->Write(operation, durability);
}
Status Collection::CreateIndex(const JsonPath& path, const FieldSchema& schema) {
  return impl_->CreateIndex(path, schema);
}
Result<bool> Collection::DeleteIndex(const JsonPath& path) { return impl_->DeleteIndex(path); }
std::vector<FieldInfo> Collection::Indexes() const { return impl_->Indexes(); }

Result<std::vector<ScoredSlot>> Collection::Search(const VectorSearch& search) const {
  return impl_->Search(search);
}

Result<std::vector<Record>> Collection::Retrieve(std::span<const PointId> ids,
                                                 const PayloadSelector& payload,
                                                 const VectorSelector& vectors) const {
  std::vector<std::uint32_t> slots;
  for (const PointId& id : ids) {
    if (const auto slot = impl_->SlotOf(id)) slots.push_back(*slot);
  }
  return impl_->Records(slots, payload, vectors);
}

Result<Collection::Page> Collection::Scroll(const PointId& from, std::size_t limit,
                                            const Filter* filter, const PayloadSelector& payload,
                                            const VectorSelector& vectors) const {
  return impl_->Scroll(from, limit, filter, payload, vectors);
}
Result<std::uint64_t> Collection::Count(const Filter* filter, bool exact) const {
  return impl_->Count(filter, exact);
}
Result<std::vector<FacetHit>> Collection::Facet(const JsonPath& path, const Filter* filter,
                                                std::size_t limit) const {
  return impl_->Facet(path, filter, limit);
}
Result<SlotSet> Collection::Matches(const Filter* filter) const { return impl_->Matches(filter); }
std::optional<std::uint32_t> Collection::SlotOf(const PointId& id) const {
  return impl_->SlotOf(id);
}
PointId Collection::IdOf(std::uint32_t slot) const { return impl_->IdOf(slot); }
Result<std::vector<std::optional<std::vector<float>>>> Collection::Vectors(
    const std::string& name, std::span<const std::uint32_t> slots) const {
  return impl_->Vectors(name, slots);
}
Result<std::vector<OrderedSlot>> Collection::Ordered(const OrderParams& params,
                                                     const Filter* filter) const {
  return impl_->Ordered(params, filter);
}
Result<std::vector<Record>> Collection::Records(std::span<const std::uint32_t> slots,
                                                const PayloadSelector& payload,
                                                const VectorSelector& vectors) const {
  return impl_->Records(slots, payload, vectors);
}
Status Collection::OptimizeNow(const Cancellation& cancellation, Progress& progress) {
  return impl_->OptimizeNow(cancellation, progress);
}
bool Collection::WaitUntilGreen(double seconds) const { return impl_->WaitUntilGreen(seconds); }
Status Collection::Verify(const Cancellation& cancellation, Progress& progress) const {
  return impl_->Verify(cancellation, progress);
}
Status Collection::Checkpoint(const std::string& path) const { return impl_->Checkpoint(path); }

}  // namespace kith
