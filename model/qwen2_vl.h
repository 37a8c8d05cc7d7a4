#pragma once

#include <cstdint>
#include <vector>

#include "kernels/torch.h"
#include "model/attention/attention_context.h"
#include "model/attention/rotary.h"
#include "model/config/model_config.h"
#include "model/vision/vision_tower.h"
#include "model/weights/weights.h"

namespace ume {

// One decoder layer's parameters.
struct DecoderLayer {
  torch::Tensor input_norm;
  torch::Tensor q_weight;
  torch::Tensor q_bias;
  torch::Tensor k_weight;
  torch::Tensor k_bias;
  torch::Tensor v_weight;
  torch::Tensor v_bias;
  torch::Tensor o_weight;
  torch::Tensor post_norm;
  torch::Tensor gate_weight;
  torch::Tensor up_weight;
  torch::Tensor down_weight;
};

// Qwen2-VL and Qwen2.5-VL: one definition for training and sampling. The
// weights are used as given (no copy): gradients go to them. Thread-compatible.
class Qwen2VL {
 public:
  // Throws InvalidInput when weights and config disagree.
  Qwen2VL(ModelConfig config, NamedTensors weights);

  const ModelConfig& config() const { return config_; }
  const NamedTensors& weights() const { return weights_; }

  // patches: [num_patches, patch_dim], of all media in order.
  // grids: one per medium. Returns [num_visual_tokens, hidden_size].
  torch::Tensor encode_media(const torch::Tensor& patches,
                             const std::vector<MediaGrid>& grids,
                             LayerTrace* trace = nullptr) const;

  // ids: [num_rows] int64. visual_rows: [num_visual_tokens], the rows that the
  // features replace; both undefined when there are no media.
  // Returns [num_rows, hidden_size].
  torch::Tensor embed(const torch::Tensor& ids,
                      const torch::Tensor& visual_rows,
                      const torch::Tensor& visual_features) const;

  // embeddings: [num_rows, hidden_size]; positions: [3, num_rows] int64.
  // Returns the state after the final norm, [num_rows, hidden_size].
  torch::Tensor forward(const torch::Tensor& embeddings,
                        const torch::Tensor& positions,
                        AttentionContext& attention,
                        LayerTrace* trace = nullptr) const;

  // hidden: [n, hidden_size] after the final norm. Returns [n, vocab_size].
  torch::Tensor logits(const torch::Tensor& hidden) const;

  // Natural log of the full softmax's probability of each target.
  // hidden: [n, hidden_size]; targets: [n] int64. Returns [n], fp32. Never
  // holds more than a chunk of logits, in either direction.
  torch::Tensor token_logprobs(const torch::Tensor& hidden,
                               const torch::Tensor& targets) const;

  const torch::Tensor& head_weight() const;  // [vocab_size, hidden_size]

 private:
  ModelConfig config_;
  NamedTensors weights_;
  VisionTower vision_;
  std::vector<DecoderLayer> layers_;
};

}  // namespace ume
