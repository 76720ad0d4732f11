#include "engine/jobs/answer_file.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/jobs/recall.h"
#include "index/vector_index.h"
#include "storage/vector_file.h"

namespace kith {
namespace {

// "[a,b,c]"
template <typename T>
void AppendArray(std::string& out, std::span<const Neighbor> answers, T Neighbor::*member) {
  char digits[32];
  char separator = '[';
  for (const Neighbor& answer : answers) {
    out += separator;
    out.append(digits, std::to_chars(digits, digits + sizeof digits, answer.*member).ptr);
    separator = ',';
  }
  out += answers.empty() ? "[]" : "]";
}

Status WriteLines(MatrixView<const Neighbor> answers, OutputFile& file) {
  std::string line;
  for (std::size_t q = 0; q < answers.rows(); ++q) {
    const std::span<const Neighbor> row = answers.row(q);
    const auto padding = std::ranges::find(row, kNoNeighbor, &Neighbor::id);
    const auto found = row.first(static_cast<std::size_t>(padding - row.begin()));
    line = "{\"query\":" + std::to_string(q) + ",\"ids\":";
    AppendArray(line, found, &Neighbor::id);
    line += ",\"distances\":";
    AppendArray(line, found, &Neighbor::distance);
    line += "}\n";
    TRY(file.Append(line));
  }
  return file.Commit();
}

Status WriteIds(MatrixView<const Neighbor> answers, VectorWriter& writer) {
  for (std::size_t q = 0; q < answers.rows(); ++q) {
    const Matrix<std::int32_t> ids = IdsOf(answers.rows(q, 1));
    TRY(writer.AppendRaw(std::as_bytes(ids.row(0))));
  }
  return writer.Commit();
}

}  // namespace

struct AnswerFile::Impl {
  std::optional<OutputFile> lines;
  std::unique_ptr<VectorWriter> ids;
};

AnswerFile::AnswerFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AnswerFile::AnswerFile(AnswerFile&&) noexcept = default;
AnswerFile::~AnswerFile() = default;

Result<AnswerFile> AnswerFile::Create(const std::string& path, std::uint32_t k,
                                      OutputFile::IfExists if_exists) {
  auto impl = std::make_unique<Impl>();
  if (path.ends_with(".jsonl")) {
    impl->lines.emplace(TRY(OutputFile::Create(path, if_exists)));
  } else {
    auto writer = VectorWriter::Create(path, DataType::kI32, k, if_exists);
    if (!writer.ok() && writer.error().code == ErrorCode::kInvalidArgument) {
      return Error{ErrorCode::kInvalidArgument,
                   writer.error().message + "; answers may also go to .jsonl"};
    }
    impl->ids = TRY(std::move(writer));
  }
  return AnswerFile(std::move(impl));
}

Status AnswerFile::Write(MatrixView<const Neighbor> answers) {
  return impl_->lines ? WriteLines(answers, *impl_->lines) : WriteIds(answers, *impl_->ids);
}

struct DistanceFile::Impl {
  std::unique_ptr<VectorWriter> writer;
};

DistanceFile::DistanceFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DistanceFile::DistanceFile(DistanceFile&&) noexcept = default;
DistanceFile::~DistanceFile() = default;

Result<DistanceFile> DistanceFile::Create(const std::string& path, std::uint32_t k,
                                          OutputFile::IfExists if_exists) {
  auto impl = std::make_unique<Impl>();
  impl->writer = TRY(VectorWriter::Create(path, DataType::kF32, k, if_exists));
  return DistanceFile(std::move(impl));
}

Status DistanceFile::Write(MatrixView<const Neighbor> answers) {
  std::vector<float> distances(answers.cols());
  for (std::size_t q = 0; q < answers.rows(); ++q) {
    std::ranges::transform(answers.row(q), distances.begin(), &Neighbor::distance);
    TRY(impl_->writer->AppendRaw(std::as_bytes(std::span(distances))));
  }
  return impl_->writer->Commit();
}

}  // namespace kith
