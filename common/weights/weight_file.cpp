#include "common/weights/internal/weight_file.h"

#include <cstring>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "common/error/error.h"
#include "common/hash/xxh3.h"

namespace ume {
namespace {

using Json = nlohmann::json;

constexpr char kMagic[8] = {'U', 'M', 'E', 'W', 'G', 'T', '0', '1'};
constexpr size_t kPrologue = sizeof(kMagic) + sizeof(uint64_t);
constexpr uint64_t kMaxHeader = uint64_t{64} << 20;
constexpr size_t kMaxRank = 8;

uint64_t aligned(uint64_t offset) {
  return (offset + kWeightAlignment - 1) / kWeightAlignment * kWeightAlignment;
}

// Throws InvalidInput when the tensor's size does not fit its shape and dtype.
void check_tensor(const WeightTensor& tensor, const std::string& source) {
  const std::string name = source + ": tensor '" + tensor.name + "'";
  if (tensor.shape.size() > kMaxRank) {
    throw InvalidInput(name + " has more than 8 dimensions");
  }
  uint64_t expected = dtype_size(tensor.dtype);
  for (int64_t extent : tensor.shape) {
    if (extent < 0 || __builtin_mul_overflow(
                          expected, static_cast<uint64_t>(extent), &expected)) {
      throw InvalidInput(name + " has an impossible shape");
    }
  }
  if (expected != tensor.bytes.size()) {
    throw InvalidInput(name + " has " + std::to_string(tensor.bytes.size()) +
                       " bytes, its shape and dtype demand " +
                       std::to_string(expected));
  }
}

[[noreturn]] void damaged(const std::string& source, const std::string& what) {
  throw InvalidInput(source + ": not a published set of weights: " + what);
}

// A JSON number such as 1e300 would not fit: converting it is undefined.
uint64_t natural(const Json& value, const std::string& source) {
  if (!value.is_number_unsigned()) {
    damaged(source, value.dump() + " where a natural number is expected");
  }
  return value.get<uint64_t>();
}

WeightTensor parse_tensor(const Json& entry,
                          std::span<const std::byte> content,
                          uint64_t first_free,
                          const std::string& source) {
  WeightTensor tensor;
  tensor.name = entry.at("name").get<std::string>();
  tensor.dtype = entry.at("dtype").get<std::string>();
  for (const Json& extent : entry.at("shape")) {
    tensor.shape.push_back(static_cast<int64_t>(natural(extent, source)));
  }
  const auto offset = natural(entry.at("offset"), source);
  const auto num_bytes = natural(entry.at("num_bytes"), source);
  if (offset % kWeightAlignment != 0 || offset < first_free ||
      offset > content.size() || num_bytes > content.size() - offset) {
    damaged(source, "tensor '" + tensor.name + "' lies outside");
  }
  tensor.bytes = content.subspan(offset, num_bytes);
  check_tensor(tensor, source);
  return tensor;
}

}  // namespace

size_t dtype_size(const std::string& dtype) {
  static const std::map<std::string, size_t> kSizes = {
      {"BOOL", 1}, {"U8", 1},   {"I8", 1},  {"I16", 2}, {"U16", 2},
      {"F16", 2},  {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},
      {"I64", 8},  {"U64", 8},  {"F64", 8}};
  const auto found = kSizes.find(dtype);
  if (found == kSizes.end()) {
    throw InvalidInput("unknown dtype '" + dtype +
                       "', expected one of safetensors, e.g. F32 or BF16");
  }
  return found->second;
}

std::string weight_hash(std::span<const WeightTensor> tensors) {
  Xxh3Hasher hasher;
  for (const WeightTensor& tensor : tensors) {
    hasher.update_field(tensor.name).update_field(tensor.dtype);
    hasher.update_u64(tensor.shape.size());
    for (int64_t extent : tensor.shape) {
      hasher.update_u64(static_cast<uint64_t>(extent));
    }
    hasher.update(tensor.bytes);
  }
  return hasher.hex();
}

WeightLayout lay_out_weights(const PolicyVersion& version,
                             std::span<const WeightTensor> tensors) {
  std::set<std::string> names;
  Json entries = Json::array();
  uint64_t offset = 0;  // from the end of the header
  for (const WeightTensor& tensor : tensors) {
    if (!names.insert(tensor.name).second) {
      throw InvalidInput("tensor '" + tensor.name + "' is published twice");
    }
    check_tensor(tensor, "publication");
    entries.push_back({{"name", tensor.name},
                       {"dtype", tensor.dtype},
                       {"shape", tensor.shape},
                       {"offset", offset},
                       {"num_bytes", tensor.bytes.size()}});
    offset = aligned(offset + tensor.bytes.size());
  }
  const std::string json = Json({{"update", version.update},
                                 {"incarnation", version.incarnation},
                                 {"tensors", std::move(entries)}})
                               .dump();
  const uint64_t header_bytes = aligned(kPrologue + json.size());
  WeightLayout layout;
  layout.header.assign(kMagic, sizeof(kMagic));
  const uint64_t json_bytes = json.size();
  layout.header.append(reinterpret_cast<const char*>(&json_bytes),
                       sizeof(json_bytes));
  layout.header += json;
  layout.header.resize(header_bytes, ' ');
  uint64_t next = header_bytes;
  for (const WeightTensor& tensor : tensors) {
    layout.offsets.push_back(next);
    next = aligned(next + tensor.bytes.size());
  }
  layout.num_bytes = next;
  return layout;
}

ParsedWeights parse_weights(std::span<const std::byte> content,
                            const std::string& source) {
  uint64_t json_bytes = 0;
  if (content.size() < kPrologue ||
      std::memcmp(content.data(), kMagic, sizeof(kMagic)) != 0) {
    damaged(source, "it does not begin with UMEWGT01");
  }
  std::memcpy(&json_bytes, content.data() + sizeof(kMagic), sizeof(json_bytes));
  if (json_bytes > kMaxHeader || json_bytes > content.size() - kPrologue) {
    damaged(source, "its header has " + std::to_string(json_bytes) + " bytes");
  }
  const char* json = reinterpret_cast<const char*>(content.data()) + kPrologue;
  const uint64_t data_start = aligned(kPrologue + json_bytes);
  if (data_start > content.size()) {
    damaged(source, "it is cut off");
  }
  ParsedWeights weights;
  try {
    const Json header = Json::parse(json, json + json_bytes);
    weights.version.update = natural(header.at("update"), source);
    weights.version.incarnation =
        static_cast<uint32_t>(natural(header.at("incarnation"), source));
    const std::span<const std::byte> data = content.subspan(data_start);
    uint64_t first_free = 0;
    for (const Json& entry : header.at("tensors")) {
      weights.tensors.push_back(parse_tensor(entry, data, first_free, source));
      first_free = static_cast<uint64_t>(weights.tensors.back().bytes.data() -
                                         data.data()) +
                   weights.tensors.back().bytes.size();
    }
  } catch (const Json::exception& error) {
    damaged(source, error.what());
  }
  return weights;
}

}  // namespace ume
