#include "launch/records/tensor_columns.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>

#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

const std::vector<ColumnType> kOneColumn = {{"x", DType::kF32, 0, false}};

template <class T>
std::vector<T> values_of(const TensorView& view) {
  std::vector<T> values(view.bytes.size() / sizeof(T));
  std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  return values;
}

TEST_CASE("rows of one item and rows of many become tensors and offsets") {
  const ScratchFolder folder;
  TensorColumns columns(
      folder / "out.safetensors",
      {{"vector", DType::kF32, 2, false}, {"list", DType::kI64, 0, true}});
  columns.add("vector", bytes_of(std::vector<float>{1, 2}));
  columns.add("vector", bytes_of(std::vector<float>{3, 4}));
  columns.add("list", bytes_of(std::vector<int64_t>{7, 8, 9}));
  columns.add("list", {});
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

TEST_CASE("columns without rows keep their widths") {
  const ScratchFolder folder;
  TensorColumns columns(folder / "out.safetensors",
                        {{"vector", DType::kF32, 2, false},
                         {"patches", DType::kF32, 3, true},
                         {"list", DType::kI64, 0, true}});
  columns.finish();
  const TensorFile file = TensorFile::open(folder / "out.safetensors");
  CHECK(file.tensors().size() == 5);
  CHECK(file.at("vector").shape == std::vector<int64_t>{0, 2});
  CHECK(file.at("patches").shape == std::vector<int64_t>{0, 3});
  CHECK(values_of<int64_t>(file.at("patches_offsets")) ==
        std::vector<int64_t>{0});
  CHECK(file.at("list").shape == std::vector<int64_t>{0});
}

TEST_CASE("nothing lies beside the file, finished or not") {
  const ScratchFolder folder;
  {
    TensorColumns columns(folder / "out.safetensors", kOneColumn);
    columns.add("x", bytes_of(std::vector<float>{1}));
  }
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("where no file can appear is found out before there are rows") {
  const ScratchFolder folder;
  CHECK_THROWS_AS(TensorColumns(folder / "none/out.safetensors", kOneColumn),
                  IoError);
  const std::string out = folder / "out.safetensors";
  std::filesystem::create_directory(out);
  CHECK_THROWS_AS(TensorColumns(out, kOneColumn), IoError);
  CHECK_THROWS_WITH(TensorColumns(out, kOneColumn),
                    out + ": expected the name of a file, found a folder");
  // A link to a file is one.
  folder.write("file", "old");
  std::filesystem::create_symlink(folder / "file", folder / "link");
  CHECK_NOTHROW(TensorColumns(folder / "link", kOneColumn));
}

}  // namespace
}  // namespace ume
