// The data directory: every collection of a server or of `kith collections`, with their aliases and
// snapshots.
//
//   directory := "LOCK" "collections/" NAME "/" (engine/collection/collection.h) ...
//                "snapshots/" NAME "/" FILE ".snapshot" (engine/collection/snapshot_file.h) ...
//                "aliases.json"? "staging/"
//   aliases.json := {"version": 1, "aliases": {ALIAS: NAME, ...}}
//
// LOCK is locked (flock) while the directory is open and holds the number of the process.  Folders
// are made, and removed, in staging/: one stands in collections/ whole or not at all, and what a
// crash leaves in staging/ is removed at the next opening.
//
// A collection that cannot be opened is listed with its error, and the others are served.  One that
// is deleted while somebody uses it stays in place, marked by a file DELETED, until the last user
// lets it go: its store writes into its folder until then.
//
// Threads: every function may be called from any thread; Get never waits for one that works on
// another name.
//
// Errors of every function beside those it names: kIoError, kInvalidArgument (a bad name).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/cancellation.h"
#include "core/file.h"
#include "core/progress.h"
#include "core/result.h"
#include "engine/collection/collection.h"

namespace kith {

inline constexpr std::size_t kCollectionNameBytesMax = 255;
inline constexpr std::size_t kCollectionsMax = 4096;
inline constexpr std::size_t kAliasesMax = 65536;

struct DataDirectoryParams {
  enum class OpenWhen : std::uint8_t { kAtOnce, kAtFirstUse };
  CollectionOpenParams collection;
  OpenWhen open_when = OpenWhen::kAtOnce;
  bool create_if_missing = true;
  double delete_wait_seconds = 10;  // for the users of a collection that is deleted
};

struct CollectionEntry {
  std::string name;
  std::shared_ptr<Collection> collection;  // null: not opened so far, or not to be opened
  std::optional<Error> error;              // why it cannot be opened
};

struct Alias {
  std::string alias, collection;
};

// Makes an alias, or leads one that is there to another collection.
struct CreateAlias {
  std::string alias, collection;
};
struct DeleteAlias {
  std::string alias;
};
struct RenameAlias {
  std::string from, to;
};
using AliasAction = std::variant<CreateAlias, DeleteAlias, RenameAlias>;

struct SnapshotEntry {
  std::string name, path;
  std::uint64_t bytes = 0;
  std::uint64_t created_unix_s = 0;
};

struct RestoreParams {
  std::string name;  // of the collection
  std::string file;  // of the snapshot, wherever it lies
  OutputFile::IfExists if_exists = OutputFile::IfExists::kRefuse;
};

// Of collections and aliases: 1 to 255 bytes of UTF-8 without control characters and / \ : * ? " <
// > |, and neither "." nor "..".
Status ValidateCollectionName(std::string_view name);

class DataDirectory {
 public:
  // Errors: kNotFound (none, and not to be made), kAlreadyExists (open in a process, which the
  // message names), kCorruption and kUnsupported (aliases.json).
  static Result<std::unique_ptr<DataDirectory>> Open(const std::string& path,
                                                     const DataDirectoryParams& params);
  // Collections that are in use live on, and the lock with them.
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  const std::string& path() const;

  // --- Collections ---

  // Errors: kAlreadyExists (also when an alias has the name), kResourceExhausted (kCollectionsMax;
  // one of that name was deleted and is still in use).
  Result<std::shared_ptr<Collection>> Create(const std::string& name,
                                             const CollectionConfig& config);
  // Also deletes its aliases; its snapshots stay.  Waits for its users, delete_wait_seconds at
  // most, so the caller should not be one.  False: there is no such collection (aliases are none).
  Result<bool> Delete(const std::string& name);
  // By its name or an alias.  Errors: kNotFound, and why it cannot be opened.
  Result<std::shared_ptr<Collection>> Get(const std::string& name_or_alias) const;
  // By name.
  std::vector<CollectionEntry> List() const;
  // The name that a name or an alias stands for; nothing: neither.
  std::optional<std::string> Resolve(const std::string& name_or_alias) const;

  // --- Aliases ---

  std::vector<Alias> Aliases() const;
  // All actions in their order, or none.  Errors: kNotFound (no such collection or alias),
  // kAlreadyExists (a collection has the name), kResourceExhausted.
  Status ChangeAliases(std::span<const AliasAction> actions);

  // --- Snapshots ---

  // Writes NAME-YYYY-MM-DD-HH-MM-SS.snapshot (UTC) while writes go on: the state of one moment.
  Result<SnapshotEntry> CreateSnapshot(const std::string& name, const Cancellation& cancellation,
                                       Progress& progress);
  // Also of a collection that is gone.  By name.
  Result<std::vector<SnapshotEntry>> Snapshots(const std::string& name) const;
  // Errors: kNotFound.
  Result<SnapshotEntry> FindSnapshot(const std::string& name, const std::string& snapshot) const;
  Result<bool> DeleteSnapshot(const std::string& name, const std::string& snapshot);
  // A snapshot as a collection.  One that is replaced changes places with it in one step, when its
  // users have let it go; its aliases lead to the new one.  Errors: those of Create and
  // SnapshotReader; kResourceExhausted when the users of the old one stay.
  Result<std::shared_ptr<Collection>> Restore(const RestoreParams& params,
                                              const Cancellation& cancellation, Progress& progress);

  class Impl;

 private:
  explicit DataDirectory(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kith
