#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What a checkpoint folder holds and whether it is whole. No LibTorch here.
// Layout and order of writing: docs/formats/checkpoint.md.
namespace ume {

struct CheckpointFile {
  uint64_t num_bytes = 0;
  std::string hash;  // XXH3-128, hex
  bool operator==(const CheckpointFile&) const = default;
};

// manifest.json: written last, so a folder that has one is whole.
struct CheckpointManifest {
  std::string phase;
  uint64_t step = 0;        // steps of the phase that it contains
  std::string weight_hash;  // as WeightManifest::hash, of the fp32 weights
  // By path relative to the folder, '/'-separated; all but the manifest.
  std::map<std::string, CheckpointFile> files;
  bool operator==(const CheckpointManifest&) const = default;
};

std::string manifest_json(const CheckpointManifest& manifest);
// Throws IoError when it cannot be read, InvalidInput naming the field.
CheckpointManifest read_manifest(const std::string& folder);

// Compares sizes and hashes of all files with the manifest. Throws InvalidInput
// naming the file, what was found and expected; IoError when one is missing.
CheckpointManifest verify_checkpoint(const std::string& folder);

// The hash of all files of a model folder (names, sizes, bytes): what the next
// phase records as its start and GRPO's reference.
std::string folder_hash(const std::string& folder);

struct FoundCheckpoint {
  std::string folder;
  CheckpointManifest manifest;
  // Newer folders that are not whole, each with the reason.
  std::vector<std::string> skipped;
};

// The newest whole checkpoint below `parent` (checkpoints/PHASE); nothing when
// there is none or `parent` does not exist. Every file is verified.
std::optional<FoundCheckpoint> find_checkpoint(const std::string& parent);

// "step_000050".
std::string checkpoint_name(uint64_t step);

// Removes checkpoints below `parent` except the `keep` newest whole ones, and
// what interrupted writers left. Throws IoError.
void prune_checkpoints(const std::string& parent, int64_t keep);

}  // namespace ume
