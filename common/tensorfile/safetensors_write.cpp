#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/error/check.h"
#include "common/files/atomic_file.h"
#include "common/tensorfile/safetensors.h"
#include "common/tensorfile/safetensors_writer.h"

namespace ume {
namespace {

std::string header_text(const std::vector<TensorSpec>& order,
                        const TensorMetadata& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t reached = 0;
  std::string text = header.dump();
  text.pop_back();  // the closing brace; appending beats a quadratic lookup
  for (const TensorSpec& spec : order) {
    nlohmann::ordered_json item;
    item["dtype"] = dtype_name(spec.dtype);
    item["shape"] = spec.shape;
    item["data_offsets"] = {reached, reached + spec.num_bytes()};
    reached += spec.num_bytes();
    if (text.size() > 1) text += ',';
    text += nlohmann::ordered_json(spec.name).dump() + ":" + item.dump();
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

uint64_t TensorSpec::num_bytes() const {
  auto bytes = static_cast<uint64_t>(dtype_bytes(dtype));
  for (const int64_t size : shape) bytes *= static_cast<uint64_t>(size);
  return bytes;
}

SafetensorsWriter::SafetensorsWriter(const std::string& path,
                                     std::vector<TensorSpec> tensors,
                                     const TensorMetadata& metadata)
    : order_(std::move(tensors)) {
  std::stable_sort(order_.begin(), order_.end(),
                   [](const TensorSpec& a, const TensorSpec& b) {
                     return dtype_bytes(a.dtype) > dtype_bytes(b.dtype);
                   });
  for (const TensorSpec& spec : order_) missing_bytes_ += spec.num_bytes();
  file_ = std::make_unique<AtomicFile>(path);
  const std::string header = header_text(order_, metadata);
  const uint64_t length = header.size();
  file_->write(std::as_bytes(std::span(&length, 1)));
  file_->write(std::as_bytes(std::span(header.data(), header.size())));
}

SafetensorsWriter::~SafetensorsWriter() = default;

void SafetensorsWriter::append(std::span<const std::byte> bytes) {
  UME_CHECK(bytes.size() <= missing_bytes_, "no more bytes than announced");
  missing_bytes_ -= bytes.size();
  file_->write(bytes);
}

void SafetensorsWriter::commit() {
  UME_CHECK(missing_bytes_ == 0, "as many bytes as announced");
  file_->commit();
}

void write_safetensors(const std::string& path,
                       const TensorViews& tensors,
                       const TensorMetadata& metadata) {
  std::vector<TensorSpec> specs;
  for (const auto& [name, view] : tensors) {
    specs.push_back({name, view.dtype, view.shape});
    UME_CHECK(specs.back().num_bytes() == view.bytes.size(),
              "a tensor's bytes and shape agree");
  }
  SafetensorsWriter writer(path, std::move(specs), metadata);
  for (const TensorSpec& spec : writer.order()) {
    writer.append(tensors.find(spec.name)->second.bytes);
  }
  writer.commit();
}

}  // namespace ume
