#include <cstring>
#include <deque>
#include <mutex>

#include "common/error/error.h"
#include "common/weights/internal/weight_file.h"
#include "common/weights/weight_channel.h"

namespace ume {
namespace {

constexpr size_t kKeptVersions = 2;

// 64-byte aligned memory for a whole publication.
struct AlignedDelete {
  void operator()(std::byte* bytes) const {
    ::operator delete[](bytes, std::align_val_t{kWeightAlignment});
  }
};
using AlignedBytes = std::unique_ptr<std::byte[], AlignedDelete>;

class MemorySnapshot : public WeightSnapshot {
 public:
  MemorySnapshot(const PolicyVersion& version,
                 std::span<const WeightTensor> tensors)
      : version_(version), tensors_(tensors.begin(), tensors.end()) {
    const WeightLayout layout = lay_out_weights(version, tensors);
    bytes_.reset(static_cast<std::byte*>(::operator new[](
        layout.num_bytes, std::align_val_t{kWeightAlignment})));
    for (size_t i = 0; i < tensors_.size(); ++i) {
      const std::span<const std::byte> from = tensors[i].bytes;
      std::byte* to = bytes_.get() + layout.offsets[i];
      if (!from.empty()) {
        std::memcpy(to, from.data(), from.size());
      }
      tensors_[i].bytes = {to, from.size()};
    }
  }
  const PolicyVersion& version() const override { return version_; }
  const std::vector<WeightTensor>& tensors() const override { return tensors_; }

 private:
  const PolicyVersion version_;
  AlignedBytes bytes_;
  std::vector<WeightTensor> tensors_;
};

class MemoryWeightChannel : public WeightChannel {
 public:
  WeightManifest publish(const PolicyVersion& version,
                         std::span<const WeightTensor> tensors) override {
    Kept kept;
    kept.snapshot = std::make_shared<MemorySnapshot>(version, tensors);
    kept.manifest = {version, "memory", "", 0, weight_hash(tensors)};
    for (const WeightTensor& tensor : tensors) {
      kept.manifest.num_bytes += tensor.bytes.size();
    }
    const WeightManifest manifest = kept.manifest;
    std::lock_guard lock(mu_);
    std::erase_if(kept_, [&](const Kept& old) {
      return old.manifest.version == version;
    });
    kept_.push_back(std::move(kept));
    if (kept_.size() > kKeptVersions) {
      kept_.pop_front();
    }
    return manifest;
  }

  std::shared_ptr<const WeightSnapshot> receive(
      const WeightManifest& manifest) override {
    std::lock_guard lock(mu_);
    for (const Kept& kept : kept_) {
      if (kept.manifest.version == manifest.version) {
        if (kept.manifest.hash != manifest.hash) {
          throw InvalidInput("weights of update " +
                             std::to_string(manifest.version.update) +
                             " have the hash " + kept.manifest.hash +
                             ", expected " + manifest.hash);
        }
        return kept.snapshot;
      }
    }
    throw Unavailable("weights of update " +
                      std::to_string(manifest.version.update) +
                      " are no longer kept");
  }

 private:
  struct Kept {
    WeightManifest manifest;
    std::shared_ptr<const WeightSnapshot> snapshot;
  };
  std::mutex mu_;
  std::deque<Kept> kept_;  // guarded by mu_
};

}  // namespace

std::unique_ptr<WeightChannel> make_memory_weight_channel() {
  return std::make_unique<MemoryWeightChannel>();
}

}  // namespace ume
