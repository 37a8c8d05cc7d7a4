#include "learner/checkpoint/checkpoint_manifest.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>
#include <vector>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/hash/xxh3.h"
#include "common/tensorfile/bounded_json.h"
#include "common/text/printable.h"

namespace ume {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFormat = "ume-checkpoint";
constexpr uint64_t kVersion = 1;
constexpr std::string_view kStepPrefix = "step_";
constexpr std::string_view kTemporary = ".tmp-";
constexpr std::string_view kExport = "model/";

template <class T>
T field(const json& object, const char* name, const std::string& where) {
  const auto found = object.find(name);
  if (found == object.end()) {
    throw InvalidInput(where + ": no field \"" + name + "\"");
  }
  // get() would wrap what is negative and cut a fraction.
  if (std::is_integral_v<T> && !found->is_number_unsigned()) {
    throw InvalidInput(where + ": field \"" + name + "\" is " +
                       printable(found->dump(), 80) +
                       ", expected a whole number from 0 on");
  }
  try {
    return found->get<T>();
  } catch (const json::exception&) {
    throw InvalidInput(where + ": field \"" + name + "\" is " +
                       printable(found->dump(), 80) +
                       ", expected another type");
  }
}

// A manifest comes from outside: its names must stay inside the folder.
void check_name(const std::string& name, const std::string& where) {
  const fs::path path(name);
  bool inside = !name.empty() && path.is_relative() &&
                name.find('\0') == std::string::npos;
  for (const fs::path& part : path) inside = inside && part != "..";
  if (!inside) {
    throw InvalidInput(where + ": file name \"" + printable(name) +
                       "\", expected one inside the folder");
  }
}

// The step in a folder's name; nothing for other names.
std::optional<uint64_t> step_of(const std::string& name) {
  if (!name.starts_with(kStepPrefix)) return std::nullopt;
  const std::string digits = name.substr(kStepPrefix.size());
  const bool is_number = !digits.empty() && digits.size() < 19 &&
                         std::all_of(digits.begin(), digits.end(), [](char c) {
                           return c >= '0' && c <= '9';
                         });
  if (!is_number) return std::nullopt;
  return std::stoull(digits);
}

struct StepFolder {
  uint64_t step = 0;
  fs::path path;
};

// Folders named step_N below `parent`, newest first.
std::vector<StepFolder> step_folders(const std::string& parent) {
  std::vector<StepFolder> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const auto step = step_of(entry.path().filename().string());
    if (step && entry.is_directory(error)) {
      found.push_back({*step, entry.path()});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.step > b.step; });
  return found;
}

void verify_file(const std::string& path, const CheckpointFile& expected) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory ||
      error == std::errc::not_a_directory) {
    throw InvalidInput(path + ": missing, but the manifest names it");
  }
  if (error) throw IoError(path + ": " + error.message());
  if (size != expected.num_bytes) {
    throw InvalidInput(path + ": " + std::to_string(size) +
                       " bytes, expected " +
                       std::to_string(expected.num_bytes));
  }
  const std::string hash = xxh3_hex_of_file(path);
  if (hash != expected.hash) {
    throw InvalidInput(path + ": damaged, its hash is " + hash + ", expected " +
                       expected.hash);
  }
}

// The manifest of a folder whose files it is asked about. That the folder is
// there without one is damage; a folder that is not may be the disk's matter.
CheckpointManifest manifest_in(const std::string& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error) &&
      !path_exists(folder + "/manifest.json")) {
    throw InvalidInput(folder +
                       "/manifest.json: missing: the checkpoint is damaged");
  }
  return read_manifest(folder);
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) {
    throw IoError("cannot remove " + path.string() + ": " + error.message());
  }
}

}  // namespace

std::string manifest_json(const CheckpointManifest& manifest) {
  json files = json::object();
  for (const auto& [name, file] : manifest.files) {
    files[name] = {{"bytes", file.num_bytes}, {"xxh3", file.hash}};
  }
  const json object = {{"format", kFormat},
                       {"version", kVersion},
                       {"phase", manifest.phase},
                       {"step", manifest.step},
                       {"weight_hash", manifest.weight_hash},
                       {"files", files}};
  return object.dump(1) + "\n";
}

CheckpointManifest read_manifest(const std::string& folder) {
  const std::string where = folder + "/manifest.json";
  const json object = read_json_file(where);
  if (!object.is_object()) {
    throw InvalidInput(where + ": not an object");
  }
  const auto format = field<std::string>(object, "format", where);
  const auto version = field<uint64_t>(object, "version", where);
  if (format != kFormat || version != kVersion) {
    throw ConfigError(where + ": format " + format + " version " +
                      std::to_string(version) + ", expected " + kFormat +
                      " version " + std::to_string(kVersion));
  }
  CheckpointManifest manifest{
      .phase = field<std::string>(object, "phase", where),
      .step = field<uint64_t>(object, "step", where),
      .weight_hash = field<std::string>(object, "weight_hash", where),
      .files = {}};
  const auto files = field<json>(object, "files", where);
  if (!files.is_object()) {
    throw InvalidInput(where + ": \"files\" is not an object");
  }
  for (const auto& [name, file] : files.items()) {
    check_name(name, where);
    manifest.files[name] = {.num_bytes = field<uint64_t>(file, "bytes", where),
                            .hash = field<std::string>(file, "xxh3", where)};
  }
  for (const char* name : {kCheckpointWeights, kCheckpointOptimizer,
                           kCheckpointConfig, kCheckpointState}) {
    if (manifest.files.contains(name)) continue;
    throw InvalidInput(where + ": \"files\" does not list " + name);
  }
  return manifest;
}

CheckpointManifest verify_checkpoint(const std::string& folder) {
  CheckpointManifest manifest = manifest_in(folder);
  for (const auto& [name, file] : manifest.files) {
    verify_file(folder + "/" + name, file);
  }
  return manifest;
}

void verify_export(const std::string& folder) {
  bool any = false;
  for (const auto& [name, file] : manifest_in(folder).files) {
    if (!name.starts_with(kExport)) continue;
    verify_file(folder + "/" + name, file);
    any = true;
  }
  if (!any) throw InvalidInput(folder + ": holds no export of the model");
}

void prune_checkpoints(const std::string& parent,
                       uint64_t newest,
                       int64_t keep,
                       std::optional<uint64_t> previous) {
  int64_t whole = 0;
  for (const auto& [step, folder] : step_folders(parent)) {
    if (step > newest) continue;
    if (whole >= keep && step != previous) {
      remove_tree(folder);
    } else if (fs::exists(folder / "manifest.json")) {
      ++whole;
    }
  }
  std::vector<fs::path> leftovers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kStepPrefix) &&
        name.find(kTemporary) != std::string::npos) {
      leftovers.push_back(entry.path());
    }
  }
  for (const fs::path& path : leftovers) remove_tree(path);
}

}  // namespace ume
