#include "tests/model/parity_case.h"

#include <cstring>

#include "common/tensorfile/bounded_json.h"
#include "common/tensorfile/safetensors.h"

namespace ume {
namespace {

torch::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return torch::kFloat32;
    case DType::kBF16:
      return torch::kBFloat16;
    case DType::kI64:
      return torch::kInt64;
    case DType::kI32:
      return torch::kInt32;
    default:
      throw std::runtime_error("fixture of another type");
  }
}

// Patches of the named media, one below the other.
torch::Tensor join_pixels(const std::map<std::string, torch::Tensor>& pixels,
                          const nlohmann::json& names) {
  std::vector<torch::Tensor> parts;
  for (const auto& name : names) {
    parts.push_back(pixels.at(name.get<std::string>()));
  }
  return parts.empty() ? torch::Tensor() : torch::cat(parts, 0);
}

void append_patches(PreparedPrompt& prompt, const torch::Tensor& patches) {
  const float* data = patches.data_ptr<float>();
  prompt.patches.insert(prompt.patches.end(), data, data + patches.numel());
  prompt.num_patches += patches.size(0);
  prompt.patch_dim = patches.size(1);
}

// Finds the media of a row by its placeholder tokens.
void add_media(PreparedPrompt& prompt,
               const nlohmann::json& row,
               const std::map<std::string, torch::Tensor>& pixels,
               const ModelConfig& config) {
  size_t image = 0;
  size_t video = 0;
  for (size_t i = 0; i < prompt.ids.size();) {
    const bool is_image = prompt.ids[i] == config.tokens.image;
    if (!is_image && prompt.ids[i] != config.tokens.video) {
      ++i;
      continue;
    }
    MediaSpan span;
    span.kind = is_image ? MediaKind::kImage : MediaKind::kVideo;
    span.first_token = static_cast<int64_t>(i);
    const auto& grids = row.at(is_image ? "image_grids" : "video_grids");
    const size_t index = is_image ? image++ : video++;
    span.grid = grids.at(index).get<MediaGrid>();
    span.num_tokens = span.grid[0] * span.grid[1] * span.grid[2] / 4;
    const auto& seconds = row.at("second_per_grid_ts");
    if (!is_image && index < seconds.size()) {
      span.seconds_per_grid = seconds[index].get<double>();
    }
    const auto& name =
        is_image ? row.at("images").at(index) : row.at("videos").at(index)[0];
    append_patches(prompt, pixels.at(name.get<std::string>()));
    prompt.media.push_back(span);
    i += static_cast<size_t>(span.num_tokens);
  }
}

}  // namespace

std::map<std::string, torch::Tensor> load_fixture(const std::string& path) {
  const TensorFile file = TensorFile::open(path);
  std::map<std::string, torch::Tensor> out;
  for (const auto& [name, view] : file.tensors()) {
    auto tensor = torch::empty(view.shape, scalar_type(view.dtype));
    std::memcpy(tensor.data_ptr(), view.bytes.data(), view.bytes.size());
    out.emplace(name, tensor);
  }
  return out;
}

std::string parity_folder(const std::string& model) {
  return "tests/fixtures/parity/" + model;
}

ParityCase load_parity_case(const std::string& model,
                            const std::string& name,
                            const ModelConfig& config) {
  const std::string stem = parity_folder(model) + "/cases_";
  ParityCase out;
  out.json = read_json_file(stem + name + ".json");
  out.expected = load_fixture(stem + name + ".safetensors");
  const auto pixels = load_fixture(stem + "pixels.safetensors");
  out.images =
      join_pixels(pixels, out.json.value("pixel_values", nlohmann::json()));
  out.videos = join_pixels(
      pixels, out.json.value("pixel_values_videos", nlohmann::json()));
  const auto& ids = out.expected.at("input_ids");
  const auto& mask = out.expected.at("attention_mask");
  for (int64_t row = 0; row < ids.size(0); ++row) {
    const auto& info = out.json.at("rows").at(static_cast<size_t>(row));
    const auto length = info.at("prompt_len").get<size_t>();
    PreparedPrompt prompt;
    std::vector<int64_t> valid;
    for (int64_t i = 0; i < ids.size(1); ++i) {
      if (mask[row][i].item<int64_t>() == 0) continue;
      valid.push_back(i);
      if (valid.size() <= length) {
        prompt.ids.push_back(ids[row][i].item<int64_t>());
      }
    }
    add_media(prompt, info, pixels, config);
    out.prompts.push_back(std::move(prompt));
    out.completions.push_back(info.at("continuation_ids"));
    out.valid.push_back(std::move(valid));
  }
  return out;
}

std::vector<PackedItem> parity_items(const ParityCase& parity) {
  std::vector<PackedItem> items;
  for (size_t i = 0; i < parity.prompts.size(); ++i) {
    items.push_back({&parity.prompts[i], {&parity.completions[i]}});
  }
  return items;
}

std::vector<int64_t> all_rows(const PackedBatch& batch, int64_t item) {
  std::vector<int64_t> rows;
  std::vector<RowRange> ranges = batch.prompt_ranges(item);
  const auto& place = batch.items.at(static_cast<size_t>(item));
  ranges.insert(ranges.end(), place.completions.begin(),
                place.completions.end());
  for (const RowRange& range : ranges) {
    for (int64_t row = range.begin; row < range.end; ++row) rows.push_back(row);
  }
  return rows;
}

torch::Tensor index_of(const std::vector<int64_t>& values) {
  return torch::tensor(values, torch::kInt64);
}

bool equal(const NamedTensors& a, const NamedTensors& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a) {
    const auto it = b.find(name);
    if (it == b.end() || !torch::equal(tensor, it->second)) return false;
  }
  return true;
}

double max_abs(const torch::Tensor& found, const torch::Tensor& expected) {
  TORCH_CHECK(found.sizes() == expected.sizes(), "shapes ", found.sizes(),
              " and ", expected.sizes());
  if (found.numel() == 0) return 0.0;
  return (found.detach().to(torch::kFloat64) - expected.to(torch::kFloat64))
      .abs()
      .max()
      .item<double>();
}

}  // namespace ume
