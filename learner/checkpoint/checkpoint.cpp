#include "learner/checkpoint/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>

#include "common/error/check.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "common/hash/xxh3.h"
#include "common/tensorfile/bounded_json.h"
#include "common/tensorfile/safetensors.h"
#include "learner/checkpoint/weight_list.h"

namespace ume {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

TensorView view_of(const torch::Tensor& tensor) {
  UME_CHECK(tensor.is_contiguous(), "contiguous training state");
  return {.dtype = DType::kF32,
          .shape = tensor.sizes().vec(),
          .bytes = {static_cast<const std::byte*>(tensor.const_data_ptr()),
                    tensor.nbytes()}};
}

void write_tensors(const std::string& folder, TrainedModel& model) {
  TensorViews weights;
  for (const auto& [name, tensor] : model.parameters().tensors()) {
    weights[name] = view_of(tensor);
  }
  write_safetensors(folder + "/" + kCheckpointWeights, weights);
  TensorViews moments;
  for (const ParameterSlot& slot : model.parameters().slots()) {
    moments["exp_avg." + slot.name] =
        view_of(Parameters::view(model.optimizer().first_moment(), slot));
    moments["exp_avg_sq." + slot.name] =
        view_of(Parameters::view(model.optimizer().second_moment(), slot));
  }
  write_safetensors(folder + "/" + kCheckpointOptimizer, moments);
}

void write_state(const std::string& folder,
                 TrainedModel& model,
                 const TrainingProgress& progress) {
  const json state = {
      {"phase", progress.phase},
      {"step", progress.step},
      {"run_update", progress.run_update},
      {"data_position", progress.data_position},
      {"optimizer_steps", model.optimizer().num_steps()},
      {"skipped_steps", model.guard().num_skipped()},
      {"skipped_in_row", model.guard().num_in_row()},
  };
  write_file_atomic(folder + "/" + kCheckpointState, state.dump(1) + "\n");
  write_file_atomic(folder + "/" + kCheckpointConfig,
                    model_config_json(model.model().config()));
}

// Names, sizes and hashes of what lies in the folder, made durable.
std::map<std::string, CheckpointFile> seal_files(const std::string& folder) {
  std::map<std::string, CheckpointFile> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (entry.is_directory()) {
      fsync_directory(path);
    } else {
      fsync_file(path);
      files[fs::relative(entry.path(), folder).generic_string()] = {
          .num_bytes = entry.file_size(), .hash = xxh3_hex_of_file(path)};
    }
  }
  return files;
}

// Gives the finished folder its name. A former one of that name is exchanged
// for it in one step, so that one of them is whole at any moment.
void publish_folder(const std::string& temporary, const std::string& folder) {
  const fs::path path(folder);
  const bool exchanged =
      fs::exists(folder) && renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD,
                                      folder.c_str(), RENAME_EXCHANGE) == 0;
  if (exchanged) {
    fsync_directory(path.parent_path().string());
    fs::remove_all(temporary);
  } else {
    // Nothing to exchange, or a file system that cannot.
    fs::remove_all(folder);
    rename_durably(temporary, folder);
  }
  write_file_atomic((path.parent_path() / "latest").string(),
                    path.filename().string() + "\n");
}

CheckpointManifest write_checkpoint(const std::string& folder,
                                    TrainedModel& model,
                                    const TrainingProgress& progress,
                                    const SaveCheckpointOptions& options) {
  const std::string parent = fs::path(folder).parent_path().string();
  const std::string temporary = folder + ".tmp-" + std::to_string(getpid());
  std::error_code ignored;
  make_directories(parent);
  fs::remove_all(temporary, ignored);
  make_directories(temporary);
  try {
    write_tensors(temporary, model);
    write_state(temporary, model, progress);
    if (options.export_model) {
      save_model(
          temporary + "/model", model.model().config(),
          model.parameters().tensors(),
          {.dtype = options.export_dtype, .companions = options.companions});
    }
    CheckpointManifest manifest{
        .phase = progress.phase,
        .step = progress.step,
        .weight_hash = hash_weights(model.parameters().tensors()),
        .files = seal_files(temporary)};
    write_file_atomic(temporary + "/manifest.json", manifest_json(manifest));
    fsync_directory(temporary);
    publish_folder(temporary, folder);
    prune_checkpoints(parent, progress.step, options.keep,
                      options.previous_step);
    return manifest;
  } catch (const fs::filesystem_error& error) {
    fs::remove_all(temporary, ignored);
    throw IoError(std::string("cannot write checkpoint ") + folder + ": " +
                  error.what());
  } catch (...) {
    fs::remove_all(temporary, ignored);
    throw;
  }
}

// Whether all ranks hold the same weights; a difference would be a defect that
// no checkpoint should hide.
void check_equal_weights(TrainedModel& model, Collective& collective) {
  const std::string hash = hash_weights(model.parameters().tensors());
  if (!collective.all_equal(Xxh3Hasher().update(hash).low64())) {
    throw InvalidInput("rank " + std::to_string(collective.rank()) +
                       ": the ranks' weights differ (here " + hash +
                       "), expected equal ones; no checkpoint was written");
  }
}

