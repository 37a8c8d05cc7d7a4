#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Reading and writing tensors in the safetensors format, without LibTorch.
// Format: 8 bytes header length (little endian), a JSON header, the bytes of
// all tensors. Files come from outside: every size is checked before use.
namespace ume {

enum class DType : uint8_t {
  kBool,
  kU8,
  kI8,
  kU16,
  kI16,
  kF16,
  kBF16,
  kU32,
  kI32,
  kF32,
  kU64,
  kI64,
  kF64,
};

int64_t dtype_bytes(DType dtype);
std::string_view dtype_name(DType dtype);  // as the format writes it: "BF16"
std::optional<DType> dtype_from_name(std::string_view name);

// A tensor in somebody else's memory: row-major, little endian.
struct TensorView {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

using TensorViews = std::map<std::string, TensorView, std::less<>>;
using TensorMetadata = std::map<std::string, std::string>;

constexpr uint64_t kMaxSafetensorsHeader = 64ull << 20;  // bytes
constexpr size_t kMaxTensorsPerFile = 1'000'000;
constexpr size_t kMaxTensorRank = 8;

// The header of a safetensors file that lies at `bytes` (the whole file). The
// views point into `bytes`. `where` names the file in messages. Throws
// InvalidInput, naming the tensor, if anything is not as the format says; also
// for duplicate names, a header that does not start with '{', holes between
// tensors and bytes after the last one.
TensorViews parse_safetensors(std::span<const std::byte> bytes,
                              const std::string& where,
                              TensorMetadata* metadata = nullptr);

// One memory-mapped file, or all the files of a model folder. Movable; the
// views live as long as the object.
class TensorFile {
 public:
  // Throws IoError when the file cannot be opened, InvalidInput as above.
  static TensorFile open(const std::string& path);
  // A model folder: the shards that `model.safetensors.index.json` names, or
  // `model.safetensors`. The index may name plain file names of the folder
  // only. Throws InvalidInput when index and shards disagree.
  static TensorFile open_folder(const std::string& folder);

  TensorFile(TensorFile&&) noexcept;
  TensorFile& operator=(TensorFile&&) noexcept;
  ~TensorFile();

  const TensorViews& tensors() const { return tensors_; }
  const TensorMetadata& metadata() const { return metadata_; }
  // Throws InvalidInput naming the file if there is no such tensor.
  const TensorView& at(std::string_view name) const;

 private:
  class Mapping;
  TensorFile();

  std::string where_;
  std::vector<std::unique_ptr<Mapping>> mappings_;
  TensorViews tensors_;
  TensorMetadata metadata_;
};

// Writes `tensors` to `path` in order of name: same input, same bytes. The file
// is written beside its place, flushed to disk and renamed. Throws IoError.
void write_safetensors(const std::string& path,
                       const TensorViews& tensors,
                       const TensorMetadata& metadata = {{"format", "pt"}});

}  // namespace ume
