#include "common/tensorfile/bounded_json.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "common/error/error.h"

namespace ume {
namespace {

// The parser quotes all that it has read of a token, which may be megabytes.
std::string shortened(std::string message) {
  constexpr size_t kMaxBytes = 300;
  if (message.size() <= kMaxBytes) return message;
  return message.substr(0, kMaxBytes) + "...";
}

// Watches depth and keys while the text is parsed.
class JsonWatcher {
 public:
  JsonWatcher(const std::string& where, int max_depth)
      : where_(where), max_depth_(max_depth) {}

  bool operator()(int depth,
                  nlohmann::json::parse_event_t event,
                  nlohmann::json& value) {
    using Event = nlohmann::json::parse_event_t;
    if (depth > max_depth_) {
      throw InvalidInput(where_ + ": JSON nested deeper than " +
                         std::to_string(max_depth_) + " levels");
    }
    if (event == Event::object_start) {
      keys_.emplace_back();
    } else if (event == Event::object_end) {
      keys_.pop_back();
    } else if (event == Event::key) {
      const auto& key = value.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) {
        throw InvalidInput(where_ + ": key \"" + key.substr(0, 200) +
                           "\" appears twice in one JSON object");
      }
    }
    return true;
  }

 private:
  const std::string& where_;
  int max_depth_;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

nlohmann::json parse_json(std::string_view text,
                          const std::string& where,
                          const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    throw InvalidInput(where + ": JSON of " + std::to_string(text.size()) +
                       " bytes; at most " + std::to_string(limits.max_bytes) +
                       " are read");
  }
  // The parser takes a NUL byte for the end of the text.
  if (text.find('\0') != std::string_view::npos) {
    throw InvalidInput(where + ": not valid JSON: holds a NUL byte");
  }
  JsonWatcher watcher(where, limits.max_depth);
  try {
    return nlohmann::json::parse(
        text.begin(), text.end(),
        [&watcher](int depth, nlohmann::json::parse_event_t event,
                   nlohmann::json& value) {
          return watcher(depth, event, value);
        });
  } catch (const nlohmann::json::exception& error) {
    throw InvalidInput(where + ": not valid JSON: " + shortened(error.what()));
  }
}

nlohmann::json read_json_file(const std::string& path,
                              const JsonLimits& limits) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) throw IoError(path + ": cannot be opened for reading");
  const std::streamoff size = in.tellg();
  if (size < 0) throw IoError(path + ": not a regular file");
  if (static_cast<uint64_t>(size) > limits.max_bytes) {
    throw InvalidInput(path + ": " + std::to_string(size) +
                       " bytes; a JSON file of at most " +
                       std::to_string(limits.max_bytes) + " is read");
  }
  std::string text(static_cast<size_t>(size), '\0');
  in.seekg(0);
  in.read(text.data(), size);
  if (!in) throw IoError(path + ": reading failed");
  return parse_json(text, path, limits);
}

}  // namespace ume