void copy_tensor(const TensorFile& file,
                 const std::string& name,
                 const torch::Tensor& into,
                 const std::string& where) {
  const TensorView& view = file.at(name);
  if (view.dtype != DType::kF32 || view.shape != into.sizes().vec()) {
    throw InvalidInput(where + ": tensor " + name + " has dtype " +
                       std::string(dtype_name(view.dtype)) +
                       " or a shape that is not this model's");
  }
  std::memcpy(into.mutable_data_ptr(), view.bytes.data(), view.bytes.size());
}

void load_tensors(const std::string& folder, TrainedModel& model) {
  const torch::NoGradGuard no_grad;
  Parameters& parameters = model.parameters();
  const std::string weights_path = folder + "/" + kCheckpointWeights;
  const TensorFile weights = TensorFile::open(weights_path);
  if (weights.tensors().size() != parameters.tensors().size()) {
    throw InvalidInput(weights_path + ": " +
                       std::to_string(weights.tensors().size()) +
                       " tensors, expected the model's " +
                       std::to_string(parameters.tensors().size()));
  }
  for (const auto& [name, tensor] : parameters.tensors()) {
    copy_tensor(weights, name, tensor.detach(), weights_path);
  }
  const std::string moments_path = folder + "/" + kCheckpointOptimizer;
  const TensorFile moments = TensorFile::open(moments_path);
  torch::Tensor& first = model.optimizer().first_moment().zero_();
  torch::Tensor& second = model.optimizer().second_moment().zero_();
  for (const ParameterSlot& slot : parameters.slots()) {
    if (!moments.tensors().contains("exp_avg." + slot.name)) continue;
    copy_tensor(moments, "exp_avg." + slot.name, Parameters::view(first, slot),
                moments_path);
    copy_tensor(moments, "exp_avg_sq." + slot.name,
                Parameters::view(second, slot), moments_path);
  }
}

template <class T>
T state_field(const json& state, const char* name, const std::string& where) {
  try {
    return state.at(name).get<T>();
  } catch (const json::exception&) {
    throw InvalidInput(where + ": field \"" + name +
                       "\" is missing or of another type");
  }
}

}  // namespace

CheckpointManifest save_checkpoint(const std::string& folder,
                                   TrainedModel& model,
                                   const TrainingProgress& progress,
                                   const SaveCheckpointOptions& options,
                                   Collective& collective) {
  check_equal_weights(model, collective);
  CheckpointManifest manifest;
  std::exception_ptr failure;
  std::array<std::byte, 1> done{std::byte{1}};
  if (collective.rank() == 0) {
    try {
      manifest = write_checkpoint(folder, model, progress, options);
    } catch (...) {
      failure = std::current_exception();
      done[0] = std::byte{0};
    }
  }
  // The others wait here, and learn how it ended.
  collective.broadcast(done, 0);
  if (failure) std::rethrow_exception(failure);
  if (done[0] == std::byte{0}) {
    throw IoError("rank 0 could not write checkpoint " + folder);
  }
  return collective.rank() == 0 ? manifest : read_manifest(folder);
}

namespace {

// Whether the folder is not there while the place for checkpoints is: a disk
// that is not mounted damages nothing.
bool is_gone(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder.parent_path(), error)) return false;
  const fs::file_status status = fs::status(folder, error);
  return fs::status_known(status) && !fs::is_directory(status);
}

}  // namespace

std::optional<std::string> find_damage(const std::string& folder,
                                       Collective& collective) {
  std::optional<std::string> damage;
  try {
    verify_checkpoint(folder);
  } catch (const InvalidInput& error) {
    damage = error.what();
  } catch (const IoError& error) {
    if (!is_gone(folder)) throw;
    damage = error.what();
  }
  std::array<double, 1> num_damaged{damage ? 1.0 : 0.0};
  collective.all_reduce_sum(std::span<double>(num_damaged));
  if (num_damaged[0] > 0.0 && !damage) damage = "another rank cannot read it";
  return damage;
}

TrainingProgress load_checkpoint(const std::string& folder,
                                 TrainedModel& model) {
  load_tensors(folder, model);
  const std::string where = folder + "/" + kCheckpointState;
  const json state = read_json_file(where);
  model.optimizer().set_num_steps(
      state_field<int64_t>(state, "optimizer_steps", where));
  model.guard().restore(state_field<int64_t>(state, "skipped_steps", where),
                        state_field<int64_t>(state, "skipped_in_row", where));
  return {
      .phase = state_field<std::string>(state, "phase", where),
      .step = state_field<uint64_t>(state, "step", where),
      .run_update = state_field<uint64_t>(state, "run_update", where),
      .data_position = state_field<uint64_t>(state, "data_position", where)};
}

}  // namespace ume
