#include "model/weights/stored_weights.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "common/error/check.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "common/tensorfile/mapped_pages.h"
#include "common/text/printable.h"

namespace ume {
namespace {

// Small beside any model: a piece is in memory twice while it is copied.
constexpr int64_t kReadElements = int64_t{1} << 19;

std::optional<torch::ScalarType> float_type(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return torch::kFloat32;
    case DType::kBF16:
      return torch::kBFloat16;
    case DType::kF16:
      return torch::kFloat16;
    default:
      return std::nullopt;
  }
}

bool same_tensor(const TensorView& a, const TensorView& b) {
  return a.dtype == b.dtype && a.shape == b.shape &&
         std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin());
}

// A file's tensors need not be aligned, so their bytes are copied first.
void convert(std::span<const std::byte> bytes,
             torch::ScalarType stored,
             torch::Tensor out) {
  if (stored == out.scalar_type()) {
    std::memcpy(out.data_ptr(), bytes.data(), bytes.size());
    return;
  }
  const auto piece = torch::empty(out.sizes(), stored);
  std::memcpy(piece.data_ptr(), bytes.data(), bytes.size());
  out.copy_(piece);
}

// One without these is what an interrupted copy left.
TensorFile open_checkpoint(const std::string& folder) {
  for (const char* name : {"/manifest.json", "/weights.safetensors"}) {
    if (path_exists(folder + name)) continue;
    throw InvalidInput(folder + name + ": missing: the checkpoint is damaged");
  }
  return TensorFile::open(folder + "/weights.safetensors");
}

}  // namespace

bool is_training_checkpoint(const std::string& folder) {
  const auto has = [&](const char* name) { return path_exists(folder + name); };
  if (has("/model.safetensors") || has("/model.safetensors.index.json")) {
    return false;
  }
  return has("/state.json") || has("/manifest.json") ||
         has("/weights.safetensors");
}

StoredWeights StoredWeights::open(const std::string& folder,
                                  const ModelConfig& config) {
  const bool checkpoint = is_training_checkpoint(folder);
  StoredWeights stored(
      folder, config,
      checkpoint ? open_checkpoint(folder) : TensorFile::open_folder(folder));
  stored.is_checkpoint_ = checkpoint;
  return stored;
}

StoredWeights::StoredWeights(std::string folder,
                             ModelConfig config,
                             TensorFile file)
    : folder_(std::move(folder)),
      config_(std::move(config)),
      file_(std::move(file)) {
  for (const auto& [stored_name, view] : file_.tensors()) {
    const std::string name = classic_weight_name(stored_name);
    nested_names_ |= name != stored_name;
    if (!tensors_.emplace(name, view).second) {
      throw InvalidInput(folder_ + ": tensor \"" + printable(name) +
                         "\" is there under two names");
    }
  }
  const auto head = tensors_.find("lm_head.weight");
  const auto input = tensors_.find("model.embed_tokens.weight");
  if (config_.tied_head && head != tensors_.end() && input != tensors_.end() &&
      same_tensor(head->second, input->second)) {
    repeats_head_ = true;
    tensors_.erase(head);
  }
}

WeightProblems StoredWeights::problems() const {
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const auto& [name, view] : tensors_) shapes.emplace(name, view.shape);
  return compare_weights(config_, shapes);
}

void StoredWeights::check() const {
  for (const auto& [name, view] : tensors_) {
    if (float_type(view.dtype)) continue;
    throw InvalidInput(
        folder_ + ": tensor \"" + printable(name) + "\" is stored as " +
        std::string(dtype_name(view.dtype)) + ", expected F32, BF16 or F16");
  }
  const WeightProblems found = problems();
  if (!found.empty()) {
    throw InvalidInput(folder_ + ": tensors do not fit the config" +
                       found.text());
  }
}

void StoredWeights::read(const std::string& name,
                         int64_t first,
                         torch::Tensor& out) const {
  const TensorView& view = tensors_.at(name);
  const auto stored = float_type(view.dtype);
  UME_CHECK(stored.has_value() && out.is_contiguous(), "checked weights");
  const auto size = static_cast<size_t>(dtype_bytes(view.dtype));
  const auto flat = out.view(-1);
  for (int64_t done = 0; done < flat.numel(); done += kReadElements) {
    const int64_t count = std::min(kReadElements, flat.numel() - done);
    const auto bytes =
        view.bytes.subspan(static_cast<size_t>(first + done) * size,
                           static_cast<size_t>(count) * size);
    convert(bytes, *stored, flat.narrow(0, done, count));
    release_mapped_pages(bytes);
  }
}

WeightReader StoredWeights::reader() const {
  return [this](const WeightSpec& spec, int64_t first, std::span<float> out) {
    auto piece = torch::from_blob(
        out.data(), {static_cast<int64_t>(out.size())}, torch::kFloat32);
    read(spec.name, first, piece);
  };
}

NamedTensors load_weights(const std::string& folder,
                          const ModelConfig& config,
                          torch::ScalarType dtype) {
  const StoredWeights stored = StoredWeights::open(folder, config);
  stored.check();
  NamedTensors weights;
  for (const auto& [name, view] : stored.tensors()) {
    auto tensor = torch::empty(view.shape, dtype);
    stored.read(name, 0, tensor);
    weights.emplace(name, tensor);
  }
  return weights;
}

namespace {

bool can_stay_mapped(const TensorView& view) {
  const bool matrix = view.shape.size() >= 2;
  const auto address = reinterpret_cast<uintptr_t>(view.bytes.data());
  const auto size = static_cast<uintptr_t>(dtype_bytes(view.dtype));
  return matrix && !view.bytes.empty() && address % size == 0;
}

}  // namespace

NamedTensors map_weights(const std::string& folder, const ModelConfig& config) {
  const auto stored = std::make_shared<const StoredWeights>(
      StoredWeights::open(folder, config));
  stored->check();
  NamedTensors weights;
  for (const auto& [name, view] : stored->tensors()) {
    if (!can_stay_mapped(view)) {
      auto tensor = torch::empty(view.shape, torch::kFloat32);
      stored->read(name, 0, tensor);
      weights.emplace(name, tensor);
      continue;
    }
    // Each tensor keeps the mapping. Nothing writes through this pointer.
    auto* bytes = const_cast<std::byte*>(view.bytes.data());
    weights.emplace(name, torch::from_blob(
                              bytes, view.shape, [stored](void*) {},
                              torch::TensorOptions(*float_type(view.dtype))));
  }
  return weights;
}

}  // namespace ume
