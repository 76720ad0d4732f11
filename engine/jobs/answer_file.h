// Answers of searches as files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/file.h"
#include "core/matrix.h"
#include "core/result.h"
#include "core/top_k.h"

namespace kith {

// .jsonl: one line a query, {"query":0,"ids":[3,1],"distances":[0.5,2]}, nearest first, padding
// left out.  Anything else: a vector file of row numbers, -1 for padding (.ivecs, .ibin, .npy).
// Create before the search, so that a bad name fails at once; the file appears at Write.
// Thread-compatible.
class AnswerFile {
 public:
  static Result<AnswerFile> Create(const std::string& path, std::uint32_t k,
                                   OutputFile::IfExists if_exists);
  AnswerFile(AnswerFile&&) noexcept;
  ~AnswerFile();
  // REQUIRES: answers.cols() == k; called once.
  Status Write(MatrixView<const Neighbor> answers);

 private:
  struct Impl;
  explicit AnswerFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The distances alone, as a vector file of f32 (.fvecs, .fbin, .npy); infinity for padding.
// Created and written as an AnswerFile.
class DistanceFile {
 public:
  static Result<DistanceFile> Create(const std::string& path, std::uint32_t k,
                                     OutputFile::IfExists if_exists);
  DistanceFile(DistanceFile&&) noexcept;
  ~DistanceFile();
  Status Write(MatrixView<const Neighbor> answers);

 private:
  struct Impl;
  explicit DistanceFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kith
