#include "model/qwen2_vl.h"

#include <string>

#include "common/error/check.h"
#include "common/error/error.h"
#include "model/layer_ops.h"
#include "model/token_logprobs.h"

namespace ume {
namespace {

DecoderLayer decoder_layer(const NamedTensors& weights, int64_t index) {
  const std::string prefix = "model.layers." + std::to_string(index) + ".";
  const auto get = [&](const char* name) { return weights.at(prefix + name); };
  DecoderLayer layer;
  layer.input_norm = get("input_layernorm.weight");
  layer.q_weight = get("self_attn.q_proj.weight");
  layer.q_bias = get("self_attn.q_proj.bias");
  layer.k_weight = get("self_attn.k_proj.weight");
  layer.k_bias = get("self_attn.k_proj.bias");
  layer.v_weight = get("self_attn.v_proj.weight");
  layer.v_bias = get("self_attn.v_proj.bias");
  layer.o_weight = get("self_attn.o_proj.weight");
  layer.post_norm = get("post_attention_layernorm.weight");
  layer.gate_weight = get("mlp.gate_proj.weight");
  layer.up_weight = get("mlp.up_proj.weight");
  layer.down_weight = get("mlp.down_proj.weight");
  return layer;
}

torch::Tensor self_attention(const DecoderLayer& layer,
                             const torch::Tensor& x,
                             const RotaryTable& rotary,
                             int64_t index,
                             AttentionContext& attention) {
  const int64_t rows = x.size(0);
  const int64_t dim = 2 * rotary.cos.size(1);
  const auto query =
      apply_linear(x, layer.q_weight, layer.q_bias).view({rows, -1, dim});
  const auto key =
      apply_linear(x, layer.k_weight, layer.k_bias).view({rows, -1, dim});
  const auto value =
      apply_linear(x, layer.v_weight, layer.v_bias).view({rows, -1, dim});
  const auto seen = attention.attend(index, rotate_heads(query, rotary),
                                     rotate_heads(key, rotary), value);
  return apply_linear(seen, layer.o_weight);
}

torch::Tensor feed_forward(const DecoderLayer& layer, const torch::Tensor& x) {
  return apply_linear(swiglu(apply_linear(x, layer.gate_weight),
                             apply_linear(x, layer.up_weight)),
                      layer.down_weight);
}

// Passes the weights on when every parameter is there in its shape.
NamedTensors checked(const ModelConfig& config, NamedTensors weights) {
  check_weights(config, weights, "the model's weights");
  return weights;
}

}  // namespace

Qwen2VL::Qwen2VL(ModelConfig config, NamedTensors weights)
    : config_(std::move(config)),
      weights_(checked(config_, std::move(weights))),
      vision_(config_, weights_) {
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    layers_.push_back(decoder_layer(weights_, i));
  }
}

torch::Tensor Qwen2VL::encode_media(const torch::Tensor& patches,
                                    const std::vector<MediaGrid>& grids,
                                    LayerTrace* trace) const {
  return vision_.encode(patches, grids, trace);
}

torch::Tensor Qwen2VL::embed(const torch::Tensor& ids,
                             const torch::Tensor& visual_rows,
                             const torch::Tensor& visual_features) const {
  // The states have the norms' type; matrices may be stored narrower.
  const auto text =
      torch::embedding(weights_.at("model.embed_tokens.weight"), ids)
          .to(weights_.at("model.norm.weight").scalar_type());
  if (!visual_rows.defined()) return text;
  if (visual_rows.size(0) != visual_features.size(0)) {
    throw InvalidInput("the prompts hold " +
                       std::to_string(visual_rows.size(0)) +
                       " visual tokens, the media make " +
                       std::to_string(visual_features.size(0)));
  }
  return text.index_copy(0, visual_rows,
                         visual_features.to(text.scalar_type()));
}

torch::Tensor Qwen2VL::forward(const torch::Tensor& embeddings,
                               const torch::Tensor& positions,
                               AttentionContext& attention,
                               LayerTrace* trace) const {
  UME_CHECK(positions.dim() == 2 && positions.size(0) == 3 &&
                positions.size(1) == embeddings.size(0),
            "three positions for each row");
  const RotaryTable rotary =
      language_rotary(positions, config_, embeddings.scalar_type());
  const double eps = config_.rms_norm_eps;
  auto x = embeddings;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const DecoderLayer& layer = layers_[i];
    x = x + self_attention(layer, rms_norm(x, layer.input_norm, eps), rotary,
                           static_cast<int64_t>(i), attention);
    x = x + feed_forward(layer, rms_norm(x, layer.post_norm, eps));
    if (trace != nullptr) trace->after_block.push_back(x);
  }
  return rms_norm(x, weights_.at("model.norm.weight"), eps);
}

torch::Tensor Qwen2VL::logits(const torch::Tensor& hidden) const {
  return apply_linear(hidden, head_weight());
}

torch::Tensor Qwen2VL::token_logprobs(const torch::Tensor& hidden,
                                      const torch::Tensor& targets) const {
  return ume::token_logprobs(hidden, head_weight(), targets);
}

const torch::Tensor& Qwen2VL::head_weight() const {
  return weights_.at(config_.tied_head ? "model.embed_tokens.weight"
                                       : "lm_head.weight");
}

}  // namespace ume
