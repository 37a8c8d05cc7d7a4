#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "model/model_config.h"

// validate() and the way back to JSON.
namespace ume {
namespace {

// Upper bounds are far beyond any published model; they keep a hostile file
// from asking for absurd memory and every product below from overflowing.
constexpr int64_t kMaxWidth = 1 << 17;
constexpr int64_t kMaxVocabulary = 1 << 22;

class Checker {
 public:
  explicit Checker(std::string where) : where_(std::move(where)) {}

  void range(const char* field, int64_t value, int64_t low, int64_t high) {
    require(value >= low && value <= high, field, std::to_string(value),
            "in [" + std::to_string(low) + ", " + std::to_string(high) + "]");
  }
  void divides(const char* field, int64_t divisor, int64_t value) {
    require(value % divisor == 0, field, std::to_string(divisor),
            "a divisor of " + std::to_string(value));
  }
  void positive(const char* field, double value) {
    require(std::isfinite(value) && value > 0, field, std::to_string(value),
            "finite and > 0");
  }
  void require(bool good,
               const char* field,
               const std::string& found,
               const std::string& expected) {
    if (!good) {
      throw InvalidInput(where_ + ": " + field + " is " + found +
                         ", expected " + expected);
    }
  }

 private:
  std::string where_;
};

void check_language(Checker& check, const ModelConfig& c) {
  check.range("vocab_size", c.vocab_size, 1, kMaxVocabulary);
  check.range("hidden_size", c.hidden_size, 1, kMaxWidth);
  check.range("intermediate_size", c.mlp_width, 1, kMaxWidth);
  check.range("num_hidden_layers", c.num_layers, 1, 1024);
  check.range("num_attention_heads", c.num_heads, 1, 1024);
  check.range("num_key_value_heads", c.num_kv_heads, 1, 1024);
  check.divides("num_attention_heads", c.num_heads, c.hidden_size);
  check.divides("num_key_value_heads", c.num_kv_heads, c.num_heads);
  check.range("max_position_embeddings", c.max_positions, 1, int64_t{1} << 30);
  check.positive("rms_norm_eps", c.rms_norm_eps);
  check.positive("rope_theta", c.rope_theta);
  check.require(std::isfinite(c.initializer_range) && c.initializer_range >= 0,
                "initializer_range", std::to_string(c.initializer_range),
                "finite and >= 0");
  check.divides("2 (half a head's size)", 2, c.head_dim());
  int64_t frequencies = 0;
  for (const int64_t section : c.mrope_section) {
    check.range("mrope_section", section, 0, kMaxWidth);
    frequencies += section;
  }
  check.require(frequencies == c.head_dim() / 2, "the sum of mrope_section",
                std::to_string(frequencies),
                std::to_string(c.head_dim() / 2) + ", half a head's size");
}

void check_tokens(Checker& check, const ModelConfig& c) {
  const ModelTokens& t = c.tokens;
  const int64_t last = c.vocab_size - 1;
  check.range("bos_token_id", t.bos, -1, last);
  check.range("eos_token_id", t.eos, -1, last);
  check.range("vision_start_token_id", t.vision_start, -1, last);
  check.range("vision_end_token_id", t.vision_end, -1, last);
  check.range("vision_token_id", t.vision, -1, last);
  check.range("image_token_id", t.image, 0, last);
  check.range("video_token_id", t.video, 0, last);
}

void check_vision(Checker& check, const ModelConfig& c) {
  const VisionConfig& v = c.vision;
  check.range("vision_config.depth", v.depth, 1, 1024);
  check.range("vision_config width", v.width, 1, kMaxWidth);
  check.range("vision_config MLP width", v.mlp_width, 1, kMaxWidth);
  check.range("vision_config.num_heads", v.num_heads, 1, 1024);
  check.divides("vision_config.num_heads", v.num_heads, v.width);
  // Height and width take turns in a head: four equal parts.
  check.divides("4 (a vision head's parts)", 4, v.head_dim());
  check.range("vision_config.in_channels", v.in_channels, 1, 16);
  check.range("vision_config.patch_size", v.patch_size, 1, 256);
  check.range("vision_config.temporal_patch_size", v.temporal_patch_size, 1,
              16);
  check.range("vision_config.spatial_merge_size", v.merge_size, 1, 16);
  check.require(v.out_width == c.hidden_size, "the vision tower's output width",
                std::to_string(v.out_width),
                "hidden_size " + std::to_string(c.hidden_size));
  if (c.family != ModelFamily::kQwen25VL) return;
  check.positive("vision_config.tokens_per_second", v.tokens_per_second);
  check.range("vision_config.window_size", v.window_size,
              v.patch_size * v.merge_size, kMaxWidth);
  for (const int64_t block : v.full_attention_blocks) {
    check.range("vision_config.fullatt_block_indexes", block, 0, v.depth - 1);
  }
}

nlohmann::ordered_json vision_json(const ModelConfig& c) {
  const VisionConfig& v = c.vision;
  nlohmann::ordered_json out;
  out["depth"] = v.depth;
  if (c.family == ModelFamily::kQwen25VL) {
    out["hidden_act"] = "silu";
    out["hidden_size"] = v.width;
    out["intermediate_size"] = v.mlp_width;
    out["out_hidden_size"] = v.out_width;
    out["window_size"] = v.window_size;
    out["fullatt_block_indexes"] = v.full_attention_blocks;
    // The reference reads an integer where the value is one.
    if (v.tokens_per_second == std::floor(v.tokens_per_second)) {
      out["tokens_per_second"] = static_cast<int64_t>(v.tokens_per_second);
    } else {
      out["tokens_per_second"] = v.tokens_per_second;
    }
  } else {
    out["embed_dim"] = v.width;
    out["hidden_size"] = v.out_width;
    if (v.mlp_width % v.width == 0) {
      out["mlp_ratio"] = v.mlp_width / v.width;
    } else {
      out["mlp_ratio"] =
          static_cast<double>(v.mlp_width) / static_cast<double>(v.width);
    }
  }
  out["num_heads"] = v.num_heads;
  out["in_chans"] = v.in_channels;
  out["in_channels"] = v.in_channels;
  out["patch_size"] = v.patch_size;
  out["spatial_merge_size"] = v.merge_size;
  out["spatial_patch_size"] = v.patch_size;
  out["temporal_patch_size"] = v.temporal_patch_size;
  return out;
}

void add_token(nlohmann::ordered_json& out, const char* name, int64_t id) {
  if (id >= 0) out[name] = id;
}

}  // namespace

void ModelConfig::validate(const std::string& where) const {
  Checker check(where);
  check_language(check, *this);
  check_tokens(check, *this);
  check_vision(check, *this);
}

std::string model_config_json(const ModelConfig& c) {
  const bool newer = c.family == ModelFamily::kQwen25VL;
  nlohmann::ordered_json out;
  out["architectures"] = {newer ? "Qwen2_5_VLForConditionalGeneration"
                                : "Qwen2VLForConditionalGeneration"};
  out["attention_dropout"] = 0.0;
  add_token(out, "bos_token_id", c.tokens.bos);
  add_token(out, "eos_token_id", c.tokens.eos);
  add_token(out, "vision_start_token_id", c.tokens.vision_start);
  add_token(out, "vision_end_token_id", c.tokens.vision_end);
  add_token(out, "vision_token_id", c.tokens.vision);
  add_token(out, "image_token_id", c.tokens.image);
  add_token(out, "video_token_id", c.tokens.video);
  out["hidden_act"] = "silu";
  out["hidden_size"] = c.hidden_size;
  out["initializer_range"] = c.initializer_range;
  out["intermediate_size"] = c.mlp_width;
  out["max_position_embeddings"] = c.max_positions;
  out["max_window_layers"] = c.num_layers;
  out["model_type"] = newer ? "qwen2_5_vl" : "qwen2_vl";
  out["num_attention_heads"] = c.num_heads;
  out["num_hidden_layers"] = c.num_layers;
  out["num_key_value_heads"] = c.num_kv_heads;
  out["rms_norm_eps"] = c.rms_norm_eps;
  out["rope_theta"] = c.rope_theta;
  out["sliding_window"] = c.max_positions;
  out["tie_word_embeddings"] = c.tied_head;
  out["torch_dtype"] = c.stored_dtype;
  out["transformers_version"] = "4.41.2";
  out["use_cache"] = true;
  out["use_sliding_window"] = false;
  out["vision_config"] = vision_json(c);
  out["rope_scaling"] = {{"type", "mrope"}, {"mrope_section", c.mrope_section}};
  out["vocab_size"] = c.vocab_size;
  return out.dump(2) + "\n";
}

}  // namespace ume
