#include "model/vision/vision_tower.h"

#include <algorithm>
#include <string>

#include "common/error/error.h"
#include "model/attention/attention_context.h"
#include "model/layer_ops.h"

namespace ume {
namespace {

constexpr double kNormEps = 1e-6;  // fixed in the reference

}  // namespace

torch::Tensor VisionTower::Linear::operator()(const torch::Tensor& x) const {
  return apply_linear(x, weight, bias);
}

torch::Tensor VisionTower::Norm::operator()(const torch::Tensor& x) const {
  if (!bias.defined()) return rms_norm(x, weight, kNormEps);
  return torch::layer_norm(x, {x.size(-1)}, weight, bias, kNormEps);
}

VisionTower::VisionTower(const ModelConfig& config, const NamedTensors& weights)
    : config_(config) {
  const bool newer = config.family == ModelFamily::kQwen25VL;
  const auto& full = config.vision.full_attention_blocks;
  const auto linear = [&](const std::string& name) {
    return Linear{weights.at(name + ".weight"), weights.at(name + ".bias")};
  };
  const auto norm = [&](const std::string& name) {
    return Norm{weights.at(name + ".weight"),
                newer ? torch::Tensor() : weights.at(name + ".bias")};
  };
  patch_weight_ = weights.at("visual.patch_embed.proj.weight");
  for (int64_t i = 0; i < config.vision.depth; ++i) {
    const std::string prefix = "visual.blocks." + std::to_string(i) + ".";
    Block block;
    block.norm1 = norm(prefix + "norm1");
    block.norm2 = norm(prefix + "norm2");
    block.qkv = linear(prefix + "attn.qkv");
    block.proj = linear(prefix + "attn.proj");
    if (newer) block.gate = linear(prefix + "mlp.gate_proj");
    block.up = linear(prefix + (newer ? "mlp.up_proj" : "mlp.fc1"));
    block.down = linear(prefix + (newer ? "mlp.down_proj" : "mlp.fc2"));
    block.windowed =
        newer && std::find(full.begin(), full.end(), i) == full.end();
    blocks_.push_back(std::move(block));
  }
  merge_norm_ = norm("visual.merger.ln_q");
  merge_up_ = linear("visual.merger.mlp.0");
  merge_down_ = linear("visual.merger.mlp.2");
}

torch::Tensor VisionTower::run_block(const Block& block,
                                     const torch::Tensor& x,
                                     const VisionLayout& layout) const {
  const int64_t heads = config_.vision.num_heads;
  const auto qkv = block.qkv(block.norm1(x)).view({x.size(0), 3, heads, -1});
  const auto rotated = rotate_heads(
      qkv.narrow(1, 0, 2).reshape({x.size(0), 2 * heads, -1}), layout.rotary);
  PackedAttention attention(block.windowed ? layout.windows : layout.frames);
  const auto seen =
      attention.attend(0, rotated.narrow(1, 0, heads),
                       rotated.narrow(1, heads, heads), qkv.select(1, 2));
  const auto middle = x + block.proj(seen);
  const auto normed = block.norm2(middle);
  const auto inner = block.gate.weight.defined()
                         ? swiglu(block.gate(normed), block.up(normed))
                         : quick_gelu(block.up(normed));
  return middle + block.down(inner);
}

torch::Tensor VisionTower::encode(const torch::Tensor& patches,
                                  const std::vector<MediaGrid>& grids,
                                  LayerTrace* trace) const {
  const VisionLayout layout =
      lay_out_media(grids, config_, merge_norm_.weight.options());
  const int64_t num_patches = layout.frames.num_rows;
  if (patches.dim() != 2 || patches.size(0) != num_patches ||
      patches.size(1) != config_.vision.patch_dim()) {
    throw InvalidInput("the grids need " + std::to_string(num_patches) +
                       " patches of " +
                       std::to_string(config_.vision.patch_dim()) +
                       " values, found " + std::to_string(patches.numel()) +
                       " values in " + std::to_string(patches.size(0)));
  }
  auto x = apply_linear(patches.to(merge_norm_.weight.options()),
                        patch_weight_.view({config_.vision.width, -1}));
  const int64_t group = config_.vision.merge_size * config_.vision.merge_size;
  if (layout.token_order.defined()) {
    x = x.view({-1, group * x.size(1)})
            .index_select(0, layout.token_order)
            .view({num_patches, -1});
  }
  for (const Block& block : blocks_) {
    x = run_block(block, x, layout);
    if (trace != nullptr) trace->after_block.push_back(x);
  }
  x = merge_norm_(x).view({num_patches / group, -1});
  x = merge_down_(torch::gelu(merge_up_(x)));
  return layout.token_place.defined() ? x.index_select(0, layout.token_place)
                                      : x;
}

}  // namespace ume
