#include <mutex>
#include <type_traits>
#include <utility>

#include "core/file.h"
#include "engine/collection/data_directory_state.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

constexpr std::uint64_t kAliasesVersion = 1;
constexpr std::uint64_t kAliasesBytesMax = std::uint64_t{64} << 20;  // of kAliasesMax long names

Error BadAliases(const std::string& path, const std::string& what) {
  return Error{ErrorCode::kCorruption, path + ": " + what};
}

}  // namespace

Status DataDirectory::Impl::LoadAliases() {
  const std::string path = path_ + "/aliases.json";
  const Result<std::string> text = ReadTextFile(path, kAliasesBytesMax);
  if (!text.ok()) {
    if (text.error().code == ErrorCode::kNotFound) return {};
    return text.error();
  }
  const Result<JsonValue> json =
      ParseJson(text.value(), {.depth_max = 4, .bytes_max = kAliasesBytesMax});
  if (!json.ok()) return BadAliases(path, json.error().message);
  const JsonValue* version = json.value().Find("version");
  const auto number = version == nullptr ? std::nullopt : version->AsUint64();
  if (!number || *number == 0) return BadAliases(path, "expected a \"version\", a number");
  if (*number > kAliasesVersion) {
    return Error{ErrorCode::kUnsupported,
                 path + ": version " + std::to_string(*number) + " is of a newer kith"};
  }
  const JsonValue* list = json.value().Find("aliases");
  if (list == nullptr || !list->is_object()) {
    return BadAliases(path, "expected \"aliases\", an object");
  }
  for (const JsonMember& member : list->object()) {
    if (!member.value.is_string() || !ValidateCollectionName(member.key).ok()) {
      return BadAliases(path, "expected names of collections by alias");
    }
    // One whose collection was deleted right before a crash is dropped.
    if (entries_.count(member.value.string()) == 0 || entries_.count(member.key) > 0) continue;
    aliases_[member.key] = member.value.string();
  }
  // For good: it must not lead to a later collection of that name.
  if (aliases_.size() < list->object().size()) return SaveAliases(aliases_);
  return {};
}

Status DataDirectory::Impl::SaveAliases(const std::map<std::string, std::string>& aliases) const {
  JsonObject list;
  for (const auto& [alias, collection] : aliases) list.Set(alias, collection);
  JsonObject json;
  json.Set("version", kAliasesVersion);
  json.Set("aliases", std::move(list));
  OutputFile file =
      TRY(OutputFile::Create(path_ + "/aliases.json", OutputFile::IfExists::kReplace));
  TRY(file.Append(ToJson(std::move(json)) + "\n"));
  return file.Commit();
}

Status DataDirectory::Impl::DropAliasesOf(const std::string& name) {
  const Claim claim(*this, "");
  std::map<std::string, std::string> aliases;
  {
    const std::shared_lock lock(mutex_);
    aliases = aliases_;
  }
  if (std::erase_if(aliases, [&](const auto& item) { return item.second == name; }) == 0) return {};
  TRY(SaveAliases(aliases));
  const std::unique_lock lock(mutex_);
  aliases_ = std::move(aliases);
  return {};
}

std::vector<Alias> DataDirectory::Impl::Aliases() const {
  const std::shared_lock lock(mutex_);
  std::vector<Alias> list;
  for (const auto& [alias, collection] : aliases_) list.push_back({alias, collection});
  return list;
}

Status DataDirectory::Impl::ChangeAliases(std::span<const AliasAction> actions) {
  const Claim claim(*this, "");
  std::map<std::string, std::string> aliases;
  std::set<std::string> collections;
  {
    const std::shared_lock lock(mutex_);
    aliases = aliases_;
    for (const auto& [name, entry] : entries_) collections.insert(name);
  }
  const auto put = [&](const std::string& alias, const std::string& collection) -> Status {
    TRY(ValidateCollectionName(alias));
    if (collections.count(alias) > 0) {
      return Error{ErrorCode::kAlreadyExists,
                   "there is a collection named '" + alias + "' already"};
    }
    aliases[alias] = collection;
    return {};
  };
  const auto take = [&](const std::string& alias) -> Result<std::string> {
    const auto found = aliases.find(alias);
    if (found == aliases.end()) {
      return Error{ErrorCode::kNotFound, "no alias '" + alias + "'"};
    }
    std::string collection = std::move(found->second);
    aliases.erase(found);
    return collection;
  };
  const auto apply = [&](const auto& action) -> Status {
    using Action = std::decay_t<decltype(action)>;
    if constexpr (std::is_same_v<Action, CreateAlias>) {
      if (collections.count(action.collection) == 0) {
        return Error{ErrorCode::kNotFound, "no collection '" + action.collection + "'"};
      }
      return put(action.alias, action.collection);
    } else if constexpr (std::is_same_v<Action, DeleteAlias>) {
      TRY(take(action.alias));
      return {};
    } else {
      const std::string collection = TRY(take(action.from));
      return put(action.to, collection);
    }
  };
  for (const AliasAction& action : actions) TRY(std::visit(apply, action));
  if (aliases.size() > kAliasesMax) {
    return Error{ErrorCode::kResourceExhausted,
                 "expected at most " + std::to_string(kAliasesMax) + " aliases"};
  }
  TRY(SaveAliases(aliases));
  const std::unique_lock lock(mutex_);
  aliases_ = std::move(aliases);
  return {};
}

}  // namespace kith
