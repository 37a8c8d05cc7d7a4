#pragma once

#include <map>
#include <string>

#include "common/tensorfile/safetensors.h"
#include "model/config/model_config.h"
#include "model/weights/model_writer.h"
#include "model/weights/weight_problems.h"

namespace ume {

// The weights of a folder as they lie on disk, mapped: a model folder of either
// layout, in one file or in shards, or a training checkpoint.
class StoredWeights {
 public:
  // Throws IoError or InvalidInput when files cannot be read or are malformed,
  // when a checkpoint lacks one, or when a tensor is there under both names.
  // Does not ask whether the tensors fit the config.
  static StoredWeights open(const std::string& folder,
                            const ModelConfig& config);

  // By classic name.
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const TensorMetadata& metadata() const { return file_.metadata(); }
  bool nested_names() const { return nested_names_; }
  bool is_checkpoint() const { return is_checkpoint_; }
  // A tied model's file that stores the equal head too; not in tensors().
  bool repeats_head() const { return repeats_head_; }

  WeightProblems problems() const;
  // Throws InvalidInput naming the folder when problems() are there, or when a
  // tensor is not stored as F32, BF16 or F16.
  void check() const;

  // Copies [first, first + out.numel()) of a tensor into `out` (contiguous, any
  // float type, converted) and lets the file's pages leave memory.
  void read(const std::string& name, int64_t first, torch::Tensor& out) const;
  // Borrows this object.
  WeightReader reader() const;

 private:
  StoredWeights(std::string folder, ModelConfig config, TensorFile file);

  std::string folder_;
  ModelConfig config_;
  TensorFile file_;
  std::map<std::string, TensorView> tensors_;
  bool nested_names_ = false;
  bool is_checkpoint_ = false;
  bool repeats_head_ = false;
};

// For inference where memory counts: matrices are the mapped file itself, in
// the type they are stored in (F32, BF16 or F16; no copy, shared with other
// processes, not to be written to); everything else, and a matrix whose place
// in the file is not aligned, becomes fp32. Qwen2VL computes in fp32 with them.
// Throws as load_weights() does.
NamedTensors map_weights(const std::string& folder, const ModelConfig& config);

// Whether the folder is a training checkpoint (docs/formats/checkpoint.md), or
// what is left of one. Throws IoError when that cannot be told.
bool is_training_checkpoint(const std::string& folder);

}  // namespace ume
