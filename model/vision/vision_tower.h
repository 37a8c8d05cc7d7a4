#pragma once

#include <vector>

#include "kernels/torch.h"
#include "model/attention/attention_plan.h"
#include "model/attention/rotary.h"
#include "model/config/model_config.h"
#include "model/weights/weights.h"

namespace ume {

// What tests look at: the residual stream after each block.
struct LayerTrace {
  std::vector<torch::Tensor> after_block;
};

// How the patches of some media see each other. Pure function of the grids.
struct VisionLayout {
  // Frames; in Qwen2.5-VL also windows inside frames.
  AttentionPlan frames;
  AttentionPlan windows;
  // Qwen2.5-VL: order in which tokens (groups of merge_size^2 patches) pass
  // through the blocks, and the way back. Undefined for Qwen2-VL.
  torch::Tensor token_order;
  torch::Tensor token_place;
  RotaryTable rotary;
};

VisionLayout lay_out_media(const std::vector<MediaGrid>& grids,
                           const ModelConfig& config,
                           const torch::TensorOptions& options);

// Patches in, one vector of the language model's width per token out.
class VisionTower {
 public:
  // Borrows nothing: tensors are shared handles.
  VisionTower(const ModelConfig& config, const NamedTensors& weights);
  // patches: [num_patches, patch_dim]; returns [num_tokens, out_width].
  torch::Tensor encode(const torch::Tensor& patches,
                       const std::vector<MediaGrid>& grids,
                       LayerTrace* trace) const;

 private:
  struct Linear {
    torch::Tensor weight;
    torch::Tensor bias;
    torch::Tensor operator()(const torch::Tensor& x) const;
  };
  // LayerNorm in Qwen2-VL, RMSNorm (no bias) in Qwen2.5-VL.
  struct Norm {
    torch::Tensor weight;
    torch::Tensor bias;
    torch::Tensor operator()(const torch::Tensor& x) const;
  };
  struct Block {
    Norm norm1;
    Norm norm2;
    Linear qkv;
    Linear proj;
    // Qwen2-VL: up (fc1) and down (fc2); Qwen2.5-VL: gate too.
    Linear gate;
    Linear up;
    Linear down;
    bool windowed = false;
  };

  torch::Tensor run_block(const Block& block,
                          const torch::Tensor& x,
                          const VisionLayout& layout) const;

  ModelConfig config_;
  torch::Tensor patch_weight_;  // [width, channels, frames, side, side]
  std::vector<Block> blocks_;
  Norm merge_norm_;
  Linear merge_up_;
  Linear merge_down_;
};

}  // namespace ume
