#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The sizes of a model, as its config.json gives them. No LibTorch here.
namespace ume {

enum class ModelFamily : uint8_t { kQwen2VL = 0, kQwen25VL = 1 };

struct VisionConfig {
  int64_t depth = 32;    // blocks
  int64_t width = 1280;  // residual stream ("embed_dim")
  int64_t num_heads = 16;
  int64_t mlp_width = 5120;
  int64_t in_channels = 3;
  int64_t patch_size = 14;          // pixels
  int64_t temporal_patch_size = 2;  // frames
  int64_t merge_size = 2;           // patches a side that make one token
  int64_t out_width = 1536;         // the language model's hidden size
  // Qwen2.5-VL only:
  int64_t window_size = 112;                   // pixels
  std::vector<int64_t> full_attention_blocks;  // the others see windows
  double tokens_per_second = 2.0;              // temporal M-RoPE scale

  int64_t patch_dim() const {
    return in_channels * temporal_patch_size * patch_size * patch_size;
  }
  int64_t head_dim() const { return width / num_heads; }
};

// -1: the checkpoint does not name the token.
struct ModelTokens {
  int64_t bos = -1;
  int64_t eos = -1;
  int64_t vision_start = -1;
  int64_t vision_end = -1;
  int64_t vision = -1;
  int64_t image = -1;  // one per merged patch of a picture
  int64_t video = -1;
};

struct ModelConfig {
  ModelFamily family = ModelFamily::kQwen2VL;
  int64_t vocab_size = 151936;
  int64_t hidden_size = 1536;
  int64_t mlp_width = 8960;  // "intermediate_size"
  int64_t num_layers = 28;
  int64_t num_heads = 12;
  int64_t num_kv_heads = 2;
  int64_t max_positions = 32768;
  double rms_norm_eps = 1e-6;
  double rope_theta = 1e6;
  // Rotary frequencies of a head by axis: temporal, height, width.
  std::array<int64_t, 3> mrope_section{16, 24, 24};
  double initializer_range = 0.02;
  bool tied_head = true;
  std::string stored_dtype = "bfloat16";  // what the files hold
  ModelTokens tokens;
  VisionConfig vision;

  int64_t head_dim() const { return hidden_size / num_heads; }
  // Throws InvalidInput naming the field, the value and what was expected.
  // `where` names the file.
  void validate(const std::string& where) const;
};

// Reads a config.json: the classic flat layout, or the nested one that
// transformers 5 writes. What is left out has the reference's default. `where`
// names the file in messages. Throws InvalidInput.
ModelConfig parse_model_config(std::string_view json, const std::string& where);
// FOLDER/config.json. Throws IoError when it cannot be read.
ModelConfig load_model_config(const std::string& folder);
// The classic layout, which every version of the reference reads.
std::string model_config_json(const ModelConfig& config);

}  // namespace ume
