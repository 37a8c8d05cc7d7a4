#include "reward/plugin/plugin_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>
#include <vector>

#include "common/error/error.h"
#include "common/hash/xxh3.h"
#include "common/text/utf8.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

// A text in a buffer of the plug-in's, which may lack its zero byte.
std::string text_in(const char* buffer, size_t capacity) {
  return replace_invalid_utf8({buffer, strnlen(buffer, capacity)});
}

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> out;
  for (const std::string& text : texts) out.push_back(text.c_str());
  return out;
}

template <class List>
auto data_or_null(const List& list) -> decltype(list.data()) {
  return list.empty() ? nullptr : list.data();
}

// A copy of a file under a name that was never used before. It may go once it
// is loaded.
class PrivateCopy {
 public:
  explicit PrivateCopy(const fs::path& from) {
    std::error_code error;
    const fs::path place = fs::temp_directory_path(error);
    std::string folder = (place / "ume-XXXXXX").string();
    if (error || mkdtemp(folder.data()) == nullptr) {
      throw InvalidInput(folder + ": cannot make a folder for a copy of " +
                         from.string());
    }
    folder_ = folder;
    fs::copy_file(from, file(), error);
    if (!error) return;
    remove();
    throw InvalidInput("cannot load the plug-in " + from.string() + ": " +
                       error.message());
  }
  ~PrivateCopy() { remove(); }
  PrivateCopy(const PrivateCopy&) = delete;
  PrivateCopy& operator=(const PrivateCopy&) = delete;

  fs::path file() const { return folder_ / "plugin.so"; }

 private:
  void remove() const {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  fs::path folder_;
};

// One side for the length of a call.
struct SideView {
  explicit SideView(const CohortSide& side)
      : prompts(pointers(side.prompts)),
        completions(pointers(side.completions)) {
    view.size = sizeof(view);
    view.prompts = data_or_null(prompts);
    view.completions = completions.data();
    view.gen_embeddings = side.gen_embeddings.data();
    view.has_embedding = side.has_embedding.data();
    view.completion_tokens = data_or_null(side.completion_tokens);
    view.disc_embeddings = data_or_null(side.disc_embeddings);
  }
  std::vector<const char*> prompts;
  std::vector<const char*> completions;
  ume_reward_side view{};
};

// Room for the scores of one side.
struct CellBuffer {
  explicit CellBuffer(int64_t num_rows)
      : values(num_rows, std::numeric_limits<double>::quiet_NaN()),
        states(num_rows, UME_REWARD_VALUE),
        reasons(num_rows * UME_REWARD_REASON_BYTES, '\0') {
    view.size = sizeof(view);
    view.num_rows = num_rows;
    view.values = values.data();
    view.states = states.data();
    view.reasons =
        reinterpret_cast<char(*)[UME_REWARD_REASON_BYTES]>(reasons.data());
  }

  std::vector<RewardCell> cells() const {
    std::vector<RewardCell> out;
    for (size_t row = 0; row < values.size(); ++row) {
      if (states[row] == UME_REWARD_VALUE) {
        out.push_back({CellState::kValue, values[row], ""});
        continue;
      }
      std::string reason = text_in(&reasons[row * UME_REWARD_REASON_BYTES],
                                   UME_REWARD_REASON_BYTES);
      if (states[row] != UME_REWARD_INVALID &&
          states[row] != UME_REWARD_FAILED) {
        reason = "unknown cell state " + std::to_string(states[row]);
      }
      out.push_back({states[row] == UME_REWARD_INVALID ? CellState::kInvalid
                                                       : CellState::kFailed,
                     0.0, reason.empty() ? "no reason given" : reason});
    }
    return out;
  }

  std::vector<double> values;
  std::vector<uint8_t> states;
  std::vector<char> reasons;
  ume_reward_cells view{};
};

}  // namespace

