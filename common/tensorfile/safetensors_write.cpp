#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/error/check.h"
#include "common/tensorfile/atomic_file.h"
#include "common/tensorfile/safetensors.h"

namespace ume {
namespace {

using Entry = TensorViews::value_type;

// Wide types first, as the reference writes them: every tensor stays aligned.
std::vector<const Entry*> data_order(const TensorViews& tensors) {
  std::vector<const Entry*> order;
  for (const Entry& entry : tensors) order.push_back(&entry);
  std::stable_sort(
      order.begin(), order.end(), [](const Entry* a, const Entry* b) {
        return dtype_bytes(a->second.dtype) > dtype_bytes(b->second.dtype);
      });
  return order;
}

std::string header_text(const std::vector<const Entry*>& order,
                        const TensorMetadata& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t reached = 0;
  std::string text = header.dump();
  text.pop_back();  // the closing brace; appending beats a quadratic lookup
  for (const Entry* entry : order) {
    const auto& [name, view] = *entry;
    nlohmann::ordered_json item;
    item["dtype"] = dtype_name(view.dtype);
    item["shape"] = view.shape;
    item["data_offsets"] = {reached, reached + view.bytes.size()};
    reached += view.bytes.size();
    if (text.size() > 1) text += ',';
    text += nlohmann::ordered_json(name).dump() + ":" + item.dump();
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

void write_safetensors(const std::string& path,
                       const TensorViews& tensors,
                       const TensorMetadata& metadata) {
  const auto order = data_order(tensors);
  const std::string header = header_text(order, metadata);
  const uint64_t length = header.size();
  std::vector<std::span<const std::byte>> pieces;
  pieces.push_back(std::as_bytes(std::span(&length, 1)));
  pieces.push_back(std::as_bytes(std::span(header.data(), header.size())));
  for (const Entry* entry : order) {
    int64_t wanted = dtype_bytes(entry->second.dtype);
    for (const int64_t size : entry->second.shape) wanted *= size;
    UME_CHECK(static_cast<size_t>(wanted) == entry->second.bytes.size(),
              "a tensor's bytes and shape agree");
    pieces.push_back(entry->second.bytes);
  }
  write_file_atomically(path, pieces);
}

}  // namespace ume
