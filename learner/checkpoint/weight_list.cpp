#include "learner/checkpoint/weight_list.h"

#include "common/error/check.h"

namespace ume {
namespace {

std::string dtype_name_of(torch::ScalarType type) {
  switch (type) {
    case torch::kFloat32:
      return "F32";
    case torch::kBFloat16:
      return "BF16";
    case torch::kFloat16:
      return "F16";
    default:
      UME_CHECK(false, "weights are F32, BF16 or F16");
  }
  return "";
}

}  // namespace

std::vector<WeightTensor> weight_list(const NamedTensors& weights) {
  std::vector<WeightTensor> list;
  for (const auto& [name, tensor] : weights) {
    UME_CHECK(tensor.is_contiguous() && tensor.is_cpu(),
              "contiguous CPU weights");
    list.push_back(
        {.name = name,
         .dtype = dtype_name_of(tensor.scalar_type()),
         .shape = tensor.sizes().vec(),
         .bytes = {static_cast<const std::byte*>(tensor.const_data_ptr()),
                   tensor.nbytes()}});
  }
  return list;
}

std::string hash_weights(const NamedTensors& weights) {
  return weight_hash(weight_list(weights));
}

}  // namespace ume