PluginLibrary::PluginLibrary(const PluginSettings& settings)
    : path_(settings.path), library_(nullptr, dlclose) {
  load(settings);
  describe(settings);
  create(settings);
}

void PluginLibrary::load(const PluginSettings& settings) {
  std::optional<PrivateCopy> copy;
  // A path with a slash: never a search through the system's folders.
  fs::path path = fs::absolute(path_);
  if (settings.private_copy) {
    path = copy.emplace(path).file();
    content_ = xxh3_hex_of_file(path.string());
  }
  library_.reset(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!library_) {
    throw InvalidInput("cannot load the plug-in " + path_ + ": " + dlerror());
  }
}

void PluginLibrary::describe(const PluginSettings& settings) {
  const auto entry = reinterpret_cast<ume_reward_plugin_entry>(
      dlsym(library_.get(), settings.symbol.c_str()));
  if (entry == nullptr) {
    throw InvalidInput(path_ + ": has no function " + settings.symbol);
  }
  plugin_ = entry();
  if (plugin_ == nullptr || plugin_->size < offsetof(ume_reward_plugin, name)) {
    throw InvalidInput(path_ + ": " + settings.symbol +
                       "() describes no plug-in");
  }
  if (plugin_->abi_version != UME_REWARD_PLUGIN_ABI) {
    throw InvalidInput(path_ + ": made for version " +
                       std::to_string(plugin_->abi_version) +
                       " of the plug-in interface, this is version " +
                       std::to_string(UME_REWARD_PLUGIN_ABI));
  }
  if (plugin_->size < sizeof(ume_reward_plugin) || plugin_->name == nullptr ||
      plugin_->version == nullptr || plugin_->score == nullptr) {
    throw InvalidInput(path_ + ": its description is " +
                       std::to_string(plugin_->size) +
                       " bytes or lacks name, version or score; expected " +
                       std::to_string(sizeof(ume_reward_plugin)) + " bytes");
  }
  version_ = std::string(plugin_->name) + " " + plugin_->version;
}

void PluginLibrary::create(const PluginSettings& settings) {
  if (plugin_->create == nullptr) return;
  std::vector<ume_reward_param> params;
  for (const auto& [key, value] : settings.params) {
    params.push_back({key.c_str(), value.c_str()});
  }
  char error[UME_REWARD_ERROR_BYTES] = "";
  state_ = plugin_->create(params.data(), params.size(), error);
  if (state_ == nullptr) {
    throw InvalidInput(path_ + ": " + text_in(error, sizeof(error)));
  }
}

PluginLibrary::~PluginLibrary() {
  if (plugin_ != nullptr && plugin_->destroy != nullptr && state_ != nullptr) {
    plugin_->destroy(state_);
  }
}

RewardColumn PluginLibrary::score(const Cohort& cohort) {
  const SideView query(cohort.query);
  const SideView target(cohort.target);
  const auto sources = pointers(cohort.sources);
  ume_reward_cohort in{};
  in.size = sizeof(in);
  in.id = cohort.id;
  in.update = cohort.update;
  in.num_pairs = cohort.num_pairs;
  in.group_size = cohort.group_size;
  in.num_rows = cohort.num_pairs * cohort.group_size;
  in.dim = cohort.dim;
  in.pair_ids = data_or_null(cohort.dispatch_index);
  in.sources = data_or_null(sources);
  in.query = &query.view;
  in.target = &target.view;
  CellBuffer query_cells(in.num_rows);
  CellBuffer target_cells(in.num_rows);
  ume_reward_result result{};
  result.size = sizeof(result);
  result.query = &query_cells.view;
  result.target = &target_cells.view;
  const int32_t code = plugin_->score(state_, &in, &result);
  if (code != 0) {
    throw InvalidInput(path_ + ": score() returned " + std::to_string(code) +
                       ": " + text_in(result.error, sizeof(result.error)));
  }
  return {"", query_cells.cells(), target_cells.cells()};
}

}  // namespace ume
