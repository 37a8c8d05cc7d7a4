#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

// What a checkpoint folder holds and whether it is whole. No LibTorch here.
// Layout and order of writing: docs/formats/checkpoint.md.
namespace ume {

struct CheckpointFile {
  uint64_t num_bytes = 0;
  std::string hash;  // XXH3-128, hex
  bool operator==(const CheckpointFile&) const = default;
};

// What every checkpoint holds beside its manifest.
inline constexpr const char* kCheckpointWeights = "weights.safetensors";
inline constexpr const char* kCheckpointOptimizer = "optimizer.safetensors";
inline constexpr const char* kCheckpointConfig = "config.json";
inline constexpr const char* kCheckpointState = "state.json";

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
// Throws IoError when it cannot be read, InvalidInput naming the field, or the
// file that it should list, and ConfigError when it is of another version.
CheckpointManifest read_manifest(const std::string& folder);

// Compares sizes and hashes of all files with the manifest. Throws as above,
// and InvalidInput naming the file, what was found and expected, also when it
// is the manifest or a file that is missing; IoError when the folder is, or
// when one cannot be read.
CheckpointManifest verify_checkpoint(const std::string& folder);

// The same for FOLDER/model alone, the export that the next phase starts from.
void verify_export(const std::string& folder);

// Removes what interrupted writers left below `parent`, and of the checkpoints
// up to step `newest` all but the last `keep` whole ones and `previous`, since
// a whole one between the two may be of a start that nobody recorded. Later
// ones are those that a run went back from; they are written again. Throws
// IoError.
void prune_checkpoints(const std::string& parent,
                       uint64_t newest,
                       int64_t keep,
                       std::optional<uint64_t> previous = {});

}  // namespace ume
