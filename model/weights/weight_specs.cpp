#include <algorithm>

#include "model/weights/weights.h"

namespace ume {
namespace {

using Specs = std::vector<WeightSpec>;

void add_linear(Specs& specs,
                const std::string& name,
                int64_t out,
                int64_t in) {
  specs.push_back({name + ".weight", {out, in}});
  specs.push_back({name + ".bias", {out}});
}

void add_decoder_layer(Specs& specs,
                       const ModelConfig& c,
                       const std::string& prefix) {
  const int64_t h = c.hidden_size;
  const int64_t kv = c.num_kv_heads * c.head_dim();
  specs.push_back({prefix + "input_layernorm.weight", {h}});
  specs.push_back({prefix + "post_attention_layernorm.weight", {h}});
  add_linear(specs, prefix + "self_attn.q_proj", h, h);
  add_linear(specs, prefix + "self_attn.k_proj", kv, h);
  add_linear(specs, prefix + "self_attn.v_proj", kv, h);
  specs.push_back({prefix + "self_attn.o_proj.weight", {h, h}});
  specs.push_back({prefix + "mlp.gate_proj.weight", {c.mlp_width, h}});
  specs.push_back({prefix + "mlp.up_proj.weight", {c.mlp_width, h}});
  specs.push_back({prefix + "mlp.down_proj.weight", {h, c.mlp_width}});
}

void add_norm(Specs& specs, const ModelConfig& c, const std::string& name) {
  specs.push_back({name + ".weight", {c.vision.width}});
  if (c.family == ModelFamily::kQwen2VL) {
    specs.push_back({name + ".bias", {c.vision.width}});
  }
}

void add_vision_block(Specs& specs,
                      const ModelConfig& c,
                      const std::string& prefix) {
  const int64_t w = c.vision.width;
  const int64_t m = c.vision.mlp_width;
  add_norm(specs, c, prefix + "norm1");
  add_norm(specs, c, prefix + "norm2");
  add_linear(specs, prefix + "attn.qkv", 3 * w, w);
  add_linear(specs, prefix + "attn.proj", w, w);
  if (c.family == ModelFamily::kQwen25VL) {
    add_linear(specs, prefix + "mlp.gate_proj", m, w);
    add_linear(specs, prefix + "mlp.up_proj", m, w);
    add_linear(specs, prefix + "mlp.down_proj", w, m);
  } else {
    add_linear(specs, prefix + "mlp.fc1", m, w);
    add_linear(specs, prefix + "mlp.fc2", w, m);
  }
}

void add_vision(Specs& specs, const ModelConfig& c) {
  const VisionConfig& v = c.vision;
  specs.push_back({"visual.patch_embed.proj.weight",
                   {v.width, v.in_channels, v.temporal_patch_size, v.patch_size,
                    v.patch_size}});
  for (int64_t i = 0; i < v.depth; ++i) {
    add_vision_block(specs, c, "visual.blocks." + std::to_string(i) + ".");
  }
  const int64_t merged = v.width * v.merge_size * v.merge_size;
  add_norm(specs, c, "visual.merger.ln_q");
  add_linear(specs, "visual.merger.mlp.0", merged, merged);
  add_linear(specs, "visual.merger.mlp.2", v.out_width, merged);
}

}  // namespace

std::vector<WeightSpec> weight_specs(const ModelConfig& config) {
  Specs specs;
  specs.push_back(
      {"model.embed_tokens.weight", {config.vocab_size, config.hidden_size}});
  for (int64_t i = 0; i < config.num_layers; ++i) {
    add_decoder_layer(specs, config, "model.layers." + std::to_string(i) + ".");
  }
  specs.push_back({"model.norm.weight", {config.hidden_size}});
  add_vision(specs, config);
  if (!config.tied_head) {
    specs.push_back(
        {"lm_head.weight", {config.vocab_size, config.hidden_size}});
  }
  std::sort(specs.begin(), specs.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return specs;
}

}  // namespace ume
