#include "launch/records/tensor_columns.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "common/error/check.h"
#include "common/error/error.h"

namespace ume {

namespace {

// A rename at the end would find it out, after all the work.
void refuse_other_than_file(const std::string& path) {
  std::error_code unreadable;
  const auto status = std::filesystem::status(path, unreadable);
  if (!std::filesystem::exists(status)) return;
  if (std::filesystem::is_regular_file(status)) return;
  throw IoError(path + ": expected the name of a file, found " +
                (std::filesystem::is_directory(status)
                     ? "a folder"
                     : "what is not a regular file"));
}

}  // namespace

// Bytes in a file that has no name any more: gone with the process.
class TensorColumns::Spool {
 public:
  explicit Spool(const std::string& output) : output_(output) {
    std::string name = output + ".rows-XXXXXX";
    const int fd = mkstemp(name.data());
    if (fd < 0) fail("cannot create a file beside it");
    unlink(name.c_str());
    file_ = fdopen(fd, "w+");
    if (file_ == nullptr) fail("cannot open a file beside it");
  }
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  ~Spool() {
    if (mapped_ != nullptr) munmap(mapped_, size_);
    if (file_ != nullptr) std::fclose(file_);
  }

  void append(std::span<const std::byte> bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
      fail("cannot write");
    }
    size_ += bytes.size();
  }

  // Everything so far; until the object goes.
  std::span<const std::byte> map() {
    if (std::fflush(file_) != 0) fail("cannot write");
    if (size_ == 0) return {};
    void* at = mmap(nullptr, size_, PROT_READ, MAP_SHARED, fileno(file_), 0);
    if (at == MAP_FAILED) fail("cannot map its rows");
    mapped_ = at;
    return {static_cast<const std::byte*>(mapped_), size_};
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw IoError(output_ + ": " + what + ": " + std::strerror(errno));
  }

  const std::string output_;
  std::FILE* file_ = nullptr;
  void* mapped_ = nullptr;
  size_t size_ = 0;
};

struct TensorColumns::Column {
  ColumnType type;
  std::unique_ptr<Spool> spool;
  int64_t num_items = 0;
  std::vector<int64_t> offsets = {0};

  TensorView view() {
    TensorView result{type.dtype, {num_items}, spool->map()};
    if (type.width > 0) result.shape.push_back(type.width);
    return result;
  }
};

TensorColumns::TensorColumns(std::string path,
                             const std::vector<ColumnType>& columns)
    : path_(std::move(path)) {
  refuse_other_than_file(path_);
  // A folder that is read-only shows here, not after an hour of work.
  for (const ColumnType& type : columns) {
    Column& column = columns_[type.name];
    column.type = type;
    column.spool = std::make_unique<Spool>(path_);
  }
}
TensorColumns::TensorColumns(TensorColumns&&) noexcept = default;
TensorColumns::~TensorColumns() = default;

void TensorColumns::add(const std::string& name,
                        std::span<const std::byte> values) {
  Column& column = columns_.at(name);
  const size_t item_bytes = static_cast<size_t>(
      std::max<int64_t>(column.type.width, 1) * dtype_bytes(column.type.dtype));
  const size_t num_items = values.size() / item_bytes;
  UME_CHECK(values.size() % item_bytes == 0, "whole items");
  UME_CHECK(column.type.has_items || num_items == 1, "one item in a row");
  column.spool->append(values);
  column.num_items += static_cast<int64_t>(num_items);
  if (column.type.has_items) column.offsets.push_back(column.num_items);
}

void TensorColumns::finish() {
  TensorViews tensors;
  for (auto& [name, column] : columns_) {
    tensors[name] = column.view();
    if (!column.type.has_items) continue;
    tensors[name + "_offsets"] = {DType::kI64,
                                  {static_cast<int64_t>(column.offsets.size())},
                                  std::as_bytes(std::span(column.offsets))};
  }
  write_safetensors(path_, tensors);
}

}  // namespace ume
