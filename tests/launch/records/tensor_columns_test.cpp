#include "launch/records/tensor_columns.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>

#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

template <class T>
std::vector<T> values_of(const TensorView& view) {
  std::vector<T> values(view.bytes.size() / sizeof(T));
  std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  return values;
}

TEST_CASE("rows of one item and rows of many become tensors and offsets") {
  const ScratchFolder folder;
  TensorColumns columns(folder / "out.safetensors");
  const ColumnType vector{DType::kF32, 2, false};
  const ColumnType list{DType::kI64, 0, true};
  columns.add("vector", vector, bytes_of(std::vector<float>{1, 2}));
  columns.add("vector", vector, bytes_of(std::vector<float>{3, 4}));
  columns.add("list", list, bytes_of(std::vector<int64_t>{7, 8, 9}));
  columns.add("list", list, {});
  columns.finish();

  const TensorFile file = TensorFile::open(folder / "out.safetensors");
  CHECK(file.tensors().size() == 3);
  CHECK(file.at("vector").shape == std::vector<int64_t>{2, 2});
  CHECK(values_of<float>(file.at("vector")) == std::vector<float>{1, 2, 3, 4});
  CHECK(file.at("list").shape == std::vector<int64_t>{3});
  CHECK(values_of<int64_t>(file.at("list")) == std::vector<int64_t>{7, 8, 9});
  CHECK(values_of<int64_t>(file.at("list_offsets")) ==
        std::vector<int64_t>{0, 3, 3});
}

TEST_CASE("the first row with items gives a column its width") {
  const ScratchFolder folder;
  TensorColumns columns(folder / "out.safetensors");
  columns.add("patches", {DType::kF32, 1, true}, {});
  columns.add("patches", {DType::kF32, 3, true},
              bytes_of(std::vector<float>{1, 2, 3, 4, 5, 6}));
  columns.finish();
  const TensorFile file = TensorFile::open(folder / "out.safetensors");
  CHECK(file.at("patches").shape == std::vector<int64_t>{2, 3});
  CHECK(values_of<int64_t>(file.at("patches_offsets")) ==
        std::vector<int64_t>{0, 0, 2});
}

TEST_CASE("nothing lies beside the file, finished or not") {
  const ScratchFolder folder;
  {
    TensorColumns columns(folder / "out.safetensors");
    columns.add("x", {DType::kF32, 0, false}, bytes_of(std::vector<float>{1}));
  }
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK_THROWS_AS(TensorColumns(folder / "none/out.safetensors"), IoError);
}

}  // namespace
}  // namespace ume
